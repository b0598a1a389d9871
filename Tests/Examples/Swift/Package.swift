// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT
import PackageDescription

let settings: [SwiftSetting] = [.strictMemorySafety(), .treatAllWarnings(as: .error)]

// As set for `make`: a Raspberry Pi 3 is entered, and prints, differently from QEMU's board.
let isRaspberryPi = Context.environment["ARCH"] == "raspi3b"

// A kernel as its author would begin it, one that goes on to a page allocator, and one that goes on
// to Swift's classes and collections.
let package = Package(
  name: "SwiftKernel",
  platforms: [.macOS(.v26)],
  products: [
    .executable(name: "SwiftKernel", targets: ["SwiftKernel"]),
    .executable(name: "PagesKernel", targets: ["PagesKernel"]),
    .executable(name: "HeapKernel", targets: ["HeapKernel"]),
  ],
  dependencies: [
    // A clone beside this folder, or elsewhere; or .package(url: "https://…/swift-bootmem", branch: "main")
    .package(name: "swift-bootmem", path: Context.environment["BOOTMEM"] ?? "../swift-bootmem")
  ],
  targets: [
    // Room in the image for the tables: uninitialised memory, which only C can name.
    .target(name: "ImageStorage"),
    // Where the kernel is entered, and what compilers call.
    .target(name: "Machine", cSettings: isRaspberryPi ? [.define("RASPI3B")] : []),
    // The machine's side in Swift: the console, and what the loader left.
    .target(
      name: "MachineSupport",
      dependencies: ["Machine", .product(name: "Bootmem", package: "swift-bootmem")],
      swiftSettings: settings + (isRaspberryPi ? [.define("RASPI3B")] : [])),
    .executableTarget(
      name: "SwiftKernel",
      dependencies: [
        "ImageStorage", "MachineSupport", .product(name: "Bootmem", package: "swift-bootmem"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "PagesKernel",
      dependencies: [
        "ImageStorage", "MachineSupport", .product(name: "Bootmem", package: "swift-bootmem"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "HeapKernel",
      dependencies: [
        "ImageStorage", "MachineSupport", .product(name: "Bootmem", package: "swift-bootmem"),
        .product(name: "KernelHeap", package: "swift-bootmem"),
      ],
      swiftSettings: settings),
  ]
)
