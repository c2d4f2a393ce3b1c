// swift-tools-version: 6.2
import PackageDescription

/// The same strictness for every target; each flag names its Swift Evolution proposal.
let strict: [SwiftSetting] = [
    // SE-0335: `any` is written out, so that the cost of an existential is seen.
    .enableUpcomingFeature("ExistentialAny"),
    // SE-0444: a member is visible only where its module is imported.
    .enableUpcomingFeature("MemberImportVisibility"),
    // SE-0409: an import is internal unless it is part of the API.
    .enableUpcomingFeature("InternalImportsByDefault"),
    // SE-0461: an async function stays on its caller's executor.
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// Named moments at which fault tests kill a process; not in release builds.
let crashPoints: SwiftSetting = .define("CRASH_POINTS", .when(configuration: .debug))

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let mustache: Target.Dependency = .product(name: "Mustache", package: "swift-mustache")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioFoundation: Target.Dependency = .product(name: "NIOFoundationCompat", package: "swift-nio")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let configuration: Target.Dependency = .product(name: "Configuration", package: "swift-configuration")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

func module(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], plugins: [Target.PluginUsage] = []) -> Target
{
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict, plugins: plugins)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

let package = Package(
    name: "relevo",
    products: [.executable(name: "relevo", targets: ["relevo"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        .target(name: "CrashPoints", swiftSettings: strict + [crashPoints]),
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        module("Postgres", ["CLibPQ", log, deque, lifecycle]),

        .executableTarget(name: "embed-sql", swiftSettings: strict),
        .plugin(name: "EmbedSQL", capability: .buildTool(), dependencies: ["embed-sql"], path: "Sources/EmbedSQLPlugin"),
        module("Schema", ["Postgres", crypto, log], plugins: ["EmbedSQL"]),

        module(
            "PhoneNumbers",
            exclude: ["Metadata/automaton.py", "Metadata/changes.py", "Metadata/generate.py", "Metadata/plan.py", "Metadata/plans.tsv"]),
        .target(
            name: "CloudAPI", dependencies: ["CrashPoints", httpClient, nioCore, nioPosix, nioHTTP, nioFoundation, crypto, log],
            swiftSettings: strict + [crashPoints]),
        module("Fleet", ["PhoneNumbers"]),
        module("Planner", ["Fleet", heap]),
        module("PlanReport", ["Fleet", "Planner"]),
        module("Jobs", ["Postgres", "CrashPoints", deque, log, lifecycle]),
        module("Credentials", ["Postgres", "CloudAPI", crypto, log]),
        module("Templates", ["Postgres", "Jobs", "CloudAPI", "Credentials", log]),
        module("Recipients", ["Postgres", "PhoneNumbers", log]),
        module(
            "Gateway",
            [
                "Postgres", "Jobs", "CloudAPI", "Credentials", "CrashPoints", "PhoneNumbers", "Recipients", "Templates", crypto, log,
                lifecycle,
            ]),
        module(
            "Migration",
            [
                "Postgres", "Jobs", "CloudAPI", "Credentials", "Fleet", "PhoneNumbers", "Planner", "Templates", "Recipients", "Gateway",
                crypto,
                log, lifecycle,
            ]),
        module(
            "Quality",
            ["Postgres", "Jobs", "CloudAPI", "PhoneNumbers", "Templates", "Recipients", "Gateway", log, lifecycle]),
        module(
            "Webhooks",
            [
                "Postgres", "Jobs", "CloudAPI", "Credentials", "Templates", "Recipients", "Gateway", "Migration", "Quality", crypto,
                httpClient,
                nioCore, nioPosix, nioHTTP, log,
                lifecycle,
            ]),
        module("Sandbox", ["PhoneNumbers", hummingbird, httpClient, nioCore, nioHTTP, nioFoundation, crypto, log, lifecycle, deque, heap]),
        module(
            "Server",
            [
                "Postgres", "Jobs", "CloudAPI", "PhoneNumbers", "Fleet", "Planner", "PlanReport", "Templates", "Recipients", "Gateway",
                "Migration", "Quality", "Webhooks", "Credentials", hummingbird, hummingbirdCore, httpTypes, mustache, httpClient,
                nioCore, nioHTTP, nioFoundation, crypto, log,
                lifecycle,
            ]),
        module(
            "App",
            [
                "Postgres", "Schema", "Jobs", "CrashPoints", "CloudAPI", "PhoneNumbers", "Fleet", "Planner", "Templates", "Recipients",
                "Gateway",
                "Migration",
                "Quality", "Webhooks", "Credentials", "Sandbox", "Server", configuration, httpClient, nioCore, nioHTTP, crypto, log,
                lifecycle, unixSignals,
            ]),
        module(
            "Benchmarks",
            [
                "App", "Postgres", "Schema", "Jobs", "CloudAPI", "Credentials", "Gateway", "Server", "PhoneNumbers", "Fleet", "Planner",
                httpClient,
                nioCore,
                nioPosix, nioHTTP, nioFoundation, log, lifecycle, unixSignals,
            ]),
        .executableTarget(
            name: "relevo",
            dependencies: [
                "App", "Benchmarks", "Postgres", "Schema", "Jobs", "Fleet", "Planner", "PlanReport", "PhoneNumbers", "Gateway", "Migration",
                "Templates",
                "Recipients", "Quality", "Credentials", "CloudAPI", "Sandbox", "Server", httpClient, arguments, log, lifecycle,
            ],
            exclude: ["Example"], swiftSettings: strict),

        .target(
            name: "TestProcesses",
            dependencies: [
                .product(name: "Subprocess", package: "swift-subprocess"), .product(name: "SystemPackage", package: "swift-system"),
            ], path: "Tests/TestProcesses", swiftSettings: strict),
        .target(
            name: "TestSupport", dependencies: ["Postgres", "Schema", crypto, log], path: "Tests/TestSupport", swiftSettings: strict),
        .target(name: "CloudShapes", dependencies: ["CloudAPI"], path: "Tests/CloudShapes", swiftSettings: strict),
        tests("PostgresTests", ["Postgres", "TestSupport", log]),
        tests("SchemaTests", ["Schema", "Postgres", "TestSupport", log]),
        tests("PhoneNumbersTests", ["PhoneNumbers", "TestProcesses"], exclude: ["Fixtures", "differential.py"]),
        tests("CredentialsTests", ["Credentials", "CloudAPI", "Postgres", "TestSupport", crypto, log]),
        tests("RecipientsTests", ["Recipients", "PhoneNumbers", "Postgres", "TestSupport", log]),
        tests("TemplatesTests", ["Templates", "Credentials", "CloudAPI", "Jobs", "Postgres", "TestSupport", httpClient, log]),
        tests("QualityTests", ["Quality", "Gateway", "Templates", "Jobs", "CloudAPI", "Postgres", "TestSupport", log]),
        tests(
            "WebhooksTests",
            [
                "Webhooks", "Gateway", "Quality", "Templates", "Credentials", "Recipients", "Jobs", "CloudAPI", "Postgres", "TestSupport",
                "CloudShapes", httpClient, hummingbird, nioCore, crypto, log,
            ]),
        tests(
            "CloudAPITests",
            ["CloudAPI", "CloudShapes", "TestSupport", httpClient, nioCore, nioPosix, nioEmbedded, nioHTTP, hummingbird, log]),
        tests("FleetTests", ["Fleet", "PhoneNumbers"]),
        tests("PlanReportTests", ["PlanReport", "Planner", "Fleet"]),
        tests("PlannerTests", ["Planner", "Fleet", "TestProcesses"], exclude: ["Checker"]),
        tests("JobsTests", ["Jobs", "Postgres", "Schema", "TestSupport", "TestProcesses", log]),
        tests(
            "GatewayTests",
            [
                "Gateway", "Credentials", "Recipients", "PhoneNumbers", "Jobs", "CloudAPI", "CloudShapes", "Postgres", "TestSupport",
                crypto, hummingbird, log, httpClient, nioCore,
            ]),
        tests(
            "MigrationTests",
            [
                "Migration", "Credentials", "Templates", "Gateway", "Recipients", "Jobs", "CloudAPI", "Fleet", "Planner", "Postgres",
                "TestSupport", crypto, httpClient, log,
            ]),
        tests("SandboxTests", ["Sandbox", httpClient, nioCore, nioHTTP, hummingbird, crypto, log]),
        tests(
            "ServerTests",
            [
                "Server", "Gateway", "CloudAPI", "Credentials", "Fleet", "Planner", "Jobs", "Migration", "Quality", "Templates", "Webhooks",
                "Postgres", "TestSupport", "CloudShapes", hummingbird, httpTypes, httpClient, nioCore, nioHTTP, log,
            ], exclude: ["ndjson.py"]),
        tests("BenchmarksTests", ["Benchmarks", httpClient, nioCore, nioHTTP, nioFoundation]),
        tests(
            "AppTests",
            [
                "App", "CloudAPI", "Credentials", "Templates", "Recipients", "Server", "Webhooks", "Postgres", "TestSupport",
                "TestProcesses",
                hummingbird, httpTypes, httpClient, log,
            ]),
        .executableTarget(
            name: "fault-worker",
            dependencies: ["Jobs", "CloudAPI", "CrashPoints", "Postgres", httpClient, arguments, log, lifecycle, unixSignals],
            path: "Tests/FaultWorker", swiftSettings: strict),
        tests(
            "FaultTests", ["CrashPoints", "Jobs", "Schema", "Postgres", "TestSupport", "TestProcesses", httpClient, nioCore, nioHTTP, log]),
        tests("EndToEndTests", ["TestSupport", "TestProcesses", "Postgres", httpClient, log], exclude: ["Clients"]),
    ],
    swiftLanguageModes: [.v6]
)
