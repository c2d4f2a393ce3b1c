/// What callers of the Cloud API are answered (reference 1.2, 2.1): Relevo's own answers have the same shapes.
package enum AnswerShapes {
    /// A message was taken.
    package static let accepted: Shape = .members(
        MessageShapes.product,
        must("contacts", .list(.members(must("input", .name), may("wa_id", .pattern("[0-9]+")), may("user_id", .name)), 1...1)),
        must("messages", .list(.members(must("id", .text(1...128)), may("message_status", .text(1...64))), 1...1)))

    /// A refusal. `candidates` are Relevo's own: the numbers that were perhaps meant.
    package static let refused: Shape = .members(
        must(
            "error",
            .members(
                must("message", .text(1...2000)), must("type", .text(1...64)), must("code", .integer(0...9_999_999)),
                may("error_subcode", .integer(0...9_999_999)), may("fbtrace_id", .text(1...64)), may("is_transient", .flag),
                may("error_user_title", .text(0...2000)), may("error_user_msg", .text(0...2000)),
                may(
                    "error_data",
                    .members(
                        may("messaging_product", .exactly("whatsapp")), must("details", .text(1...2000)), may("candidates", .anything))))))

    package static let success: Shape = .members(must("success", .flag))
}
