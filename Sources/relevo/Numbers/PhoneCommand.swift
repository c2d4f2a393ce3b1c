import App
import ArgumentParser
import CloudAPI
import Foundation
import PhoneNumbers
import Server

struct PhoneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "phone", abstract: "Phone numbers.", subcommands: [Normalize.self])

    struct Normalize: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read one number a line from stdin and write one line each, in order.",
            discussion: "Never stops on a bad number; what is wrong with it stands in its line.")
        @Option(help: ArgumentHelp("Numbers without a plus are national numbers of this region.", valueName: "XX")) var region: String?
        @Option(help: ArgumentHelp("Country of the sending number, for numbers with neither plus nor region.", valueName: "XX"))
        var senderCountry: String?
        @Flag(help: "Write JSON on a terminal too; a pipe always gets JSON.") var json = false

        /// Longest line, in bytes; what is longer is answered as such.
        private static let longestLine = 64 << 10

        func validate() throws {
            for (name, value) in [("--region", region), ("--sender-country", senderCountry)] {
                guard let value, !PhoneNumberReader.knows(region: value) else { continue }
                throw ValidationError("\(name): found \(value.debugDescription); expected ISO 3166-1 alpha-2, such as BR.")
            }
        }

        func run() throws {
            let json = json || isatty(1) == 0
            var lines = LineReader(limit: Self.longestLine)
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            var out = Data()
            while true {
                let count = read(0, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw Failure(.failed, "stdin cannot be read: \(String(cString: strerror(errno)))") }
                let found = count > 0 ? lines.feed(buffer[..<count]) : lines.last().map { [$0] } ?? []
                for line in found { write(reading(of: line), json: json, to: &out) }
                // Written before the next wait, so that whoever types sees each answer, and a file costs one call for many.
                if !out.isEmpty {
                    guard try Self.print(out) else { return }
                    out.removeAll(keepingCapacity: true)
                }
                if count == 0 { return }
            }
        }

        /// False when whoever reads it has seen enough (`relevo … | head`). Throws where the rest would be lost, as on a full disk.
        private static func print(_ data: Data) throws -> Bool {
            var rest = data[...]
            while !rest.isEmpty {
                let written = rest.withUnsafeBytes { Foundation.write(1, $0.baseAddress, $0.count) }
                if written < 0, errno == EINTR { continue }
                if written < 0, errno == EPIPE { return false }
                guard written >= 0 else { throw Failure(.failed, "stdout cannot be written: \(String(cString: strerror(errno)))") }
                rest = rest.dropFirst(written)
            }
            return true
        }

        private func reading(of line: LineReader.Line) -> PhoneReading {
            guard case .text(let bytes) = line else {
                var reading = PhoneNumberReader.read("", region: region)
                reading.reason = "not a phone number: longer than \(Self.longestLine) bytes"
                return reading
            }
            return PhoneNumberReader.read(String(decoding: bytes, as: UTF8.self), region: region, senderCountry: senderCountry)
        }

        private func write(_ reading: PhoneReading, json: Bool, to out: inout Data) {
            func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
            if json {
                // A line for each of millions of numbers: `JSONEncoder` takes 30 µs for one, twenty times as long as reading the number.
                let object: JSONObject = [
                    "candidates": .array(reading.candidates.map { .string($0) }), "e164": text(reading.e164),
                    "input": .string(reading.input),
                    "metadata": .string(PhoneNumber.metadataVersion), "possible": .bool(reading.possible), "reason": text(reading.reason),
                    "region": text(reading.region), "rule": .string(reading.rule.rawValue), "status": .string(reading.status.rawValue),
                    "type": .string(reading.type.rawValue), "valid": .bool(reading.valid),
                ]
                out += JSONValue.object(object).encoded()
            } else {
                // Somebody else's text on a terminal: nothing in it may move the cursor or the columns.
                let input = String(
                    String.UnicodeScalarView(
                        reading.input.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
                out += Data(
                    "\(input)\t\(reading.status.rawValue)\t\(reading.e164 ?? "-")\t\(reading.reason ?? reading.region ?? "")".utf8)
            }
            out.append(10)
        }
    }
}
