// SPDX-License-Identifier: MIT
import Firmware
import FuzzKit

private let target = FuzzTarget.named(in: [
  FuzzTarget("acpi", NodeTargets.acpi),
  FuzzTarget("command-line", TextTargets.commandLine),
  FuzzTarget("device-tree", NodeTargets.deviceTree),
  FuzzTarget("e820", TableTargets.e820),
  FuzzTarget("efi", TableTargets.efi),
  FuzzTarget("limine", TableTargets.limine),
  FuzzTarget("map-file", TextTargets.mapFile),
  FuzzTarget("multiboot1") { LoaderTarget.run(Multiboot1(), &$0) },
  FuzzTarget("multiboot2") { LoaderTarget.run(Multiboot2(), &$0) },
  FuzzTarget("pvh") { LoaderTarget.run(PVHStartInformation(), &$0) },
  FuzzTarget("trace", TextTargets.trace),
  FuzzTarget("zero-page") { LoaderTarget.run(LinuxBootParameters(), &$0) },
])

/// What libFuzzer calls with each input.
@c public func LLVMFuzzerTestOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  unsafe target.run(bytes, count)
}
