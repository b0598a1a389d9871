// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

// Unoptimised, as are the tests of the library's package.
let testSettings = settings + [.unsafeFlags(["-Onone"])]

// Host-only code is a package of its own: maps from files, reports, and the tool.  Only the tool
// needs the argument parser, which dependents of the library's package must not have to fetch.
let package = Package(
  name: "bootmem",
  platforms: [.macOS(.v26)],
  products: [
    .executable(name: "bootmem", targets: ["BootmemTool"]),
    .library(name: "MemoryReports", type: .static, targets: ["MapFiles", "MemoryReports"]),
  ],
  dependencies: [
    .package(name: "swift-bootmem", path: "../.."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
  ],
  targets: [
    .target(
      name: "MapFiles",
      dependencies: [.product(name: "Firmware", package: "swift-bootmem")],
      swiftSettings: settings),
    .target(
      name: "MemoryReports",
      dependencies: [
        "MapFiles",
        .product(name: "Bootmem", package: "swift-bootmem"),
        .product(name: "TraceReplay", package: "swift-bootmem"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "BootmemTool",
      dependencies: [
        "MapFiles", "MemoryReports",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),
    // A link to the folder beside the other tests, since a target cannot lie outside its package.
    .target(
      name: "TestSupport",
      dependencies: [.product(name: "BootPlan", package: "swift-bootmem")],
      path: "Tests/TestSupport", swiftSettings: settings),
    .testTarget(name: "MapFilesTests", dependencies: ["MapFiles"], swiftSettings: testSettings),
    .testTarget(
      name: "MemoryReportsTests", dependencies: ["MemoryReports", "TestSupport"],
      swiftSettings: testSettings),
    .testTarget(
      name: "BootmemToolTests", dependencies: ["BootmemTool"], swiftSettings: testSettings),
  ]
)
