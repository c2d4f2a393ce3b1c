/// What a spreadsheet leaves where it took digits for a number, or could not compute a formula.
enum SpreadsheetDamage {
    private static let errors: Set<String> = ["#REF!", "#N/A", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#DIV/0!"]

    /// `5.2E+11`, `5,21555E+12`, `#REF!`, `######`.
    ///
    /// The sign of the exponent is required: a spreadsheet always writes it, and without it `12E4` may be somebody's reference.
    static func isIn(_ text: String) -> Bool {
        if text.utf8.first == UInt8(ascii: "#") { return errors.contains(text) || (text.utf8.count > 2 && text.allSatisfy { $0 == "#" }) }
        var rest = Substring(text).utf8
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
        guard takeDigits(&rest) else { return false }
        if let point = rest.first, point == UInt8(ascii: ".") || point == UInt8(ascii: ",") {
            rest = rest.dropFirst()
            guard takeDigits(&rest) else { return false }
        }
        guard let letter = rest.popFirst(), letter == UInt8(ascii: "E") || letter == UInt8(ascii: "e"),
            let sign = rest.popFirst(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-")
        else { return false }
        return takeDigits(&rest) && rest.isEmpty
    }

    private static func takeDigits(_ text: inout Substring.UTF8View) -> Bool {
        let digits = text.prefix { (48...57).contains($0) }.count
        text = text.dropFirst(digits)
        return digits > 0
    }
}
