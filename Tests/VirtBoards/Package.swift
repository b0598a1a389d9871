// swift-tools-version: 6.2
import PackageDescription

// A kernel for QEMU's machines `virt` that tells what the device tree says.
let package = Package(
  name: "VirtBoards",
  platforms: [.macOS(.v26)],
  dependencies: [.package(name: "swift-bootmem", path: "../..")],
  targets: [
    .target(name: "Start"),
    .executableTarget(
      name: "Kernel",
      dependencies: ["Start", .product(name: "Firmware", package: "swift-bootmem")],
      swiftSettings: [
        .swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error),
      ]),
  ]
)
