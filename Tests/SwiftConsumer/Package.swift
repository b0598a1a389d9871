// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [.strictMemorySafety(), .treatAllWarnings(as: .error)]

// Kernels as their authors would begin them.
let package = Package(
  name: "SwiftConsumer",
  platforms: [.macOS(.v26)],
  products: [
    // An image that boots on a PC.
    .executable(name: "SwiftKernel", targets: ["SwiftKernel"]),
    // The allocator alone, for a map that is known; a static library stands for the image.
    .library(name: "SwiftConsumer", type: .static, targets: ["SwiftConsumer"]),
    // What Swift's own collections ask for besides, in the same way.
    .library(name: "HeapConsumer", type: .static, targets: ["HeapConsumer"]),
  ],
  dependencies: [
    // Elsewhere: .package(url: "https://…/swift-bootmem", branch: "main")
    .package(name: "swift-bootmem", path: "../..")
  ],
  targets: [
    // Room in the image for the tables: uninitialised memory, which only C can name, and its use.
    .target(name: "ImageStorage"),
    .target(name: "StaticStorage", dependencies: ["ImageStorage"], swiftSettings: settings),
    // Where the kernel is entered, and what compilers call.
    .target(name: "Machine"),
    .executableTarget(
      name: "SwiftKernel",
      dependencies: [
        "Machine", "StaticStorage", .product(name: "Bootmem", package: "swift-bootmem"),
      ],
      swiftSettings: settings),
    .target(
      name: "SwiftConsumer",
      dependencies: ["StaticStorage", .product(name: "BootMemory", package: "swift-bootmem")],
      swiftSettings: settings),
    .target(
      name: "HeapConsumer",
      dependencies: [.product(name: "KernelHeap", package: "swift-bootmem")],
      swiftSettings: settings),
  ]
)
