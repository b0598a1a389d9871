// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

// The oracle reads device trees by libfdt, where `scripts/fuzz` has found it.
let hasLibfdt = Context.environment["BOOTMEM_LIBFDT"] != nil

// Programs that libFuzzer drives; `scripts/fuzz` builds and runs them.  A package of its own, so that
// every module under test is instrumented, and none for who depends on it.
let package = Package(
  name: "Fuzzing",
  platforms: [.macOS(.v26)],
  dependencies: [
    .package(name: "swift-bootmem", path: "../.."),
    .package(name: "bootmem", path: "../../Sources/Tool"),
  ],
  targets: [
    .target(
      name: "FuzzKit",
      dependencies: [.product(name: "BootMemory", package: "swift-bootmem")],
      swiftSettings: settings),
    // In C, and without a dependency: nothing of what is tested.
    .target(
      name: "Oracle",
      cSettings: hasLibfdt ? [.define("ORACLE_LIBFDT")] : [],
      linkerSettings: hasLibfdt ? [.linkedLibrary("fdt")] : []),
    // By itself, since it is built a second time with the words of a 32-bit machine.
    .executableTarget(
      name: "FuzzAllocators",
      dependencies: [
        "FuzzKit",
        .product(name: "BootMemory", package: "swift-bootmem"),
        .product(name: "KernelHeap", package: "swift-bootmem"),
        .product(name: "PageAllocator", package: "swift-bootmem"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "FuzzReaders",
      dependencies: [
        "FuzzKit", "Oracle",
        .product(name: "Bootmem", package: "swift-bootmem"),
        .product(name: "MemoryReports", package: "bootmem"),
      ],
      swiftSettings: settings),
  ]
)
