// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

// The demonstration kernel is a package of its own: it is for the bare machine alone, and a package
// that depends on the library builds none of it.  `scripts/run` builds it, with a triple
// and a toolset of `scripts/toolsets`.
//
// `boot` is a link to the folder at the top, since a target cannot lie outside its package, and
// `linker` one for the toolsets, whose paths start here.
let package = Package(
  name: "kernel",
  products: [
    .executable(name: "Kernel", targets: ["Kernel"]),
    .executable(name: "KernelWithHeap", targets: ["KernelWithHeap"]),
  ],
  dependencies: [.package(name: "swift-bootmem", path: "../..")],
  targets: [
    .target(name: "Board", path: "boot"),
    // What both kernels have in common.
    .target(
      name: "DemonstrationKernel",
      dependencies: [
        "Board",
        .product(name: "BootMemoryTrace", package: "swift-bootmem"),
        .product(name: "Bootmem", package: "swift-bootmem"),
        .product(name: "PageAllocator", package: "swift-bootmem"),
        .product(name: "PageCaches", package: "swift-bootmem"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "Kernel", dependencies: ["DemonstrationKernel"], swiftSettings: settings),
    // The kernel that also serves Swift's own classes and collections: only its image has a heap.
    .executableTarget(
      name: "KernelWithHeap",
      dependencies: [
        "Board", "DemonstrationKernel",
        .product(name: "KernelHeap", package: "swift-bootmem"),
      ],
      swiftSettings: settings),
  ]
)
