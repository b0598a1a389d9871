// swift-tools-version: 6.2
import PackageDescription

// The allocator alone, for a map that is known; a static library stands for the kernel's image.
let package = Package(
  name: "SwiftConsumer",
  platforms: [.macOS(.v26)],
  products: [.library(name: "SwiftConsumer", type: .static, targets: ["SwiftConsumer"])],
  dependencies: [.package(name: "swift-bootmem", path: "../..")],
  targets: [
    .target(
      name: "SwiftConsumer",
      dependencies: [.product(name: "BootMemory", package: "swift-bootmem")],
      swiftSettings: [.strictMemorySafety(), .treatAllWarnings(as: .error)])
  ]
)
