/// The Cloud-API-compatible side, webhooks, health and metrics.
extension OpenAPI {
    static let compatiblePaths = #"""
        "/{version}/{phone_number_id}/messages":{"post":{"summary":"Send as with Meta's Cloud API","security":[{"key":[]}],
          "description":"Scope `send`. Errors are Graph error envelopes. `status: read` and typing indicators are passed on.","parameters":[{
          "name":"version","in":"path","required":true,"description":"v25.0; any is taken","schema":{"type":"string","pattern":"^v[0-9]{1,4}(\\.[0-9]{1,4})?$"}},{
          "name":"phone_number_id","in":"path","required":true,"description":"phone_number_id","schema":{"type":"string"}},{
          "name":"Relevo-Wait","in":"header","description":"Seconds to wait for Meta's outcome, 0 to 60; default 4","schema":{"type":"string"}},
          {"name":"Idempotency-Key","in":"header","description":"Same key and body within 24 h: same answer; other body: 409","schema":{
          "type":"string"}},{"name":"Relevo-Region","in":"header","description":"ISO 3166-1 alpha-2, for numbers without a plus","schema":{
          "type":"string"}},{"name":"Relevo-Lane","in":"header","description":"production (default), test, rebuild","schema":{"type":"string"}},
          {"name":"Relevo-Expires","in":"header","description":"Seconds, or a time","schema":{"type":"string"}},{"name":"Relevo-Priority",
          "in":"header","description":"0 (first) to 9","schema":{"type":"string"}}],"requestBody":{"required":true,"content":{
          "application/json":{"schema":{"type":"object","description":"Meta's message body"}}}},"responses":{"200":{
          "description":"Meta's answer, or a provisional one with the id relevo.<uuid>","content":{"application/json":{"schema":{
          "$ref":"#/components/schemas/SendAnswer"}}}},"default":{"$ref":"#/components/responses/GraphProblem"}}}},
        "/{version}/{phone_number_id}/marketing_messages":{"post":{"summary":"Send through the Marketing Messages API","security":[{"key":[]}],
          "description":"Scope `send`.","parameters":[{"name":"version","in":"path","required":true,"description":"version","schema":{
          "type":"string","pattern":"^v[0-9]{1,4}(\\.[0-9]{1,4})?$"}},{"name":"phone_number_id","in":"path","required":true,"description":"phone_number_id","schema":{"type":"string"}},{
          "name":"Relevo-Wait","in":"header","description":"Seconds to wait for Meta's outcome, 0 to 60; default 4","schema":{"type":"string"}},
          {"name":"Idempotency-Key","in":"header","description":"Same key and body within 24 h: same answer; other body: 409","schema":{
          "type":"string"}},{"name":"Relevo-Region","in":"header","description":"ISO 3166-1 alpha-2, for numbers without a plus","schema":{
          "type":"string"}},{"name":"Relevo-Lane","in":"header","description":"production (default), test, rebuild","schema":{"type":"string"}},
          {"name":"Relevo-Expires","in":"header","description":"Seconds, or a time","schema":{"type":"string"}},{"name":"Relevo-Priority",
          "in":"header","description":"0 (first) to 9","schema":{"type":"string"}}],"requestBody":{"required":true,"content":{
          "application/json":{"schema":{"type":"object","description":"Meta's message body"}}}},"responses":{"200":{
          "description":"As for messages","content":{"application/json":{"schema":{"$ref":"#/components/schemas/SendAnswer"}}}},"default":{
          "$ref":"#/components/responses/GraphProblem"}}}},
        "/{version}/{phone_number_id}/media":{"post":{"summary":"Upload a file","security":[{"key":[]}],"description":"Scope `send`.",
          "parameters":[{"name":"version","in":"path","required":true,"description":"version","schema":{"type":"string","pattern":"^v[0-9]{1,4}(\\.[0-9]{1,4})?$"}},{
          "name":"phone_number_id","in":"path","required":true,"description":"phone_number_id","schema":{"type":"string"}}],"requestBody":{
          "required":true,"content":{"multipart/form-data":{"schema":{"type":"object"}}}},"responses":{"200":{"description":"Its id","content":{
          "application/json":{"schema":{"type":"object","properties":{"id":{"type":"string"}}}}}},"default":{
          "$ref":"#/components/responses/GraphProblem"}}}},
        "/{version}/{media_id}":{"get":{"summary":"A file's address, at Relevo","security":[{"key":[]}],"description":"Scope `read`.",
          "parameters":[{"name":"version","in":"path","required":true,"description":"version","schema":{"type":"string","pattern":"^v[0-9]{1,4}(\\.[0-9]{1,4})?$"}},{"name":"media_id",
          "in":"path","required":true,"description":"media_id","schema":{"type":"string"}},{"name":"phone_number_id","in":"query",
          "description":"the number it belongs to","schema":{"type":"string"}}],"responses":{"200":{"description":"The file's data","content":{
          "application/json":{"schema":{"type":"object"}}}},"default":{"$ref":"#/components/responses/GraphProblem"}}},"delete":{
          "summary":"Delete a file","security":[{"key":[]}],"description":"Scope `send`.","parameters":[{"name":"version","in":"path",
          "required":true,"description":"version","schema":{"type":"string","pattern":"^v[0-9]{1,4}(\\.[0-9]{1,4})?$"}},{"name":"media_id","in":"path","required":true,
          "description":"media_id","schema":{"type":"string"}},{"name":"phone_number_id","in":"query","description":"the number it belongs to",
          "schema":{"type":"string"}}],"responses":{"200":{"description":"Done","content":{"application/json":{"schema":{"type":"object",
          "properties":{"success":{"type":"boolean"}}}}}},"default":{"$ref":"#/components/responses/GraphProblem"}}}},
        "/{version}/{media_id}/content":{"get":{"summary":"The file","security":[{"key":[]}],"description":"Scope `read`.","parameters":[{
          "name":"version","in":"path","required":true,"description":"version","schema":{"type":"string","pattern":"^v[0-9]{1,4}(\\.[0-9]{1,4})?$"}},{"name":"media_id","in":"path",
          "required":true,"description":"media_id","schema":{"type":"string"}},{"name":"phone_number_id","in":"query",
          "description":"the number it belongs to","schema":{"type":"string"}}],"responses":{"200":{"description":"The bytes","content":{
          "application/octet-stream":{"schema":{"type":"string","format":"binary"}}}},"default":{"$ref":"#/components/responses/GraphProblem"}}}},
        "/webhooks/whatsapp":{"get":{"summary":"Meta's handshake","security":[],"parameters":[{"name":"hub.mode","in":"query",
          "description":"subscribe","schema":{"type":"string"}},{"name":"hub.verify_token","in":"query","description":"as set","schema":{
          "type":"string"}},{"name":"hub.challenge","in":"query","description":"echoed","schema":{"type":"string"}}],"responses":{"200":{
          "description":"The challenge","content":{"text/plain":{"schema":{"type":"string"}}}},"default":{
          "$ref":"#/components/responses/PlainProblem"}}},"post":{"summary":"Meta's webhooks, signed","security":[],
          "description":"401 for a missing or bad signature, 413 over 4 MiB.","parameters":[{"name":"X-Hub-Signature-256","in":"header",
          "description":"sha256= and the HMAC of the body","schema":{"type":"string"}}],"requestBody":{"required":true,"content":{
          "application/json":{"schema":{"type":"object"}}}},"responses":{"200":{"description":"Stored"},"default":{
          "$ref":"#/components/responses/PlainProblem"}}}},
        "/health/live":{"get":{"summary":"The process runs","security":[],"responses":{"200":{"description":"It does","content":{
          "application/json":{"schema":{"type":"object","properties":{"status":{"type":"string"}}}}}},"default":{
          "$ref":"#/components/responses/PlainProblem"}}}},
        "/health/ready":{"get":{"summary":"The database answers and has the right schema","security":[],"responses":{"200":{
          "description":"It does","content":{"application/json":{"schema":{"type":"object","properties":{"status":{"type":"string"}}}}}},
          "default":{"$ref":"#/components/responses/PlainProblem"}}}},
        "/metrics":{"get":{"summary":"Prometheus text","security":[{"key":[]},{}],
          "description":"Scope `read`. Not for keys bound to a client. On a listener that only this machine reaches, without a key.",
          "responses":{"200":{"description":"Metrics","content":{"text/plain":{"schema":{"type":"string"}}}},"default":{
          "$ref":"#/components/responses/PlainProblem"}}}}
        """#
}
