// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

// Each module knows only those named before it.  The same sources build for the host and, with a
// toolset from `scripts/toolsets`, as Embedded Swift for a bare machine.
let package = Package(
  name: "swift-bootmem",
  platforms: [.macOS(.v26)],
  products: [
    // A kernel takes what it needs of these; each has the modules that its users name in their code.
    // The allocator, for a kernel that knows its memory map:
    .library(name: "BootMemory", targets: ["BootMemory", "PhysicalMemory", "TextOutput"]),
    // Reading the map that firmware and loader hand over, for a kernel with any allocator:
    .library(
      name: "Firmware", targets: ["Firmware", "MemoryMap", "PhysicalMemory", "TextOutput"]),
    // The pages after the hand-over, from the allocator's own bitmaps:
    .library(
      name: "PageAllocator",
      targets: ["BootMemory", "PageAllocator", "PhysicalMemory", "TextOutput"]),
    // The first two, and the steps from the map to nodes with bitmaps:
    .library(
      name: "BootPlan",
      targets: [
        "BootMemory", "BootPlan", "Firmware", "MemoryMap", "PhysicalMemory", "TextOutput",
      ]),
    // The tool for a host.
    .executable(name: "bootmem", targets: ["BootmemTool"]),
  ],
  dependencies: [
    // Of the host tool alone; what boots depends on nothing.
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
  ],
  targets: [
    .target(name: "TextOutput", swiftSettings: settings),
    .target(name: "PhysicalMemory", swiftSettings: settings),
    .target(
      name: "MemoryMap", dependencies: ["PhysicalMemory", "TextOutput"], swiftSettings: settings),
    .target(
      name: "Firmware", dependencies: ["MemoryMap", "PhysicalMemory", "TextOutput"],
      swiftSettings: settings),
    .target(
      name: "BootMemory", dependencies: ["PhysicalMemory", "TextOutput"], swiftSettings: settings),
    .target(
      name: "PageAllocator", dependencies: ["BootMemory", "PhysicalMemory", "TextOutput"],
      swiftSettings: settings),
    .target(name: "CBootMemory"),
    .target(
      name: "BootMemoryC",
      dependencies: ["BootMemory", "CBootMemory", "PhysicalMemory", "TextOutput"],
      swiftSettings: settings),
    .target(
      name: "PageAllocatorC",
      dependencies: ["BootMemory", "CBootMemory", "PageAllocator", "PhysicalMemory", "TextOutput"],
      swiftSettings: settings),
    .target(
      name: "BootPlan",
      dependencies: ["BootMemory", "Firmware", "MemoryMap", "PhysicalMemory", "TextOutput"],
      swiftSettings: settings),
    .target(
      name: "TraceRecording", dependencies: ["BootMemory", "PhysicalMemory", "TextOutput"],
      swiftSettings: settings),
    .target(name: "Board", path: "boot"),
    .executableTarget(
      name: "Kernel",
      dependencies: [
        "Board", "BootMemory", "BootPlan", "Firmware", "MemoryMap", "PhysicalMemory", "TextOutput",
        "TraceRecording",
      ],
      swiftSettings: settings),
    .target(
      name: "BootMemoryTrace",
      dependencies: ["BootMemory", "PhysicalMemory", "TextOutput", "TraceRecording"],
      swiftSettings: settings),
    .target(
      name: "MapFiles", dependencies: ["Firmware", "MemoryMap", "PhysicalMemory", "TextOutput"],
      swiftSettings: settings),
    .target(
      name: "MemoryPictures",
      dependencies: [
        "BootMemory", "BootMemoryTrace", "BootPlan", "Firmware", "MapFiles", "MemoryMap",
        "PhysicalMemory", "TextOutput",
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "BootmemTool",
      dependencies: [
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        "BootMemory", "BootMemoryTrace", "BootPlan", "MapFiles", "MemoryMap", "MemoryPictures",
        "PhysicalMemory", "TextOutput",
      ],
      swiftSettings: settings),
    .target(
      name: "TestSupport", dependencies: ["TextOutput"], path: "Tests/TestSupport",
      swiftSettings: settings),
    .testTarget(
      name: "BootMemoryTests",
      dependencies: ["BootMemory", "BootMemoryTrace", "PhysicalMemory", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "PageAllocatorTests",
      dependencies: [
        "BootMemory", "BootMemoryTrace", "PageAllocator", "PhysicalMemory", "TestSupport",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "BootPlanTests",
      dependencies: [
        "BootMemory", "BootPlan", "Firmware", "MemoryMap", "PhysicalMemory", "TestSupport",
        "TextOutput",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "PhysicalMemoryTests", dependencies: ["PhysicalMemory"], swiftSettings: settings),
    .testTarget(name: "TextOutputTests", dependencies: ["TextOutput"], swiftSettings: settings),
    .testTarget(
      name: "MemoryMapTests", dependencies: ["MemoryMap", "PhysicalMemory", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "FirmwareTests",
      dependencies: ["Firmware", "MemoryMap", "PhysicalMemory", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "TraceRecordingTests",
      dependencies: [
        "BootMemory", "BootMemoryTrace", "PhysicalMemory", "TestSupport", "TraceRecording",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "MapFilesTests",
      dependencies: ["Firmware", "MapFiles", "MemoryMap", "PhysicalMemory"],
      swiftSettings: settings),
    .testTarget(
      name: "MemoryPicturesTests",
      dependencies: [
        "BootMemory", "BootMemoryTrace", "MapFiles", "MemoryMap", "MemoryPictures",
        "PhysicalMemory",
        "TestSupport",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "BootmemToolTests", dependencies: ["BootmemTool"], swiftSettings: settings),
  ]
)
