// SPDX-License-Identifier: MIT
import FuzzKit

private let target = FuzzTarget.named(in: [
  FuzzTarget("account", AccountTarget.run),
  FuzzTarget("acpi", NodeTargets.acpi),
  FuzzTarget("command-line", TextTargets.commandLine),
  FuzzTarget("device-tree", NodeTargets.deviceTree),
  FuzzTarget("e820", TableTargets.e820),
  FuzzTarget("efi", TableTargets.efi),
  FuzzTarget("ledger", LedgerTarget.run),
  FuzzTarget("limine", TableTargets.limine),
  FuzzTarget("map-file", TextTargets.mapFile),
  FuzzTarget("multiboot1", TableTargets.multiboot1),
  FuzzTarget("multiboot2", TableTargets.multiboot2),
  FuzzTarget("pvh", TableTargets.pvh),
  FuzzTarget("trace", TextTargets.trace),
  FuzzTarget("zero-page", TableTargets.zeroPage),
])

/// What libFuzzer calls with each input.
@c public func LLVMFuzzerTestOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  unsafe target.run(bytes, count)
}
