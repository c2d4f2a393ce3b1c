/// Meta's published file: GitHub `facebook/openapi`, `business-messaging-api_v23.0.yaml`, read at commit 231e184.
///
/// The shapes of requests here are our own statement, taken from Meta's pages as the reference gives them; where the file agrees, one
/// statement stands for both. This table has the places where it does not.
///
/// It has no request that copies templates and none that unpauses one; of templates themselves it states little: members, and no more.
///
/// One fault cannot be stated as a place, and is read as it must have been meant: message schemas forbid, by `additionalProperties: false`
/// inside `allOf`, the very members that they take over from the base. Taken at its word, no message but a template is valid.
package enum PublishedFile {
    static let recipientType = Departure(
        "recipient_type", published: .word(["individual", "group"]), isDemanded: true,
        "The file demands it. Meta's page on sending: optional, `individual` when absent (reference 1.1).")
    static let to = Departure(
        "to", published: .text(1...64), isDemanded: true,
        "The file demands it. A person may be named by user id alone: `recipient` (reference 1.1, BSUID).")
    static let recipient = Departure("recipient", "Not in the file: it is older than user ids (reference 1.1, 8.1).")
    static let identityHash = Departure("recipient_identity_key_hash", "Not in the file (reference 1.1, 8.1; seed 004).")
    static let callbackData = Departure(
        "biz_opaque_callback_data",
        "In the file for calls only, with 512 characters; Meta takes and echoes it for messages (reference 1.1, 8.1).")
    static let caption = Departure("caption", "The file's media object for messages has none (reference 1.1: image, video, document).")
    static let filename = Departure("filename", "The file's media object has none (reference 1.1: document).")
    static let voice = Departure("voice", "Not in the file; Meta's page on audio messages, since 2025.")
    static let coordinates = Departure(
        "coordinates", published: .pattern("-?[0-9.]+"), isDemanded: false,
        "The file wants text, and gives numbers as examples; Meta's page on location messages has both.")
    static let contactType = Departure(
        "contact_type", published: .word(["HOME", "WORK"]), "The file knows HOME and WORK; phones have CELL, MAIN, IPHONE as well.")
    static let languagePolicy = Departure(
        "language_policy", published: .exactly("deterministic"), isDemanded: true,
        "The file demands it; every sample of Meta's has `code` alone (reference 1.1).")
    static let parameterName = Departure("parameter_name", "Not in the file; named parameters need it (reference 1.1).")
    static let headerKind = Departure("header_parameter", "The file has no location and no product in a template's header.")
    static let buttonIndex = Departure(
        "button_index", published: .pattern("^[2-6, 11-14]$"), isDemanded: true,
        "The file's expression holds numbers of footnotes; it refuses 0, its own example. Buttons count from 0 (reference 1.1).")
    static let buttonKind = Departure(
        "button_sub_type", published: .word(["quick_reply", "url", "catalog"]), isDemanded: true,
        "The file has quick_reply, url and catalog; also flow, copy_code, mpm, voice_call (reference 1.1).")
    static let buttonAction = Departure(
        "button_action", "The file's button parameters are payload and text; catalog buttons have an action.")
    static let componentKind = Departure("component_type", "The file has header, body and button; no limited_time_offer, no carousel.")
    static let interactiveKind = Departure(
        "interactive_type", "The file has no cta_url, location_request_message, address_message and carousel.")
    static let listBody = Departure(
        "list_body", published: .members(must("text", .text(1...1024))), isDemanded: false,
        "The file has 1024 characters for every body; a list's may have 4096.")
    static let thumbnail = Departure(
        "thumbnail", published: .members(must("thumbnail_product_retailer_id", .name)), isDemanded: true,
        "The file demands it; without it the first product is shown.")
    static let typing = Departure("typing_indicator", "Not in the file (reference 1.4).")
    static let verifiedName = Departure(
        "verified_name", published: .text(2...75), isDemanded: true, "The file demands it; a migration has none (reference 4.1, 8.1).")
    static let national = Departure(
        "phone_number", published: .pattern("^[1-9][0-9]{6,14}$"), isDemanded: true,
        "The file wants E.164 without +. A migration wants the national part (reference 4.1, 8.1), which may be short or begin with 0.")
    static let language = Departure(
        "language", published: .pattern("^[a-z]{2}_[A-Z]{2}$"), isDemanded: true,
        "The file wants xx_XX; Meta's pages take `en` as well (reference 4.2, 8.1; seed 004).")
    static let identityCheck = Departure(
        "user_identity_change", published: .members(must("enabled", .flag)), isDemanded: true,
        "The file calls the switch `enabled`; Meta's page `enable_identity_key_check` (reference 4.6, 8.1; seed 004).")
    static let deregisterBody = Departure(
        "deregister_body", "The file has no body; Meta's older samples carry messaging_product.")

    static let mediaType = Departure(
        "media_type", "The file's form has file and messaging_product alone; Meta's page demands it (reference 1.1).")
    static let parameterFormat = Departure("parameter_format", "Not in the file; named parameters need it (reference 4.9).")
    static let categoryChange = Departure("allow_category_change", "Not in the file (reference 4.9).")

    /// The whole table.
    package static let departures = [
        recipientType, to, recipient, identityHash, callbackData, caption, filename, voice, coordinates, contactType, languagePolicy,
        parameterName, headerKind, buttonIndex, buttonKind, buttonAction, componentKind, interactiveKind, listBody, thumbnail, typing,
        verifiedName, national, language, identityCheck, deregisterBody, mediaType, parameterFormat, categoryChange,
    ]
}
