import Foundation

/// What the client's page says, in the client's language.
struct CodeTexts: Sendable {
    var language: String
    var heading: String
    var ask: String
    var label: String
    var button: String
    var care: String
    var checking: String
    var notYet: String
    var verified: String
    var invalid: String
    var badCode: String
    var notExpected: String
    var again: String
    var tooOften: String

    static let all = [english, spanish, portuguese]

    static let english = CodeTexts(
        language: "en", heading: "Your WhatsApp number is moving",
        ask: "WhatsApp has sent a six-digit code to this number, by SMS or by a call. Please type it here.", label: "Six-digit code",
        button: "Hand over the code",
        care: "Only give this code on the page your provider sent you. It is used once, to confirm the number, and then deleted.",
        checking: "Thank you. The code is being checked; this page shows the result in a moment.",
        notYet: "No code is needed right now. Keep this page open: it asks for the code as soon as WhatsApp has sent one.",
        verified: "The number is confirmed. Nothing more is needed; you can close this page.",
        invalid: "This link is no longer valid. Please ask your provider for a new one.",
        badCode: "A code has six digits, for example 123-456. Please look again.", notExpected: "No code is needed right now.",
        again: "The last code was not accepted. Please type the newest code you received.",
        tooOften: "Too many tries. Please wait a minute.")

    static let spanish = CodeTexts(
        language: "es", heading: "Su número de WhatsApp se está trasladando",
        ask: "WhatsApp ha enviado un código de seis dígitos a este número, por SMS o por llamada. Escríbalo aquí, por favor.",
        label: "Código de seis dígitos", button: "Entregar el código",
        care:
            "Entregue este código solo en la página que le envió su proveedor. Se usa una vez, para confirmar el número, y después se borra.",
        checking: "Gracias. El código se está comprobando; esta página mostrará el resultado en un momento.",
        notYet: "Ahora no hace falta ningún código. Deje esta página abierta: lo pedirá en cuanto WhatsApp lo haya enviado.",
        verified: "El número está confirmado. No hace falta nada más; puede cerrar esta página.",
        invalid: "Este enlace ya no es válido. Pida uno nuevo a su proveedor, por favor.",
        badCode: "Un código tiene seis dígitos, por ejemplo 123-456. Revíselo, por favor.",
        notExpected: "Ahora no hace falta ningún código.",
        again: "El último código no fue aceptado. Escriba el código más reciente que haya recibido, por favor.",
        tooOften: "Demasiados intentos. Espere un minuto, por favor.")

    static let portuguese = CodeTexts(
        language: "pt", heading: "O seu número de WhatsApp está a ser transferido",
        ask: "O WhatsApp enviou um código de seis dígitos para este número, por SMS ou por chamada. Digite-o aqui, por favor.",
        label: "Código de seis dígitos", button: "Entregar o código",
        care:
            "Entregue este código apenas na página que o seu fornecedor enviou. É usado uma vez, para confirmar o número, e depois apagado.",
        checking: "Obrigado. O código está a ser verificado; esta página mostra o resultado dentro de momentos.",
        notYet: "De momento não é preciso nenhum código. Deixe esta página aberta: ela pede o código assim que o WhatsApp o enviar.",
        verified: "O número está confirmado. Não é preciso mais nada; pode fechar esta página.",
        invalid: "Este link já não é válido. Peça um novo ao seu fornecedor, por favor.",
        badCode: "Um código tem seis dígitos, por exemplo 123-456. Verifique, por favor.",
        notExpected: "De momento não é preciso nenhum código.",
        again: "O último código não foi aceite. Digite o código mais recente que recebeu, por favor.",
        tooOften: "Demasiadas tentativas. Espere um minuto, por favor.")

    /// The language the reader likes best of those there are; English when none is.
    static func preferred(_ header: String?) -> CodeTexts {
        let wishes = (header ?? "").split(separator: ",", maxSplits: 20).enumerated().compactMap { place, part -> (String, Double, Int)? in
            let pieces = part.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
            guard let tag = pieces.first?.lowercased(), !tag.isEmpty else { return nil }
            let weight = pieces.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            return weight > 0 ? (String(tag.prefix { $0 != "-" }), weight, place) : nil
        }
        for wish in wishes.sorted(by: { ($1.1, $0.2) < ($0.1, $1.2) }) {
            if let texts = all.first(where: { $0.language == wish.0 }) { return texts }
        }
        return english
    }
}
