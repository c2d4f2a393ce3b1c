/// Messages, the fleet, plans and numbers on their way.
extension OpenAPI {
    static let messagePaths = #"""
        "/api/v1/messages":{"post":{"summary":"Hand in one message","security":[{"key":[]}],
          "description":"Scope `send`. With `wait` the answer is 200 and the message as it stands after that time.","parameters":[{
          "name":"Idempotency-Key","in":"header","description":"as under /{version}","schema":{"type":"string"}}],"requestBody":{
          "required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/NewMessage"}}}},"responses":{"202":{
          "description":"Stored","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Receipt"}}}},"default":{
          "$ref":"#/components/responses/Problem"}}},"get":{"summary":"Messages, newest first","security":[{"key":[]}],
          "description":"Scope `read`.","parameters":[{"name":"sender","in":"query","description":"phone number id","schema":{"type":"string"}},
          {"name":"state","in":"query","description":"one or several, with commas","schema":{"type":"string"}},{"name":"to","in":"query",
          "description":"E.164 or user id","schema":{"type":"string"}},{"name":"tag","in":"query","description":"exactly this tag","schema":{
          "type":"string"}},{"name":"needs_person","in":"query","description":"true or false","schema":{"type":"boolean"}},{"name":"cursor",
          "in":"query","description":"`next` of the page before","schema":{"type":"string"}},{"name":"limit","in":"query",
          "description":"1 to 1000","schema":{"type":"integer"}}],"responses":{"200":{"description":"Messages","content":{"application/json":{
          "schema":{"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/components/schemas/Message"}},"next":{
          "type":"string","description":"where the next page begins; absent on the last"}}}}}},"default":{
          "$ref":"#/components/responses/Problem"}}}},
        "/api/v1/messages/batch":{"post":{"summary":"Hand in many messages","security":[{"key":[]}],
          "description":"Scope `send`. NDJSON both ways, answered while it is read. A bad line is answered with its error and the next ones go on.",
          "requestBody":{"required":true,"content":{"application/x-ndjson":{"schema":{"$ref":"#/components/schemas/NewMessage"}}}},"responses":{
          "200":{"description":"One line for each line, in order","content":{"application/x-ndjson":{"schema":{
          "$ref":"#/components/schemas/BatchLine"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/messages/{id}":{"get":{"summary":"One message","security":[{"key":[]}],"description":"Scope `read`.","parameters":[{
          "name":"id","in":"path","required":true,"description":"id","schema":{"type":"string"}}],"responses":{"200":{
          "description":"The message","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Message"}}}},"default":{
          "$ref":"#/components/responses/Problem"}}}},
        "/api/v1/messages/{id}/history":{"get":{"summary":"What happened to a message","security":[{"key":[]}],"description":"Scope `read`.",
          "parameters":[{"name":"id","in":"path","required":true,"description":"id","schema":{"type":"string"}}],"responses":{"200":{
          "description":"Events, oldest first","content":{"application/json":{"schema":{"type":"object","properties":{"data":{"type":"array",
          "items":{"type":"object"}},"next":{"type":"string","description":"where the next page begins; absent on the last"}}}}}},"default":{
          "$ref":"#/components/responses/Problem"}}}},
        "/api/v1/messages/{id}/why":{"get":{"summary":"Why a message stands where it stands","security":[{"key":[]}],
          "description":"Scope `read`.","parameters":[{"name":"id","in":"path","required":true,"description":"id","schema":{"type":"string"}}],
          "responses":{"200":{"description":"Reasons","content":{"application/json":{"schema":{"type":"object","properties":{"state":{
          "type":"string"},"reasons":{"type":"array","items":{"type":"object","properties":{"code":{"type":"string"},"text":{"type":"string"},
          "key":{"type":"string"},"until":{"type":"string","format":"date-time"}}}}}}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/messages/{id}/cancel":{"post":{"summary":"Cancel a message that was not sent yet","security":[{"key":[]}],
          "description":"Scope `send`.","parameters":[{"name":"id","in":"path","required":true,"description":"id","schema":{"type":"string"}}],
          "responses":{"200":{"description":"The message","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Message"}}}},
          "default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/messages/{id}/settle":{"post":{"summary":"Say what became of a message whose answer was lost","security":[{"key":[]}],
          "description":"Scope `admin`.","parameters":[{"name":"id","in":"path","required":true,"description":"id","schema":{"type":"string"}}],
          "requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object","properties":{"sent":{"type":"boolean"},
          "note":{"type":"string"}},"required":["sent","note"]}}}},"responses":{"200":{"description":"The message","content":{
          "application/json":{"schema":{"$ref":"#/components/schemas/Message"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/fleet":{"get":{"summary":"Rows of the stored fleet","security":[{"key":[]}],
          "description":"Scope `read`. Not for keys bound to a client.","parameters":[{"name":"cursor","in":"query",
          "description":"`next` of the page before","schema":{"type":"string"}},{"name":"limit","in":"query","description":"1 to 1000",
          "schema":{"type":"integer"}}],"responses":{"200":{"description":"Rows, and the problems of rejected ones","content":{
          "application/json":{"schema":{"type":"object","properties":{"revision":{"type":"object"},"data":{"type":"array","items":{
          "type":"object","properties":{"line":{"type":"integer"},"fields":{"type":"object","additionalProperties":{"type":"string"}}}}},
          "rejected":{"type":"array","items":{"$ref":"#/components/schemas/RowProblem"}},"next":{"type":"string"}}}}}},"default":{
          "$ref":"#/components/responses/Problem"}}},"post":{"summary":"Import a fleet file","security":[{"key":[]}],
          "description":"Scope `plan`. Not for keys bound to a client. 422 with every problem when the file has errors.","parameters":[{
          "name":"accept_good_rows","in":"query","description":"leave out rows with errors","schema":{"type":"boolean"}},{"name":"encoding",
          "in":"query","description":"utf8 or latin1","schema":{"type":"string"}},{"name":"name","in":"query","description":"file name",
          "schema":{"type":"string"}}],"requestBody":{"required":true,"content":{"text/csv":{"schema":{"type":"string"}}}},"responses":{"200":{
          "description":"The new revision","content":{"application/json":{"schema":{"type":"object","properties":{"revision":{"type":"object"},
          "unchanged":{"type":"boolean"},"added":{"type":"array","items":{"type":"string"}},"changed":{"type":"array","items":{
          "type":"string"}},"removed":{"type":"array","items":{"type":"string"}},"problems":{"type":"array","items":{
          "$ref":"#/components/schemas/RowProblem"}}}}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/fleet/revisions":{"get":{"summary":"Imports, newest first","security":[{"key":[]}],
          "description":"Scope `read`. Not for keys bound to a client.","responses":{"200":{"description":"Revisions","content":{
          "application/json":{"schema":{"type":"object","properties":{"data":{"type":"array","items":{"type":"object"}},"next":{"type":"string",
          "description":"where the next page begins; absent on the last"}}}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/plans":{"get":{"summary":"Plans, newest first","security":[{"key":[]}],
          "description":"Scope `read`. Not for keys bound to a client.","responses":{"200":{"description":"Plans","content":{
          "application/json":{"schema":{"type":"object","properties":{"data":{"type":"array","items":{"$ref":"#/components/schemas/Plan"}},
          "next":{"type":"string","description":"where the next page begins; absent on the last"}}}}}},"default":{
          "$ref":"#/components/responses/Problem"}}}},
        "/api/v1/plans/{id}":{"get":{"summary":"One plan","security":[{"key":[]}],"description":"Scope `read`. Not for keys bound to a client.",
          "parameters":[{"name":"id","in":"path","required":true,"description":"id","schema":{"type":"string"}}],"responses":{"200":{
          "description":"The plan","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Plan"}}}},"default":{
          "$ref":"#/components/responses/Problem"}}}},
        "/api/v1/plans/{id}/document":{"get":{"summary":"The plan's document, with the states its tasks have reached","security":[{"key":[]}],
          "description":"Scope `read`. Not for keys bound to a client.","parameters":[{"name":"id","in":"path","required":true,
          "description":"id","schema":{"type":"string"}}],"responses":{"200":{"description":"PLAN.json","content":{"application/json":{
          "schema":{"type":"object"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/plans/{id}/approve":{"post":{"summary":"Approve a draft","security":[{"key":[]}],
          "description":"Scope `plan`. Not for keys bound to a client.","parameters":[{"name":"id","in":"path","required":true,
          "description":"id","schema":{"type":"string"}}],"responses":{"200":{"description":"The plan","content":{"application/json":{"schema":{
          "$ref":"#/components/schemas/Plan"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/plans/{id}/arm":{"post":{"summary":"Arm an approved plan: its numbers set out","security":[{"key":[]}],
          "description":"Scope `plan`. Not for keys bound to a client.","parameters":[{"name":"id","in":"path","required":true,
          "description":"id","schema":{"type":"string"}}],"responses":{"200":{"description":"What was set going","content":{"application/json":{
          "schema":{"type":"object"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/migrations":{"get":{"summary":"Numbers on their way","security":[{"key":[]}],"description":"Scope `read`.","parameters":[{
          "name":"state","in":"query","description":"one state","schema":{"type":"string"}},{"name":"wave","in":"query",
          "description":"number of the wave","schema":{"type":"integer"}},{"name":"client","in":"query","description":"client id","schema":{
          "type":"string"}},{"name":"needs_person","in":"query","description":"true or false","schema":{"type":"boolean"}},{"name":"cursor",
          "in":"query","description":"`next` of the page before","schema":{"type":"string"}},{"name":"limit","in":"query",
          "description":"1 to 1000","schema":{"type":"integer"}}],"responses":{"200":{"description":"Numbers in the order of their row_ref",
          "content":{"application/json":{"schema":{"type":"object","properties":{"data":{"type":"array","items":{
          "$ref":"#/components/schemas/Number"}},"next":{"type":"string","description":"where the next page begins; absent on the last"}}}}}},
          "default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/migrations/{ref}":{"get":{"summary":"A number's story","security":[{"key":[]}],"description":"Scope `read`.","parameters":[{
          "name":"ref","in":"path","required":true,"description":"row_ref","schema":{"type":"string"}}],"responses":{"200":{
          "description":"The number and everything recorded of it","content":{"application/json":{"schema":{"type":"object","properties":{
          "number":{"$ref":"#/components/schemas/Number"},"story":{"type":"array","items":{"type":"object"}},"findings":{"type":"array",
          "items":{"type":"object"}},"register_calls":{"type":"array","items":{"type":"object"}},"freezes":{"type":"array","items":{
          "type":"object"}}}}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/migrations/{ref}/why":{"get":{"summary":"Why a number is not moving","security":[{"key":[]}],"description":"Scope `read`.",
          "parameters":[{"name":"ref","in":"path","required":true,"description":"row_ref","schema":{"type":"string"}}],"responses":{"200":{
          "description":"Facts, the most telling first","content":{"application/json":{"schema":{"type":"object","properties":{"row_ref":{
          "type":"string"},"state":{"type":"string"},"lines":{"type":"array","items":{"type":"string"}},"needs_person":{"type":"boolean"}}}}}},
          "default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/migrations/{ref}/code":{"post":{"summary":"Hand over the code","security":[{"key":[]}],"description":"Scope `plan`.",
          "parameters":[{"name":"ref","in":"path","required":true,"description":"row_ref","schema":{"type":"string"}}],"requestBody":{
          "required":true,"content":{"application/json":{"schema":{"type":"object","properties":{"code":{"type":"string"}},"required":[
          "code"]}}}},"responses":{"200":{"description":"The number","content":{"application/json":{"schema":{
          "$ref":"#/components/schemas/Number"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/migrations/{ref}/code-link":{"post":{"summary":"Make a link under which the client hands over the code","security":[{"key":[
          ]}],"description":"Scope `plan`.","parameters":[{"name":"ref","in":"path","required":true,"description":"row_ref","schema":{
          "type":"string"}}],"responses":{"200":{"description":"The link; earlier ones stop working","content":{"application/json":{"schema":{
          "type":"object","properties":{"url":{"type":"string"},"expires_at":{"type":"string","format":"date-time"}}}}}},"default":{
          "$ref":"#/components/responses/Problem"}}}},
        "/api/v1/migrations/{ref}/retry":{"post":{"summary":"Set a stopped number going again","security":[{"key":[]}],
          "description":"Scope `plan`.","parameters":[{"name":"ref","in":"path","required":true,"description":"row_ref","schema":{
          "type":"string"}}],"responses":{"200":{"description":"The number","content":{"application/json":{"schema":{
          "$ref":"#/components/schemas/Number"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/migrations/{ref}/abort":{"post":{"summary":"Call a number off, before register","security":[{"key":[]}],
          "description":"Scope `plan`.","parameters":[{"name":"ref","in":"path","required":true,"description":"row_ref","schema":{
          "type":"string"}}],"requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object","properties":{"reason":{
          "type":"string"}},"required":["reason"]}}}},"responses":{"200":{"description":"The number","content":{"application/json":{"schema":{
          "$ref":"#/components/schemas/Number"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/migrations/{ref}/connected":{"post":{"summary":"Tell that the client has finished Embedded Signup","security":[{"key":[]}],
          "description":"Scope `plan`.","parameters":[{"name":"ref","in":"path","required":true,"description":"row_ref","schema":{
          "type":"string"}}],"responses":{"200":{"description":"The number","content":{"application/json":{"schema":{
          "$ref":"#/components/schemas/Number"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/progress":{"get":{"summary":"How far the fleet is","security":[{"key":[]}],
          "description":"Scope `read`. Not for keys bound to a client.","responses":{"200":{"description":"Counts by state and wave","content":{
          "application/json":{"schema":{"type":"object"}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/windows":{"get":{"summary":"Tasks ahead, by their start","security":[{"key":[]}],
          "description":"Scope `read`. Not for keys bound to a client.","parameters":[{"name":"limit","in":"query","description":"1 to 1000",
          "schema":{"type":"integer"}}],"responses":{"200":{"description":"Tasks","content":{"application/json":{"schema":{"type":"object",
          "properties":{"data":{"type":"array","items":{"type":"object"}},"next":{"type":"string",
          "description":"where the next page begins; absent on the last"}}}}}},"default":{"$ref":"#/components/responses/Problem"}}}},
        "/api/v1/waves/{wave}/release":{"post":{"summary":"Let later waves go on","security":[{"key":[]}],
          "description":"Scope `plan`. Not for keys bound to a client.","parameters":[{"name":"wave","in":"path","required":true,
          "description":"wave","schema":{"type":"string"}}],"requestBody":{"required":true,"content":{"application/json":{"schema":{
          "type":"object","properties":{"note":{"type":"string"}},"required":["note"]}}}},"responses":{"200":{
          "description":"How many failures no longer hold","content":{"application/json":{"schema":{"type":"object","properties":{"released":{
          "type":"integer"}}}}}},"default":{"$ref":"#/components/responses/Problem"}}}}
        """#
}
