// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT
import PackageDescription

let settings: [SwiftSetting] = [.strictMemorySafety(), .treatAllWarnings(as: .error)]

// A kernel as its author would begin it.
let package = Package(
  name: "SwiftKernel",
  platforms: [.macOS(.v26)],
  products: [.executable(name: "SwiftKernel", targets: ["SwiftKernel"])],
  dependencies: [
    // A clone beside this folder, or elsewhere; or .package(url: "https://…/swift-bootmem", branch: "main")
    .package(name: "swift-bootmem", path: Context.environment["BOOTMEM"] ?? "../swift-bootmem")
  ],
  targets: [
    // Room in the image for the tables: uninitialised memory, which only C can name.
    .target(name: "ImageStorage"),
    // Where the kernel is entered, and what compilers call.
    .target(name: "Machine"),
    .executableTarget(
      name: "SwiftKernel",
      dependencies: [
        "ImageStorage", "Machine", .product(name: "Bootmem", package: "swift-bootmem"),
      ],
      swiftSettings: settings),
  ]
)
