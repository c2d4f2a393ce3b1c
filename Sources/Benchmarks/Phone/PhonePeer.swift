import Foundation

/// A loop over Debian's libphonenumber in C++ that reads the same numbers in the same way.
struct PhonePeer {
    private static let source = #"""
        #include <phonenumbers/phonenumberutil.h>

        #include <chrono>
        #include <cstdio>
        #include <fstream>
        #include <string>
        #include <utility>
        #include <vector>

        using i18n::phonenumbers::PhoneNumber;
        using i18n::phonenumbers::PhoneNumberUtil;

        int main(int, char** arguments) {
          std::ifstream file(arguments[1]);
          std::vector<std::pair<std::string, std::string>> lines;
          for (std::string line; std::getline(file, line);) {
            auto tab = line.find('\t');
            lines.emplace_back(tab == 0 ? "ZZ" : line.substr(0, tab), line.substr(tab + 1));
          }
          auto* util = PhoneNumberUtil::GetInstance();
          std::string e164, region;
          long read = 0, valid = 0, possible = 0, typed = 0, regions = 0, characters = 0;
          auto one = [&](const std::pair<std::string, std::string>& line) {
            PhoneNumber number;
            if (util->Parse(line.second, line.first, &number) != PhoneNumberUtil::NO_PARSING_ERROR) return;
            read++;
            valid += util->IsValidNumber(number);
            possible += util->IsPossibleNumber(number);
            typed += util->GetNumberType(number) != PhoneNumberUtil::UNKNOWN;
            util->GetRegionCodeForNumber(number, &region);
            regions += region.size();
            util->Format(number, PhoneNumberUtil::E164, &e164);
            characters += e164.size();
          };
          // Once before the clock, so that no expression is compiled while it runs.
          for (size_t i = 0; i < lines.size() && i < 20000; i++) one(lines[i]);
          read = valid = possible = typed = regions = characters = 0;
          auto start = std::chrono::steady_clock::now();
          for (const auto& line : lines) one(line);
          double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
          std::printf("%.9f %ld %ld %ld\n", seconds, read, valid, possible + typed + regions + characters);
        }
        """#

    private let folder: URL
    private var program: URL { folder.appending(path: "peer") }

    /// Compiles it into a folder. Throws `BenchmarkError` without a compiler or the library.
    init(in folder: URL) throws {
        self.folder = folder
        let file = folder.appending(path: "peer.cpp")
        try Data(Self.source.utf8).write(to: file)
        let compiler = Process()
        compiler.executableURL = URL(filePath: "/usr/bin/env")
        compiler.arguments = ["c++", "-std=c++17", "-O2", "-o", program.path, file.path, "-lphonenumber"]
        compiler.standardOutput = FileHandle.standardError
        try compiler.run()
        compiler.waitUntilExit()
        guard compiler.terminationStatus == 0 else {
            throw BenchmarkError(
                "the loop over libphonenumber cannot be compiled; install g++ and libphonenumber-dev, or leave it out with --no-peer")
        }
    }

    /// Of Debian's package; nil where there is none.
    var version: String? {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["dpkg-query", "-W", "-f=${Version}", "libphonenumber-dev"]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return process.terminationStatus == 0 && !text.isEmpty ? text : nil
    }

    /// One pass over a file of numbers: how long it took, and how many were numbers and valid.
    func run(_ numbers: URL) throws -> (seconds: Double, read: Int, valid: Int) {
        let process = Process()
        let output = Pipe()
        process.executableURL = program
        process.arguments = [numbers.path]
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let words = text.split(whereSeparator: \.isWhitespace)
        guard process.terminationStatus == 0, words.count == 4, let seconds = Double(words[0]), let read = Int(words[1]),
            let valid = Int(words[2])
        else { throw BenchmarkError("the loop over libphonenumber failed: \(text.prefix(200))") }
        return (seconds, read, valid)
    }
}
