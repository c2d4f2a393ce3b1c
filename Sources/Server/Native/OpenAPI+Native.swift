/// The rest of the native API.
extension OpenAPI {
    static let otherNativePaths = #"""
        "/api/v1/templates":{"get":{"summary":"Stored templates","security":[{"key":[]}],"description":"Scope `read`.","parameters":[{
          "name":"waba","in":"query","description":"WABA id; required for keys bound to a client","schema":{"type":"string"}},{"name":"cursor",
          "in":"query","description":"`next` of the page before","schema":{"type":"string"}},{"name":"limit","in":"query",
          "description":"1 to 1000","schema":{"type":"integer"}}],"responses":{"200":{"description":"Templates","content":{"application/json":{
          "schema":{"type":"object","properties":{"data":{"type":"array","items":{"type":"object"}},"next":{"type":"string",
          "description":"where the next page begins; absent on the last"}}}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/templates/copies":{"get":{"summary":"Proofs of template copies","security":[{"key":[]}],
          "description":"Scope `read`. Not for keys bound to a client.","parameters":[{"name":"source","in":"query","description":"WABA id",
          "schema":{"type":"string"}},{"name":"destination","in":"query","description":"WABA id","schema":{"type":"string"}}],"responses":{
          "200":{"description":"Copies","content":{"application/json":{"schema":{"type":"object","properties":{"data":{"type":"array","items":{
          "type":"object"}},"next":{"type":"string","description":"where the next page begins; absent on the last"}}}}}},"default":{
          "$ref":"#/components/responses/Problem"}}}},
        "/api/v1/templates/diff":{"get":{"summary":"Compare the templates of two WABAs at Meta, now","security":[{"key":[]}],
          "description":"Scope `read`. Not for keys bound to a client.","parameters":[{"name":"source","in":"query","description":"WABA id",
          "schema":{"type":"string"}},{"name":"destination","in":"query","description":"WABA id","schema":{"type":"string"}}],"responses":{
          "200":{"description":"The differences","content":{"application/json":{"schema":{"type":"object"}}}},"default":{
          "$ref":"#/components/responses/Problem"}}}},
        "/api/v1/senders":{"get":{"summary":"Senders","security":[{"key":[]}],"description":"Scope `read`.","responses":{"200":{
          "description":"Senders","content":{"application/json":{"schema":{"type":"object","properties":{"data":{"type":"array","items":{
          "$ref":"#/components/schemas/Sender"}},"next":{"type":"string","description":"where the next page begins; absent on the last"}}}}}},
          "default":{"$ref":"#/components/responses/Problem"}}},"post":{"summary":"Add a sender","security":[{"key":[]}],
          "description":"Scope `admin`. Not for keys bound to a client.","requestBody":{"required":true,"content":{"application/json":{
          "schema":{"type":"object","properties":{"phone_number_id":{"type":"string"},"e164":{"type":"string"},"waba_id":{"type":"string"},
          "client_id":{"type":"string"},"portfolio_id":{"type":"string"},"default_region":{"type":"string"},"per_second":{"type":"number"},"identity_mode":{"enum":["off",
          "observe","enforce"]}},"required":["phone_number_id","e164","waba_id"]}}}},"responses":{"201":{"description":"The sender","content":{
          "application/json":{"schema":{"$ref":"#/components/schemas/Sender"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/senders/{id}":{"get":{"summary":"One sender","security":[{"key":[]}],"description":"Scope `read`.","parameters":[{"name":"id",
          "in":"path","required":true,"description":"phone number id","schema":{"type":"string"}}],"responses":{"200":{
          "description":"The sender","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Sender"}}}},"default":{
          "$ref":"#/components/responses/Problem"}}},"patch":{"summary":"Change a sender","security":[{"key":[]}],
          "description":"Scope `admin`. Not for keys bound to a client.","parameters":[{"name":"id","in":"path","required":true,
          "description":"phone number id","schema":{"type":"string"}}],"requestBody":{"required":true,"content":{"application/json":{"schema":{
          "type":"object","properties":{"waba_id":{"type":"string"},"client_id":{"type":"string"},"default_region":{"type":["string","null"]},
          "portfolio_id":{"type":["string","null"]},"per_second":{"type":["number","null"]},"identity_mode":{"enum":["off","observe","enforce"]}}}}}},"responses":{"200":{
          "description":"The sender","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Sender"}}}},"default":{
          "$ref":"#/components/responses/Problem"}}}},
        "/api/v1/senders/{id}/stop":{"post":{"summary":"Stop a sender: its messages are held","security":[{"key":[]}],
          "description":"Scope `admin`. Not for keys bound to a client.","parameters":[{"name":"id","in":"path","required":true,
          "description":"phone number id","schema":{"type":"string"}}],"requestBody":{"required":true,"content":{"application/json":{"schema":{
          "type":"object","properties":{"reason":{"type":"string"}},"required":["reason"]}}}},"responses":{"200":{"description":"The sender",
          "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Sender"}}}},"default":{
          "$ref":"#/components/responses/Problem"}}}},
        "/api/v1/senders/{id}/resume":{"post":{"summary":"Let a stopped sender go on","security":[{"key":[]}],
          "description":"Scope `admin`. Not for keys bound to a client.","parameters":[{"name":"id","in":"path","required":true,
          "description":"phone number id","schema":{"type":"string"}}],"responses":{"200":{"description":"The sender","content":{
          "application/json":{"schema":{"$ref":"#/components/schemas/Sender"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/recipients":{"get":{"summary":"Recipients whose identity changed; nothing goes to them","security":[{"key":[]}],
          "description":"Scope `read`.","parameters":[{"name":"cursor","in":"query","description":"`next` of the page before","schema":{
          "type":"string"}},{"name":"limit","in":"query","description":"1 to 1000","schema":{"type":"integer"}}],"responses":{"200":{
          "description":"Recipients","content":{"application/json":{"schema":{"type":"object","properties":{"data":{"type":"array","items":{
          "type":"object"}},"next":{"type":"string","description":"where the next page begins; absent on the last"}}}}}},"default":{
          "$ref":"#/components/responses/Problem"}}}},
        "/api/v1/recipients/{address}":{"get":{"summary":"What is known of a recipient","security":[{"key":[]}],"description":"Scope `read`.",
          "parameters":[{"name":"address","in":"path","required":true,"description":"E.164 or user id","schema":{"type":"string"}}],
          "responses":{"200":{"description":"One record for each sender","content":{"application/json":{"schema":{"type":"object","properties":{
          "data":{"type":"array","items":{"type":"object"}},"next":{"type":"string",
          "description":"where the next page begins; absent on the last"}}}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/recipients/{address}/verify":{"post":{"summary":"Record that who they are was made sure of; what was held goes again",
          "security":[{"key":[]}],"description":"Scope `admin`.","parameters":[{"name":"address","in":"path","required":true,
          "description":"E.164 or user id","schema":{"type":"string"}}],"requestBody":{"required":true,"content":{"application/json":{"schema":{
          "type":"object","properties":{"how":{"type":"string"}},"required":["how"]}}}},"responses":{"200":{"description":"For which senders",
          "content":{"application/json":{"schema":{"type":"object","properties":{"data":{"type":"array","items":{"type":"object"}},"next":{
          "type":"string","description":"where the next page begins; absent on the last"}}}}}},"default":{
          "$ref":"#/components/responses/Problem"}}}},
        "/api/v1/rebuilds":{"get":{"summary":"Rebuilds, newest first","security":[{"key":[]}],"description":"Scope `read`.","parameters":[{
          "name":"state","in":"query","description":"one state","schema":{"type":"string"}},{"name":"sender","in":"query",
          "description":"phone number id","schema":{"type":"string"}},{"name":"cursor","in":"query","description":"`next` of the page before",
          "schema":{"type":"string"}},{"name":"limit","in":"query","description":"1 to 1000","schema":{"type":"integer"}}],"responses":{"200":{
          "description":"Rebuilds","content":{"application/json":{"schema":{"type":"object","properties":{"data":{"type":"array","items":{
          "type":"object"}},"next":{"type":"string","description":"where the next page begins; absent on the last"}}}}}},"default":{
          "$ref":"#/components/responses/Problem"}}},"post":{"summary":"Start a rebuild","security":[{"key":[]}],"description":"Scope `plan`.",
          "requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object","properties":{"sender":{"type":"string"},
          "template":{"type":"string","description":"name:language"},"recipients":{"type":"array","items":{"type":"string"}},"profile":{
          "type":"string","description":"marketing_std, utility_std, or sizes: 50,100,200"},"region":{"type":"string"},"components":{
          "type":"array","items":{"type":"object"}},"start_at":{"type":"string","format":"date-time"},"key":{"type":"string"}},"required":[
          "sender","template","recipients"]}}}},"responses":{"201":{"description":"The rebuild","content":{"application/json":{"schema":{
          "type":"object"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/rebuilds/{id}":{"get":{"summary":"A rebuild with its steps and verdicts","security":[{"key":[]}],"description":"Scope `read`.",
          "parameters":[{"name":"id","in":"path","required":true,"description":"id","schema":{"type":"string"}}],"responses":{"200":{
          "description":"The rebuild","content":{"application/json":{"schema":{"type":"object"}}}},"default":{
          "$ref":"#/components/responses/Problem"}}}},
        "/api/v1/rebuilds/{id}/pause":{"post":{"summary":"Pause a rebuild","security":[{"key":[]}],"description":"Scope `plan`.","parameters":[{
          "name":"id","in":"path","required":true,"description":"id","schema":{"type":"string"}}],"requestBody":{"required":true,"content":{
          "application/json":{"schema":{"type":"object","properties":{"why":{"type":"string"}},"required":["why"]}}}},"responses":{"200":{
          "description":"The rebuild","content":{"application/json":{"schema":{"type":"object"}}}},"default":{
          "$ref":"#/components/responses/Problem"}}}},
        "/api/v1/rebuilds/{id}/resume":{"post":{"summary":"Set a rebuild going again","security":[{"key":[]}],"description":"Scope `plan`.",
          "parameters":[{"name":"id","in":"path","required":true,"description":"id","schema":{"type":"string"}}],"requestBody":{"required":true,
          "content":{"application/json":{"schema":{"type":"object","properties":{"why":{"type":"string"}},"required":["why"]}}}},"responses":{
          "200":{"description":"The rebuild","content":{"application/json":{"schema":{"type":"object"}}}},"default":{
          "$ref":"#/components/responses/Problem"}}}},
        "/api/v1/rebuilds/{id}/stop":{"post":{"summary":"Stop a rebuild","security":[{"key":[]}],"description":"Scope `plan`.","parameters":[{
          "name":"id","in":"path","required":true,"description":"id","schema":{"type":"string"}}],"requestBody":{"required":true,"content":{
          "application/json":{"schema":{"type":"object","properties":{"why":{"type":"string"}},"required":["why"]}}}},"responses":{"200":{
          "description":"The rebuild","content":{"application/json":{"schema":{"type":"object"}}}},"default":{
          "$ref":"#/components/responses/Problem"}}}},
        "/api/v1/overrides":{"get":{"summary":"What is otherwise than usual because of errors: stopped numbers, held templates, unknown codes",
          "security":[{"key":[]}],"description":"Scope `read`. Unknown codes are not for keys bound to a client.","parameters":[{"name":"limit",
          "in":"query","description":"of each kind, 1 to 1000","schema":{"type":"integer"}}],"responses":{"200":{"description":"Overrides",
          "content":{"application/json":{"schema":{"type":"object","properties":{"data":{"type":"array","items":{
          "$ref":"#/components/schemas/Override"}},"next":{"type":"string","description":"where the next page begins; absent on the last"}}}}}},
          "default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/overrides/{key}":{"delete":{"summary":"End an override: the number goes on, the template is used again, the code is read",
          "security":[{"key":[]}],"description":"Scope `admin`. Not for keys bound to a client.","parameters":[{"name":"key","in":"path",
          "required":true,"description":"key","schema":{"type":"string"}}],"responses":{"200":{"description":"What was lifted","content":{
          "application/json":{"schema":{"$ref":"#/components/schemas/Override"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/limits":{"get":{"summary":"Meta's limits, quotas of 24 hours and how they stand, what they held back in the last seven days",
          "security":[{"key":[]}],"description":"Scope `read`. Quotas come in pages, in the order of their keys.","parameters":[{"name":"cursor",
          "in":"query","description":"next of the page before","schema":{"type":"string"}},{"name":"limit","in":"query",
          "description":"quotas on a page, 1 to 1000","schema":{"type":"integer"}}],"responses":{"200":{"description":"Limits","content":{
          "application/json":{"schema":{"type":"object","properties":{"rules":{"type":"array","items":{
          "$ref":"#/components/schemas/LimitRule"}},"quotas":{"type":"array","items":{"$ref":"#/components/schemas/Quota"}},"reached":{
          "type":"array","items":{"type":"object"}},"next":{"type":"string",
          "description":"where the next page of quotas begins; absent on the last"},"more":{"type":"integer",
          "description":"quotas that come after this page"}}}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/limits/{name}":{"patch":{"summary":"Change a limit, from the next admission on","security":[{"key":[]}],
          "description":"Scope `admin`. Not for keys bound to a client.","parameters":[{"name":"name","in":"path","required":true,
          "description":"name","schema":{"type":"string"}}],"requestBody":{"required":true,"content":{"application/json":{"schema":{
          "type":"object","properties":{"value":{"type":["number","null"]},"shadow":{"type":"boolean"},"source":{"type":"string"},"effective":{
          "type":"string","description":"such as 2026-05-21"}}}}}},"responses":{"200":{"description":"The limit","content":{
          "application/json":{"schema":{"$ref":"#/components/schemas/LimitRule"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/quotas/{key}":{"patch":{"summary":"Set a quota of 24 hours","security":[{"key":[]}],
          "description":"Scope `admin`. Not for keys bound to a client. Keys are `portfolio:<id>` and `template:<waba>:<name>:<language>`.",
          "parameters":[{"name":"key","in":"path","required":true,"description":"key","schema":{"type":"string"}}],"requestBody":{
          "required":true,"content":{"application/json":{"schema":{"type":"object","properties":{"per_day":{"type":["integer","null"]},
          "shadow":{"type":"boolean"},"source":{"type":"string"},"follows_meta":{"type":"boolean","description":"what Meta says counts again"}}}}}},
          "responses":{"200":{"description":"The quota","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Quota"}}}},
          "default":{"$ref":"#/components/responses/Problem"}}},"delete":{"summary":"Take a template's quota away; what is held for it goes on",
          "security":[{"key":[]}],"description":"Scope `admin`. Not for keys bound to a client.","parameters":[{"name":"key","in":"path",
          "required":true,"description":"key","schema":{"type":"string"}}],"responses":{"200":{"description":"Its key","content":{
          "application/json":{"schema":{"type":"object"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/relays":{"get":{"summary":"Systems of clients that webhooks go on to","security":[{"key":[]}],"description":"Scope `read`.",
          "responses":{"200":{"description":"Relays; never their secrets","content":{"application/json":{"schema":{"type":"object","properties":{
          "data":{"type":"array","items":{"$ref":"#/components/schemas/Relay"}},"next":{"type":"string",
          "description":"where the next page begins; absent on the last"}}}}}},"default":{"$ref":"#/components/responses/Problem"}}},"post":{
          "summary":"Add a relay","security":[{"key":[]}],"description":"Scope `admin`. Not for keys bound to a client. One of `waba_id` and `phone_number_id`.",
          "requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object","properties":{"url":{"type":"string"},
          "waba_id":{"type":"string"},"phone_number_id":{"type":"string"},"client_id":{"type":"string"},"secret":{"type":"string",
          "description":"16 to 512 bytes; signs its POSTs"},"parallel":{"type":"integer","minimum":1,"maximum":64,"default":16,
          "description":"POSTs to it at a time"}},"required":["url","secret"]}}}},"responses":{"201":{"description":"The relay",
          "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Relay"}}}},"default":{
          "$ref":"#/components/responses/Problem"}}}},
        "/api/v1/relays/{id}":{"patch":{"summary":"Change a relay's secret, or how many POSTs go to it at a time","security":[{"key":[]}],
          "description":"Scope `admin`. Not for keys bound to a client. What is absent stays. What waits has the new signature.",
          "parameters":[{"name":"id","in":"path","required":true,"description":"relay","schema":{"type":"integer"}}],"requestBody":{
          "required":true,"content":{"application/json":{"schema":{"type":"object","properties":{"secret":{"type":"string",
          "description":"16 to 512 bytes; signs its POSTs"},"parallel":{"type":"integer","minimum":1,"maximum":64}}}}}},"responses":{"200":{
          "description":"The relay","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Relay"}}}},"default":{
          "$ref":"#/components/responses/Problem"}}},"delete":{
          "summary":"Take a relay away; what waits for it is dropped","security":[{"key":[]}],
          "description":"Scope `admin`. Not for keys bound to a client.","parameters":[{"name":"id","in":"path","required":true,
          "description":"relay","schema":{"type":"integer"}}],"responses":{"200":{"description":"What it was","content":{"application/json":{
          "schema":{"$ref":"#/components/schemas/Relay"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/relays/{id}/pause":{"post":{"summary":"Let what comes for a relay wait","security":[{"key":[]}],
          "description":"Scope `admin`. Not for keys bound to a client.","parameters":[{"name":"id","in":"path","required":true,
          "description":"relay","schema":{"type":"integer"}}],"responses":{"200":{"description":"The relay","content":{"application/json":{
          "schema":{"$ref":"#/components/schemas/Relay"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/relays/{id}/resume":{"post":{"summary":"Let it go again","security":[{"key":[]}],
          "description":"Scope `admin`. Not for keys bound to a client.","parameters":[{"name":"id","in":"path","required":true,
          "description":"relay","schema":{"type":"integer"}}],"responses":{"200":{"description":"The relay","content":{"application/json":{
          "schema":{"$ref":"#/components/schemas/Relay"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/keys":{"get":{"summary":"API keys; never the keys themselves","security":[{"key":[]}],
          "description":"Scope `admin`. Not for keys bound to a client.","responses":{"200":{"description":"Keys","content":{
          "application/json":{"schema":{"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/components/schemas/Key"}},
          "next":{"type":"string","description":"where the next page begins; absent on the last"}}}}}},"default":{
          "$ref":"#/components/responses/Problem"}}},"post":{"summary":"Make an API key","security":[{"key":[]}],
          "description":"Scope `admin`. Not for keys bound to a client.","requestBody":{"required":true,"content":{"application/json":{
          "schema":{"type":"object","properties":{"name":{"type":"string"},"scopes":{"type":"array","items":{"enum":["send","read","plan",
          "admin"]}},"client_id":{"type":"string"}},"required":["name","scopes"]}}}},"responses":{"201":{
          "description":"The key; shown here and never again","content":{"application/json":{"schema":{"allOf":[{
          "$ref":"#/components/schemas/Key"},{"type":"object","properties":{"key":{"type":"string"}}}]}}}},"default":{
          "$ref":"#/components/responses/Problem"}}}},
        "/api/v1/keys/{id}":{"delete":{"summary":"Revoke an API key by id or name","security":[{"key":[]}],
          "description":"Scope `admin`. Not for keys bound to a client.","parameters":[{"name":"id","in":"path","required":true,
          "description":"id","schema":{"type":"string"}}],"responses":{"200":{"description":"The key","content":{"application/json":{"schema":{
          "$ref":"#/components/schemas/Key"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/audit":{"get":{"summary":"What people did, newest first","security":[{"key":[]}],
          "description":"Scope `admin`. Not for keys bound to a client.","parameters":[{"name":"limit","in":"query","description":"1 to 1000",
          "schema":{"type":"integer"}}],"responses":{"200":{"description":"Entries","content":{"application/json":{"schema":{"type":"object",
          "properties":{"data":{"type":"array","items":{"type":"object"}},"next":{"type":"string",
          "description":"where the next page begins; absent on the last"}}}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/webhooks/problems":{"get":{"summary":"Webhook bodies a person should look at, newest first","security":[{"key":[]}],
          "description":"Scope `admin`. Not for keys bound to a client.","parameters":[{"name":"cursor","in":"query",
          "description":"`next` of the page before","schema":{"type":"string"}},{"name":"limit","in":"query","description":"1 to 1000",
          "schema":{"type":"integer"}}],"responses":{"200":{"description":"Bodies","content":{"application/json":{"schema":{"type":"object",
          "properties":{"data":{"type":"array","items":{"type":"object"}},"next":{"type":"string",
          "description":"where the next page begins; absent on the last"}}}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/webhooks/problems/{id}/retry":{"post":{"summary":"Work on a POST again","security":[{"key":[]}],
          "description":"Scope `admin`. Not for keys bound to a client.",
          "parameters":[{"name":"id","in":"path","required":true,"description":"id of the POST","schema":{"type":"string"}}],"responses":{"200":{"description":"Its id","content":{
          "application/json":{"schema":{"type":"object"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/webhooks/problems/{id}/dismiss":{"post":{"summary":"Nothing is left to do about a POST","security":[{"key":[]}],
          "description":"Scope `admin`. Not for keys bound to a client.",
          "parameters":[{"name":"id","in":"path","required":true,"description":"id of the POST","schema":{"type":"string"}}],"responses":{"200":{"description":"Its id","content":{
          "application/json":{"schema":{"type":"object"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/webhooks/replay":{"post":{"summary":"Work again on everything that came from one time up to another; what was applied changes nothing","security":[{"key":[]}],
          "description":"Scope `admin`. Not for keys bound to a client.",
          "requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object","properties":{"from":{"type":"string",
          "format":"date-time"},"to":{"type":"string","format":"date-time"}},"required":["from","to"]}}}},"responses":{"200":{"description":"How many POSTs were queued","content":{
          "application/json":{"schema":{"type":"object"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/events":{"get":{"summary":"Server-sent events: `progress` at once and whenever it changed","security":[{"key":[]}],
          "description":"Scope `read`.","responses":{"200":{"description":"An event stream","content":{"text/event-stream":{"schema":{
          "type":"string"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/openapi.json":{"get":{"summary":"This document","security":[],"responses":{"200":{"description":"OpenAPI 3.1","content":{
          "application/json":{"schema":{"type":"object"}}}},"default":{"$ref":"#/components/responses/Problem"}}}}
        """#
}
