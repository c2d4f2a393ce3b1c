import Foundation

extension Cloud {
    func subscribedApps(_ waba: String) -> JSON {
        guard let account = accounts[waba], account.isSubscribed else { return ["data": []] }
        return [
            "data": [
                .compact([
                    "whatsapp_business_api_data": ["id": "600000000000000", "name": "Sandbox app", "link": "https://example.com"],
                    "override_callback_uri": .of(account.overrideURL),
                ])
            ]
        ]
    }

    /// `POST /{waba}/subscribed_apps`. An override has to answer the challenge; without one an existing override is cleared.
    func subscribe(_ waba: String, _ request: CloudRequest) async throws -> JSON {
        let override = request["override_callback_uri"]?.text
        if let override {
            guard override.utf8.count <= 200 else { throw GraphFailure(100, "override_callback_uri is longer than 200 characters") }
            guard let token = request["verify_token"]?.text else { throw GraphFailure(100, "verify_token is required") }
            // Other requests are carried out meanwhile; what is noted of this one is kept for its end.
            let note = note
            let isVerified = await verify(override, token: token)
            self.note = note
            guard isVerified else { throw GraphFailure(2200, "The callback URL or the verify token could not be validated") }
        }
        accounts[waba]?.isSubscribed = true
        accounts[waba]?.overrideURL = override
        return ["success": true]
    }

    /// The documented handshake: the address has to give the challenge back.
    private func verify(_ url: String, token: String) async -> Bool {
        let challenge = String(Seeded.hash(seed, ["challenge", String(nextID())]) % 10_000_000_000)
        let separator = url.contains("?") ? "&" : "?"
        let escaped = token.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let answer = await fetch("\(url)\(separator)hub.mode=subscribe&hub.challenge=\(challenge)&hub.verify_token=\(escaped)")
        return answer?.status == 200 && answer?.body == challenge
    }

    /// Where updates of an account go: nowhere unless our app is subscribed.
    func notify(_ waba: String, _ field: String, _ value: JSON) {
        guard let account = accounts[waba] else { return }
        guard account.isSubscribed else {
            tally.unsubscribed += 1
            return
        }
        // Only the field `messages` honours an override.
        let override = field == "messages" ? account.overrideURL : nil
        outbox.add(Update(waba: waba, field: field, value: value, time: field == "messages" ? nil : now.unixSeconds), override: override)
    }

    /// Takes the next POST out of the outbox.
    func nextPost() -> Outbox.Post? { outbox.take() }

    func posted(_ post: Outbox.Post, attempts: Int) {
        outbox.delivered += post.count
        tally.webhookUpdates += post.count
        tally.webhookPosts += 1
        tally.webhookRetries += attempts - 1
    }

    var updateSignal: AsyncStream<Void> { outbox.signal }
}
