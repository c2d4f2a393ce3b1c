/// What bodies look like.
extension OpenAPI {
    static let schemas = #"""
        "Problem":{"type":"object","properties":{"error":{"type":"object","properties":{"code":{"type":"string"},"message":{"type":"string"},
          "details":{"type":"object"}},"required":["code","message"]}}},
        "GraphProblem":{"type":"object","properties":{"error":{"type":"object","properties":{"message":{"type":"string"},"type":{
          "type":"string"},"code":{"type":"integer"},"error_subcode":{"type":"integer"},"error_data":{"type":"object"},"fbtrace_id":{
          "type":"string"}},"required":["message","code"]}},"required":["error"]},
        "NewMessage":{"type":"object","properties":{"sender":{"type":"string","description":"phone number id"},"message":{"type":"object",
          "description":"Meta's message body, with to or recipient"},"edge":{"enum":["messages","marketing_messages"]},"lane":{"enum":[
          "production","test","rebuild"]},"region":{"type":"string"},"expires":{"type":["string","integer"],"description":"seconds, or a time"},
          "priority":{"type":"integer","minimum":0,"maximum":9},"idempotency_key":{"type":"string"},"client_data":{"type":"string"},"tag":{
          "type":"string"},"wait":{"type":"number","description":"seconds; not in batches"}},"required":["sender","message"]},
        "Receipt":{"type":"object","properties":{"id":{"type":"string"},"input":{"type":"string"},"e164":{"type":"string"},"user_id":{
          "type":"string"},"state":{"type":"string"},"reason":{"type":"string"},"duplicate":{"type":"boolean"}}},
        "BatchLine":{"type":"object","description":"A Receipt or an error, with the number of its line","properties":{"line":{"type":"integer"},
          "id":{"type":"string"},"state":{"type":"string"},"error":{"type":"object"}}},
        "Message":{"type":"object","properties":{"id":{"type":"string"},"sender":{"type":"string"},"to":{"type":"string"},"e164":{
          "type":"string"},"user_id":{"type":"string"},"edge":{"type":"string"},"lane":{"type":"string"},"priority":{"type":"integer"},"kind":{
          "type":"string"},"template":{"type":"string"},"template_language":{"type":"string"},"state":{"enum":["queued","held","sending",
          "unknown","accepted","sent","delivered","read","failed","expired","cancelled"]},"reason_code":{"type":"string"},"reason":{
          "type":"string"},"attempts":{"type":"integer"},"hash_attached":{"type":"boolean"},"wamid":{"type":"string"},"wa_id":{"type":"string"},
          "graph_code":{"type":"integer"},"http_status":{"type":"integer"},"graph_answer":{"type":"object"},"graph_error":{"type":"object"},
          "tag":{"type":"string"},"client_data":{"type":"string"},"needs_person":{"type":"boolean"},"created_at":{"type":"string",
          "format":"date-time"},"updated_at":{"type":"string","format":"date-time"},"expires_at":{"type":"string","format":"date-time"},
          "accepted_at":{"type":"string","format":"date-time"},"delivered_at":{"type":"string","format":"date-time"},"read_at":{"type":"string",
          "format":"date-time"},"failed_at":{"type":"string","format":"date-time"}}},
        "RowProblem":{"type":"object","properties":{"line":{"type":"integer"},"column":{"type":"string"},"code":{"type":"string"},"value":{
          "type":"string"},"message":{"type":"string"}}},
        "Plan":{"type":"object","properties":{"id":{"type":"integer"},"created_at":{"type":"string","format":"date-time"},"created_by":{
          "type":"string"},"fleet_revision":{"type":"integer"},"previous":{"type":"integer"},"state":{"enum":["draft","approved","armed",
          "superseded"]},"approved_by":{"type":"string"},"approved_at":{"type":"string","format":"date-time"},"armed_by":{"type":"string"},
          "armed_at":{"type":"string","format":"date-time"},"copies":{"type":"integer"},"codes":{"type":"integer"},"cutovers":{
          "type":"integer"}}},
        "Number":{"type":"object","properties":{"row_ref":{"type":"string"},"plan":{"type":"integer"},"run":{"type":"string"},"route":{
          "type":"string"},"client_id":{"type":"string"},"e164":{"type":"string"},"source_waba_id":{"type":"string"},"dest_waba_id":{
          "type":"string"},"wave":{"type":"integer"},"state":{"type":"string"},"step":{"type":"string"},"reason_code":{"type":"string"},
          "reason":{"type":"string"},"needs_person":{"type":"boolean"},"operator":{"type":"string"},"otp_start":{"type":"string",
          "format":"date-time"},"otp_end":{"type":"string","format":"date-time"},"cutover_start":{"type":"string","format":"date-time"},
          "cutover_end":{"type":"string","format":"date-time"},"phone_number_id":{"type":"string"},"code_state":{"type":"string"},
          "verified_at":{"type":"string","format":"date-time"},"registered_at":{"type":"string","format":"date-time"},"done_at":{
          "type":"string","format":"date-time"},"updated_at":{"type":"string","format":"date-time"}}},
        "Sender":{"type":"object","properties":{"phone_number_id":{"type":"string"},"e164":{"type":"string"},"waba_id":{"type":"string"},
          "client_id":{"type":"string"},"default_region":{"type":"string"},"per_second":{"type":"number"},
          "throughput_in_shadow":{"type":"boolean","description":"true: it counts, and holds nothing back"},"identity_mode":{"type":"string"},
          "state":{"type":"string"},"stopped_reason":{"type":"string"},"moved_to":{"type":"string"}}},
        "Override":{"type":"object","properties":{"kind":{"enum":["sender_stopped","template_held","unknown_code"]},"key":{"type":"string"},
          "sender":{"type":"string"},"waba_id":{"type":"string"},"code":{"type":"integer"},"reason":{"type":"string"},"by":{"type":"string"},
          "since":{"type":"string","format":"date-time"},"until":{"type":"string","format":"date-time"},"count":{"type":"integer"},
          "message_id":{"type":"string"}}},
        "LimitRule":{"type":"object","properties":{"name":{"type":"string"},"value":{"type":"number","description":"absent: no limit"},
          "unit":{"type":"string"},"about":{"type":"string"},"source":{"type":"string"},"effective":{"type":"string"},"shadow":{
          "type":"boolean"},"changed_by":{"type":"string"},"changed_at":{"type":"string","format":"date-time"}}},
        "Quota":{"type":"object","properties":{"key":{"type":"string"},"per_day":{"type":"integer","description":"absent: no limit"},"shadow":{
          "type":"boolean"},"used":{"type":"integer"},"held":{"type":"integer"},"source":{"type":"string"},"effective":{"type":"string",
          "format":"date-time"},"set_by":{"type":"string"},"tier":{"type":"string"}}},
        "Relay":{"type":"object","properties":{"id":{"type":"integer"},"scope":{"enum":["waba","number"]},"scope_id":{"type":"string"},
          "client_id":{"type":"string"},"url":{"type":"string"},"parallel":{"type":"integer"},
          "paused":{"type":"boolean"},"waiting":{"type":"integer"},"delivered":{
          "type":"integer"},"given_up":{"type":"integer"},"dropped":{"type":"integer"},"delivered_at":{"type":"string","format":"date-time"},
          "failed_at":{"type":"string","format":"date-time"},"failure":{"type":"string"},"created_at":{"type":"string",
          "format":"date-time"},"created_by":{"type":"string"}}},
        "Key":{"type":"object","properties":{"id":{"type":"string"},"name":{"type":"string"},"hint":{"type":"string"},"scopes":{"type":"array",
          "items":{"type":"string"}},"client_id":{"type":"string"},"created_by":{"type":"string"},"created_at":{"type":"string",
          "format":"date-time"},"revoked_by":{"type":"string"},"revoked_at":{"type":"string","format":"date-time"}}},
        "SendAnswer":{"type":"object","properties":{"messaging_product":{"type":"string"},"contacts":{"type":"array","items":{"type":"object",
          "properties":{"input":{"type":"string"},"wa_id":{"type":"string"},"user_id":{"type":"string"}}}},"messages":{"type":"array","items":{
          "type":"object","properties":{"id":{"type":"string"},"message_status":{"type":"string"}}}}}}
        """#
}
