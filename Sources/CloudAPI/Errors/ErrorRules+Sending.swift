extension ErrorRules {
    static let throttleRules: [ErrorRule] = [
        ErrorRule(4, .wait, action: .pauseManagement, wait: 300, "The app's call budget is used up. Relevo waits and goes on by itself."),
        ErrorRule(
            4, scope: .send, .wait, action: .slowLane, wait: 60, "The app's call budget is used up. Relevo waits and goes on by itself."),
        ErrorRule(
            80007...80008, .wait, action: .pauseManagement, wait: 300,
            "The WABA's call budget is used up. Relevo waits and goes on by itself."),
        ErrorRule(80007...80008, scope: .send, .wait, action: .slowLane, wait: 60, "The WABA's call budget is used up. Relevo waits."),
        ErrorRule(613, .wait, action: .slowLane, wait: 30, "Too many calls in a short time. Relevo slows down."),
        ErrorRule(
            130429, .safeRetry, action: .slowLane, wait: 1,
            "The number's throughput was reached. Relevo slows the number down and sends again."),
        ErrorRule(131056, .safeRetry, action: .slowPair, wait: 6, "Too many messages to one recipient. Only this recipient waits."),
        ErrorRule(
            131048, .human, action: .stopSender,
            "The number is restricted because people blocked or flagged it. Stop the campaign and look at quality."),
        ErrorRule(
            131064, .wait, action: .holdTemplate, wait: 86400,
            "Sending is limited because templates were classified wrongly; it lifts by itself."),
    ]

    static let transientRules: [ErrorRule] = [
        ErrorRule(1, .reconcile, "Meta had an internal error; the request may have been carried out."),
        ErrorRule(2, .reconcile, "Meta was overloaded; the request may have been carried out."),
        ErrorRule(131000, .reconcile, "Meta failed without saying why; the message may have been sent."),
        ErrorRule(131016, .reconcile, "Meta's service was unavailable; the message may have been sent."),
        ErrorRule(131057, .wait, action: .slowLane, wait: 60, "The number is in maintenance for about a minute."),
        ErrorRule(
            133004, .reconcile, action: .readState, wait: 60, "Meta's registration server was unavailable: read the number's status first."),
        ErrorRule(2_494_100, .wait, wait: 300, "The number is in maintenance for some minutes."),
        ErrorRule(
            135000, .never, action: .stopSender,
            "Meta refused the message without naming a parameter; it also does this when the portfolio is under review. Look before sending on."
        ),
    ]

    static let messageRules: [ErrorRule] = [
        ErrorRule(100, .fix, "A parameter is wrong, missing, too long or not known to Meta."),
        ErrorRule(192, .fix, "Meta does not take this as a phone number."),
        ErrorRule(
            33, .fix, action: .stopSender,
            "The phone number id does not exist or the credential cannot see it. It changes when a number moves."),
        ErrorRule(130403, .never, "You have blocked this user. Unblock first."),
        ErrorRule(130472, .never, "The recipient is part of a Meta experiment and gets no marketing message from you now."),
        ErrorRule(131008, .fix, "A required parameter is missing."),
        ErrorRule(131009, .fix, "A parameter has a value Meta does not take."),
        ErrorRule(131014, .fix, "Meta could not fetch the media at the given address."),
        ErrorRule(131021, .never, "Sender and recipient are the same number."),
        ErrorRule(131026, .never, "The message cannot be delivered: no WhatsApp, an old client, or terms not accepted."),
        ErrorRule(131030, .fix, "A test number may only write to its list of allowed recipients."),
        ErrorRule(131047, .fix, "More than 24 hours since the recipient last wrote: only a template may be sent."),
        ErrorRule(131049, .wait, wait: 86400, "Meta limits marketing messages to this recipient. Not before a day has passed."),
        ErrorRule(131050, .never, action: .suppressMarketing, "The recipient stopped marketing messages from you."),
        ErrorRule(131051, .never, "Meta does not support this kind of message."),
        ErrorRule(131052, .fix, "The media of an inbound message could not be fetched."),
        ErrorRule(131053, .fix, "The media could not be uploaded or has a type or size Meta does not take."),
        ErrorRule(131055, .fix, "Only marketing templates may be sent through the marketing edge."),
        ErrorRule(131060, .never, "The inbound message is of a kind the API does not carry; it can be seen in the app."),
        ErrorRule(131062, .fix, "This template needs the recipient's phone number, not a user id."),
        ErrorRule(131063, .fix, "Marketing is switched off on this edge for the WABA: use the marketing edge."),
        ErrorRule(
            137000, .human, action: .holdRecipient,
            "The recipient's identity has changed. Nothing is sent to them until a person has verified them again."),
    ]
}
