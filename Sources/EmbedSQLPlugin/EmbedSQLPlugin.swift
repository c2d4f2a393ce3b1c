import Foundation
import PackagePlugin

/// Embeds `sql/*.sql` of the package into the target that uses the plugin.
@main
struct EmbedSQLPlugin: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        // A folder that is a link is listed as empty.
        let folder = context.package.directoryURL.appending(path: "sql").resolvingSymlinksInPath()
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "sql" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
        // A program without its schema would take every database for a newer one.
        guard !files.isEmpty else { throw NoFiles(folder: folder.path()) }
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedMigrations.swift")
        return [
            .buildCommand(
                displayName: "Embedding \(files.count) SQL files",
                executable: try context.tool(named: "embed-sql").url,
                arguments: [output.path()] + files.map { $0.path() },
                inputFiles: files,
                outputFiles: [output])
        ]
    }
}

private struct NoFiles: Error, CustomStringConvertible {
    let folder: String
    var description: String { "no .sql files in \(folder)" }
}
