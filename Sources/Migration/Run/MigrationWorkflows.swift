/// The workflows of this owner, by the names under which they are registered with the job engine.
package enum MigrationWorkflows {
    package static let number = "migration"
    package static let copy = "template_copy"
    /// The version of their step lists; runs carry it.
    package static let version = 1

    /// Carries out, or takes up again, a run of either workflow.
    package static func run(_ workflow: String, _ c: any RunContext, input: RunInput, world: World) async throws {
        if workflow == copy, let source = input.source, let destination = input.destination {
            try await CopyRun(c: c, world: world, plan: input.plan, source: source, destination: destination).run()
        } else if let ref = input.rowRef {
            try await NumberRun(c: c, world: world, ref: ref).run()
        }
    }
}
