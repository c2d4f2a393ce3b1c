import Foundation

/// The operating-system user PostgreSQL runs as: it refuses to run as root.
struct ClusterOwner: Sendable, Equatable {
    var name: String
    var user: uid_t
    var group: gid_t
    /// Whether commands have to change to it first.
    var isOther: Bool

    /// Ourselves; as root the user `postgres`, which the Debian package makes, else `nobody` is not used: it owns other programs' files.
    static func find() throws -> ClusterOwner {
        let user = geteuid()
        if user != 0 { return ClusterOwner(name: lookUp(user)?.name ?? "user \(user)", user: user, group: getegid(), isOther: false) }
        for name in ["postgres", "relevo"] {
            if let entry = getpwnam(name) {
                return ClusterOwner(name: name, user: entry.pointee.pw_uid, group: entry.pointee.pw_gid, isOther: true)
            }
        }
        throw PrivatePostgresError(
            .noUser,
            "PostgreSQL does not run as root, and there is no user postgres to run it as: run relevo as another user, or set RELEVO_DATABASE_URL"
        )
    }

    private static func lookUp(_ user: uid_t) -> (name: String, Void)? {
        getpwuid(user).map { (String(cString: $0.pointee.pw_name), ()) }
    }

    /// The operating-system names that may connect: the owner, and root when it is root that asks.
    var databaseUsers: [String] { isOther ? [name, "root"] : [name] }

    /// The command line that runs a program as this user.
    func command(_ path: String, _ arguments: [String]) throws -> (path: String, arguments: [String]) {
        guard isOther else { return (path, arguments) }
        for helper in ["/usr/bin/setpriv", "/bin/setpriv"] where FileManager.default.isExecutableFile(atPath: helper) {
            return (helper, ["--reuid", "\(user)", "--regid", "\(group)", "--clear-groups", "--", path] + arguments)
        }
        for helper in ["/usr/sbin/runuser", "/sbin/runuser"] where FileManager.default.isExecutableFile(atPath: helper) {
            return (helper, ["-u", name, "--", path] + arguments)
        }
        throw PrivatePostgresError(
            .noUser, "neither setpriv nor runuser is installed, so that root cannot run PostgreSQL as \(name): apt-get install util-linux")
    }

    func own(_ path: String) throws {
        guard isOther else { return }
        guard lchown(path, user, group) == 0 else {
            throw PrivatePostgresError(.folder, "\(path) cannot be given to user \(name): \(String(cString: strerror(errno)))")
        }
    }

    /// Whether this user can reach a folder, by the permission bits of every folder above it.
    func reaches(_ path: String) -> Bool {
        var folder = "/"
        for part in path.split(separator: "/") {
            guard let status = try? FileManager.default.attributesOfItem(atPath: folder), let mode = status[.posixPermissions] as? NSNumber
            else {
                return true
            }
            let owns = (status[.ownerAccountID] as? NSNumber)?.uint32Value == user
            let shares = (status[.groupOwnerAccountID] as? NSNumber)?.uint32Value == group
            if mode.intValue & (owns ? 0o100 : shares ? 0o010 : 0o001) == 0 { return false }
            folder += (folder == "/" ? "" : "/") + part
        }
        return true
    }
}
