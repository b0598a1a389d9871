// SPDX-License-Identifier: MIT
import PhysicalMemory

/// A device that a device tree assigns to a purpose, such as the console.
public struct DeviceTreeDevice<Memory: PhysicalMemoryReader> {
  private let node: DeviceTreeNode<Memory>

  /// The addresses of the device's first register block, as the processor sees them.
  public let registers: AddressRange

  /// - Returns: nil if the device has no registers that the processor sees.
  init?(_ branch: DeviceTreeBranch<Memory>) {
    guard let registers = branch.registers else { return nil }
    self.registers = registers
    node = branch.last
  }

  /// Whether `name`, such as `arm,pl011` or `ns16550a`, is among the models that the device is
  /// compatible with.
  public func isCompatible(with name: StaticString) -> Bool { node.isCompatible(with: name) }
}
