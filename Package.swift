// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

// Most tests are short: optimising them takes longer than running them.  What they test is optimised
// in a release build all the same, and so are the models with their millions of calls.
let testSettings = settings + [.unsafeFlags(["-Onone"])]

// Each module knows only those named before it.  The same sources build for the host and, with a
// toolset from `scripts/toolsets`, as Embedded Swift for a bare machine.
let package = Package(
  name: "swift-bootmem",
  platforms: [.macOS(.v26)],
  products: [
    // Static, so that `swift build --product` builds what it names: of a product without a type it
    // builds the whole package.  Who depends on one gets its modules either way.
    //
    // A kernel takes what it needs of these; each has the modules that its users name in their code.
    // The allocator, for a kernel that knows its memory map:
    .library(
      name: "BootMemory", type: .static,
      targets: ["BootMemory", "PhysicalMemory", "TextOutput"]),
    // Reading the map that firmware and loader hand over, for a kernel with any allocator:
    .library(
      name: "Firmware", type: .static,
      targets: ["Firmware", "MemoryMap", "MemoryTesting", "PhysicalMemory", "TextOutput"]),
    // The pages after the hand-over, from the allocator's own bitmaps:
    .library(
      name: "PageAllocator", type: .static,
      targets: ["BootMemory", "PageAllocator", "PhysicalMemory", "TextOutput"]),
    // The same for many processors, with some pages for each:
    .library(
      name: "PageCaches", type: .static,
      targets: ["BootMemory", "PageAllocator", "PageCaches", "PhysicalMemory", "TextOutput"]),
    // Objects of any size from these two, and what Swift's own classes and collections ask a kernel for:
    .library(
      name: "KernelHeap", type: .static,
      targets: [
        "BootMemory", "KernelHeap", "PageAllocator", "PhysicalMemory", "RuntimeHeap", "TextOutput",
      ]),
    // The first two, and the steps from the map to nodes with bitmaps:
    .library(
      name: "BootPlan", type: .static,
      targets: [
        "BootMemory", "BootPlan", "Firmware", "MemoryMap", "PhysicalMemory", "TextOutput",
      ]),
    // All of it by one import, with one error for all stages.  All modules are named: one that is
    // only re-exported can change without its users being built anew.
    .library(
      name: "Bootmem", type: .static,
      targets: [
        "BootMemory", "BootPlan", "Bootmem", "Firmware", "KernelHeap", "MemoryMap", "MemoryTesting",
        "PageAllocator", "PhysicalMemory", "TextOutput",
      ]),
    // Traces of calls, replayed on a host; the tool in `Sources/Tool` is built on it.
    .library(
      name: "TraceReplay", type: .static,
      targets: ["BootMemory", "BootMemoryTrace", "PhysicalMemory", "TraceReplay"]),
    // Calls that print themselves as a trace, for a kernel:
    .library(
      name: "BootMemoryTrace", type: .static,
      targets: ["BootMemory", "BootMemoryTrace", "PhysicalMemory", "TextOutput"]),
  ],
  targets: [
    .target(name: "TextOutput", swiftSettings: settings),
    .target(name: "PhysicalMemory", swiftSettings: settings),
    .target(
      name: "MemoryMap", dependencies: ["PhysicalMemory", "TextOutput"], swiftSettings: settings),
    .target(name: "MemoryTesting", dependencies: ["PhysicalMemory"], swiftSettings: settings),
    .target(
      name: "Firmware",
      dependencies: ["MemoryMap", "MemoryTesting", "PhysicalMemory", "TextOutput"],
      swiftSettings: settings),
    .target(name: "PageBitmap", dependencies: ["PhysicalMemory"], swiftSettings: settings),
    .target(
      name: "BootMemory", dependencies: ["PageBitmap", "PhysicalMemory", "TextOutput"],
      swiftSettings: settings),
    .target(
      name: "PageAllocator",
      dependencies: ["BootMemory", "PageBitmap", "PhysicalMemory", "TextOutput"],
      swiftSettings: settings),
    .target(name: "CPageCaches"),
    .target(
      name: "PageCaches",
      dependencies: [
        "BootMemory", "CPageCaches", "PageAllocator", "PhysicalMemory", "TextOutput",
      ],
      swiftSettings: settings),
    .target(
      name: "KernelHeap",
      dependencies: ["BootMemory", "PageAllocator", "PhysicalMemory", "TextOutput"],
      swiftSettings: settings),
    .target(name: "CRuntimeHeap"),
    .target(
      name: "RuntimeHeap",
      dependencies: [
        "BootMemory", "CRuntimeHeap", "KernelHeap", "PageAllocator", "PhysicalMemory", "TextOutput",
      ],
      swiftSettings: settings),
    .target(name: "CBootmem"),
    // Behind the headers for C, a target for each object of the archive:
    .target(
      name: "BootmemC",
      dependencies: ["BootMemory", "CBootmem", "PhysicalMemory", "TextOutput"],
      path: "Sources/BootmemC/Bootmem", swiftSettings: settings),
    .target(
      name: "BootmemPagesC",
      dependencies: ["BootMemory", "CBootmem", "PageAllocator", "PhysicalMemory", "TextOutput"],
      path: "Sources/BootmemC/Pages", swiftSettings: settings),
    .target(
      name: "BootmemHeapC",
      dependencies: [
        "BootMemory", "CBootmem", "KernelHeap", "PageAllocator", "PhysicalMemory", "TextOutput",
      ],
      path: "Sources/BootmemC/Heap", swiftSettings: settings),
    .target(
      name: "BootmemCachesC",
      dependencies: ["BootMemory", "CBootmem", "PageCaches"],
      path: "Sources/BootmemC/Caches", swiftSettings: settings),
    .target(
      name: "BootPlan",
      dependencies: ["BootMemory", "MemoryMap", "PhysicalMemory", "TextOutput"],
      swiftSettings: settings),
    .target(
      name: "BootmemLedgerC",
      dependencies: [
        "BootMemory", "BootPlan", "CBootmem", "MemoryMap", "PhysicalMemory", "TextOutput",
      ],
      path: "Sources/BootmemC/Ledger", swiftSettings: settings),
    .target(
      name: "Bootmem",
      dependencies: [
        "BootMemory", "BootPlan", "Firmware", "KernelHeap", "MemoryMap", "MemoryTesting",
        "PageAllocator", "PhysicalMemory", "TextOutput",
      ],
      swiftSettings: settings),
    // Traces of calls: their format and the recorder for every machine, the replayer for a host.
    .target(
      name: "BootMemoryTrace", dependencies: ["BootMemory", "PhysicalMemory", "TextOutput"],
      swiftSettings: settings),
    .target(
      name: "TraceReplay",
      dependencies: ["BootMemory", "BootMemoryTrace", "PhysicalMemory", "TextOutput"],
      swiftSettings: settings),
    .target(
      name: "TestSupport", dependencies: ["PhysicalMemory", "TextOutput"],
      path: "Tests/TestSupport",
      swiftSettings: settings),
    .target(
      name: "BitmapTestSupport", dependencies: ["PageBitmap", "TraceReplay"],
      path: "Tests/BitmapTestSupport", swiftSettings: settings),
    // What tests call most: models that an allocator must agree with, and random calls of both.
    .target(
      name: "BootMemoryModels",
      dependencies: [
        "BitmapTestSupport", "BootMemory", "PageBitmap", "PhysicalMemory", "TestSupport",
        "TraceReplay",
      ],
      path: "Tests/BootMemoryModels", swiftSettings: settings),
    .target(
      name: "PageAllocatorModels",
      dependencies: [
        "BootMemory", "PageAllocator", "PhysicalMemory", "TestSupport", "TraceReplay",
      ],
      path: "Tests/PageAllocatorModels", swiftSettings: settings),
    .target(
      name: "HeapModels",
      dependencies: [
        "BootMemory", "KernelHeap", "PageAllocator", "PhysicalMemory", "TestSupport",
        "TraceReplay",
      ],
      path: "Tests/HeapModels", swiftSettings: settings),
    .testTarget(
      name: "PageBitmapTests", dependencies: ["BitmapTestSupport", "PageBitmap", "TestSupport"],
      swiftSettings: testSettings),
    .testTarget(
      name: "BootMemoryTests",
      dependencies: [
        "BitmapTestSupport", "BootMemory", "BootMemoryModels", "BootMemoryTrace",
        "PhysicalMemory", "TestSupport", "TraceReplay",
      ],
      swiftSettings: testSettings),
    .testTarget(
      name: "PageAllocatorTests",
      dependencies: [
        "BootMemory", "BootMemoryTrace", "PageAllocator", "PageAllocatorModels", "PhysicalMemory",
        "TestSupport", "TraceReplay",
      ],
      swiftSettings: testSettings),
    .testTarget(
      name: "PageCachesTests",
      dependencies: [
        "BootMemory", "PageAllocator", "PageCaches", "PhysicalMemory", "TestSupport", "TraceReplay",
      ],
      swiftSettings: testSettings),
    .testTarget(
      name: "KernelHeapTests",
      dependencies: [
        "BootMemory", "CRuntimeHeap", "HeapModels", "KernelHeap", "PageAllocator",
        "PhysicalMemory", "RuntimeHeap", "TestSupport", "TraceReplay",
      ],
      swiftSettings: testSettings),
    .testTarget(
      name: "BootPlanTests",
      dependencies: [
        "BootMemory", "BootPlan", "MemoryMap", "PhysicalMemory", "TestSupport", "TextOutput",
      ],
      swiftSettings: testSettings),
    .testTarget(
      name: "BootmemTests",
      dependencies: [
        "BootMemory", "BootPlan", "Bootmem", "Firmware", "MemoryMap", "MemoryTesting",
        "PhysicalMemory", "TestSupport", "TextOutput",
      ],
      swiftSettings: testSettings),
    .testTarget(
      name: "MemoryTestingTests", dependencies: ["MemoryTesting", "PhysicalMemory"],
      swiftSettings: testSettings),
    .testTarget(
      name: "PhysicalMemoryTests", dependencies: ["PhysicalMemory"], swiftSettings: testSettings),
    .testTarget(name: "TextOutputTests", dependencies: ["TextOutput"], swiftSettings: testSettings),
    .testTarget(
      name: "MemoryMapTests", dependencies: ["MemoryMap", "PhysicalMemory", "TestSupport"],
      swiftSettings: testSettings),
    .testTarget(
      name: "FirmwareTests",
      dependencies: ["Firmware", "MemoryMap", "PhysicalMemory", "TestSupport"],
      swiftSettings: testSettings),
    .testTarget(
      name: "BootMemoryTraceTests",
      dependencies: [
        "BootMemory", "BootMemoryTrace", "PhysicalMemory", "TestSupport", "TraceReplay",
      ],
      swiftSettings: testSettings),
  ]
)

// scripts/test builds the tests of the page allocators for each size of pages, with words of 32 bits those of
// the heap too, those of caches with the thread sanitizer, and nothing that they do not need.
let selection = Context.environment["BOOTMEM_TARGETS"]
if selection == "page-allocators" || selection == "allocators" || selection == "page-caches" {
  var names: Set = [
    "PhysicalMemory", "TextOutput", "PageBitmap", "BootMemory", "BootMemoryTrace", "TraceReplay",
    "PageAllocator", "TestSupport",
  ]
  if selection != "page-caches" {
    names.formUnion([
      "BitmapTestSupport", "PageBitmapTests", "BootMemoryModels", "BootMemoryTests",
      "PageAllocatorModels", "PageAllocatorTests", "KernelHeap", "CRuntimeHeap", "RuntimeHeap",
      "HeapModels", "KernelHeapTests",
    ])
  }
  if selection != "page-allocators" {
    names.formUnion(["CPageCaches", "PageCaches", "PageCachesTests"])
  }
  package.products = []
  package.targets.removeAll { !names.contains($0.name) }
}
