// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT
import PackageDescription

// In Swift 5 mode: kernels that have not moved to 6 use the package too.  The examples are in Swift 6 mode.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v5), .strictMemorySafety(), .treatAllWarnings(as: .error),
]

// What kernels use of this package; Tests/Examples has whole kernels.
let package = Package(
  name: "SwiftConsumer",
  platforms: [.macOS(.v26)],
  products: [
    // The allocator alone, for a map that is known; a static library stands in for the image.
    .library(name: "SwiftConsumer", type: .static, targets: ["SwiftConsumer"])
  ],
  dependencies: [
    // Elsewhere: .package(url: "https://…/swift-bootmem", branch: "main")
    .package(name: "swift-bootmem", path: "../..")
  ],
  targets: [
    .target(
      name: "SwiftConsumer",
      dependencies: [.product(name: "BootMemory", package: "swift-bootmem")],
      swiftSettings: settings)
  ]
)
