import Foundation

/// Where the files of a private cluster are.
struct ClusterPlace: Sendable, Equatable {
    /// `<data folder>/postgres`, with links resolved.
    var root: String
    var data: String { root + "/data" }
    var log: String { root + "/server.log" }
    var startLock: String { root + "/start.lock" }
    var useLock: String { root + "/use.lock" }

    /// What a socket's path may be long, with its zero: `sun_path`.
    static let longestSocketPath = 107
    static let socketName = "/.s.PGSQL.5432"

    /// Makes the folders, and gives the cluster's to its owner.
    ///
    /// When root keeps its data where the cluster's user cannot go (under `/root`), the cluster lives under `/var/lib/relevo`, and a link
    /// in the data folder leads there.
    static func prepare(dataFolder: String, owner: ClusterOwner) throws -> ClusterPlace {
        try make(dataFolder, mode: 0o700)
        // The cluster's user has to pass through; everything else in the folder has modes of its own.
        if owner.isOther { chmod(dataFolder, 0o711) }
        let wanted = dataFolder + "/postgres"
        let resolved = URL(fileURLWithPath: wanted).resolvingSymlinksInPath().path
        var root = resolved
        if owner.isOther && !owner.reaches(wanted) && resolved == wanted {
            // A new name each time: what a folder that was deleted had once is not this folder's.
            root = "/var/lib/relevo/\(UUID().uuidString.prefix(12).lowercased())"
            try make("/var/lib/relevo", mode: 0o711)
            guard symlink(root, wanted) == 0 || errno == EEXIST else {
                throw PrivatePostgresError(.folder, "\(wanted) cannot be made: \(String(cString: strerror(errno)))")
            }
            // Another process may have been first; its link counts.
            root = URL(fileURLWithPath: wanted).resolvingSymlinksInPath().path
        }
        try make(root, mode: 0o700)
        try owner.own(root)
        guard owner.reaches(root) else {
            throw PrivatePostgresError(
                .folder,
                "user \(owner.name), as whom PostgreSQL runs, cannot reach \(root): open the folders above it, or set RELEVO_DATA_DIR")
        }
        return ClusterPlace(root: root)
    }

    /// A folder for the socket whose path is short enough: beside the cluster, else a new one for this start.
    func socketFolder(owner: ClusterOwner) throws -> String {
        let near = root + "/socket"
        if near.utf8.count + Self.socketName.utf8.count < Self.longestSocketPath {
            try Self.make(near, mode: 0o700)
            try owner.own(near)
            return near
        }
        let runtime = owner.isOther ? nil : ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"]
        for parent in [runtime, "/tmp"].compactMap({ $0 }) where parent.utf8.count < 70 {
            var name = Array("\(parent)/relevo-XXXXXX".utf8CString)
            guard mkdtemp(&name) != nil else { continue }
            let folder = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            try owner.own(folder)
            return folder
        }
        throw PrivatePostgresError(.folder, "no folder for PostgreSQL's socket: \(near) is too long and /tmp cannot be written")
    }

    private static func make(_ path: String, mode: Int) throws {
        do {
            // The mode is for this folder only; those above it are made as usual.
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            if !FileManager.default.fileExists(atPath: path) {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
            }
        } catch {
            throw PrivatePostgresError(
                .folder, "the folder \(path) cannot be made (\((error as NSError).localizedDescription)); set RELEVO_DATA_DIR")
        }
    }
}
