// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT
import PackageDescription

// What scripts/benchmark measures of the Swift API: a package that depends on this one, as a kernel
// does, and calls nothing but what is public.
let package = Package(
  name: "SwiftBenchmark",
  platforms: [.macOS(.v26)],
  dependencies: [.package(name: "swift-bootmem", path: "../../..")],
  targets: [
    .executableTarget(
      name: "SwiftBenchmark",
      dependencies: ["BootMemory", "PageAllocator", "KernelHeap"].map {
        .product(name: $0, package: "swift-bootmem")
      },
      swiftSettings: [.strictMemorySafety(), .treatAllWarnings(as: .error)])
  ]
)
