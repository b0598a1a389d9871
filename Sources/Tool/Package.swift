// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

// The tool for a host is a package of its own: it alone needs the argument parser, and whoever
// depends on the package of the library must not have to fetch that.
let package = Package(
  name: "bootmem",
  platforms: [.macOS(.v26)],
  products: [.executable(name: "bootmem", targets: ["BootmemTool"])],
  dependencies: [
    .package(name: "swift-bootmem", path: "../.."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
  ],
  targets: [
    .executableTarget(
      name: "BootmemTool",
      dependencies: [
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "MemoryReports", package: "swift-bootmem"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "BootmemToolTests", dependencies: ["BootmemTool"], swiftSettings: settings),
  ]
)
