import Foundation
import Glibc

/// Finds the master keys: the `RELEVO_MASTER_KEY` setting, or a file in the data folder that is made on first use.
public enum KeyFile {
    /// The name of the file inside the data folder.
    public static let name = "master.key"

    /// Reads the keys, newest first.
    ///
    /// - Parameters:
    ///   - setting: the value of `RELEVO_MASTER_KEY`; nil or empty when unset. It wins over the file.
    ///   - dataFolder: where the file is; created with mode 0700 when missing.
    /// - Throws: `CredentialError` `.badMasterKey` or `.keyFile`; a key is never echoed.
    ///
    /// Processes that start at once agree: whoever links the file first has made it, the others read it.
    public static func load(setting: String?, dataFolder: String) throws -> [MasterKey] {
        if let setting, !setting.isEmpty { return try MasterKey.list(base64: setting, source: "RELEVO_MASTER_KEY") }
        let path = dataFolder + "/" + name
        if let text = try read(path) { return try MasterKey.list(base64: text, source: path) }
        try create(MasterKey.generate(), at: path, in: dataFolder)
        guard let text = try read(path) else { throw failure("vanished after it was made", path) }
        return try MasterKey.list(base64: text, source: path)
    }

    /// The text of the file; nil when there is none.
    private static func read(_ path: String) throws -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            guard errno == ENOENT else { throw failure("cannot be read", path, errno) }
            return nil
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure("cannot be read", path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw failure("is not a file", path) }
        guard status.st_mode & 0o077 == 0 else {
            throw failure("can be read by others (mode \(String(status.st_mode & 0o777, radix: 8))); run chmod 600 on it", path)
        }
        // Room for some 80 keys; one is 45 bytes.
        var buffer = [UInt8](repeating: 0, count: 4096)
        var count = 0
        while count < buffer.count {
            let got = buffer.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress! + count, $0.count - count) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw failure("cannot be read", path, errno) }
            if got == 0 { return String(decoding: buffer[..<count], as: UTF8.self) }
            count += got
        }
        throw failure("is larger than a key file can be", path)
    }

    /// Writes the whole file under another name, then links it: it is never seen half written, and an existing one is never replaced.
    private static func create(_ key: MasterKey, at path: String, in folder: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CredentialError(.keyFile, "the data folder \(folder) cannot be made: \(error.localizedDescription)")
        }
        let temporary = "\(path).\(UUID().uuidString)"
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("cannot be made", path, errno) }
        defer { unlink(temporary) }
        let bytes = Array((key.base64 + "\n").utf8)
        let written = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        let synced = fsync(file)
        let reason = errno
        close(file)
        guard written == bytes.count, synced == 0 else { throw failure("cannot be written", path, reason) }
        guard link(temporary, path) == 0 || errno == EEXIST else { throw failure("cannot be made", path, errno) }
        // The name must survive a power cut as well: what is sealed under a lost key is lost.
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directory >= 0 {
            fsync(directory)
            close(directory)
        }
    }

    private static func failure(_ what: String, _ path: String, _ number: Int32? = nil) -> CredentialError {
        let reason = number.map { ": " + String(cString: strerror($0)) } ?? ""
        return CredentialError(.keyFile, "the key file \(path) \(what)\(reason)")
    }
}
