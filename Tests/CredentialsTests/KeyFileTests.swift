import Foundation
import Testing

@testable import Credentials

@Suite struct KeyFileTests {
    /// A folder for one test, removed with it.
    final class Folder: Sendable {
        let path = FileManager.default.temporaryDirectory.appending(path: "relevo-\(UUID().uuidString)").path()
        var key: String { path + "/" + KeyFile.name }
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    let folder = Folder()

    @Test func theFirstUseMakesAFileOnlyTheOwnerCanRead() throws {
        let keys = try KeyFile.load(setting: nil, dataFolder: folder.path)
        let mode = try FileManager.default.attributesOfItem(atPath: folder.key)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(keys.count == 1)
        #expect(try KeyFile.load(setting: "", dataFolder: folder.path).map(\.id) == keys.map(\.id))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [KeyFile.name])
    }

    @Test func startersAtTheSameMomentAgree() async throws {
        let ids = try await withThrowingTaskGroup { [path = folder.path] group in
            for _ in 0..<16 { group.addTask { try KeyFile.load(setting: nil, dataFolder: path)[0].id } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [KeyFile.name])
    }

    @Test func theSettingWinsAndMakesNoFile() throws {
        let key = MasterKey.generate()
        #expect(try KeyFile.load(setting: key.base64, dataFolder: folder.path).map(\.id) == [key.id])
        #expect(!FileManager.default.fileExists(atPath: folder.path))
    }

    @Test func aFileOpenToOthersIsRefused() throws {
        _ = try KeyFile.load(setting: nil, dataFolder: folder.path)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: folder.key)
        let error = #expect(throws: CredentialError.self) { try KeyFile.load(setting: nil, dataFolder: folder.path) }
        #expect(error?.code == .keyFile && error?.message.contains("chmod 600") == true)
    }

    @Test func aDamagedFileIsToldAndNotReplaced() throws {
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        FileManager.default.createFile(atPath: folder.key, contents: Data("half a k".utf8), attributes: [.posixPermissions: 0o600])
        let error = #expect(throws: CredentialError.self) { try KeyFile.load(setting: nil, dataFolder: folder.path) }
        #expect(error?.code == .badMasterKey)
        #expect(error?.message.contains(folder.key) == true && error?.message.contains("half") == false)
        #expect(FileManager.default.contents(atPath: folder.key) == Data("half a k".utf8))
    }
}
