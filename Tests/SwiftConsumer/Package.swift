// swift-tools-version: 6.2
import PackageDescription

// A kernel as its author would begin it; a static library stands for the kernel's image.
let package = Package(
  name: "SwiftConsumer",
  platforms: [.macOS(.v26)],
  products: [.library(name: "SwiftConsumer", type: .static, targets: ["SwiftConsumer"])],
  dependencies: [
    // Elsewhere: .package(url: "https://…/swift-bootmem", from: "1.0.0")
    .package(name: "swift-bootmem", path: "../..")
  ],
  targets: [
    .target(
      name: "SwiftConsumer",
      dependencies: [.product(name: "BootMemory", package: "swift-bootmem")],
      swiftSettings: [.strictMemorySafety(), .treatAllWarnings(as: .error)])
  ]
)
