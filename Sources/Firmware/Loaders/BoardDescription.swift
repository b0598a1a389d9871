// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Where a machine describes what its memory map does not: which memory is near which processors,
/// and where tables lie in memory that the map calls usable.
public enum BoardDescription: Equatable, Sendable {
  /// Nowhere that the loader's protocol specifies.
  case none

  /// In ACPI's tables and the BIOS data, which are also searched for below 1 MiB.
  case pc

  /// In the device tree at this address.
  case deviceTree(PhysicalAddress)
}

extension BootProtocol {
  /// Nowhere, unless the protocol is specific to one kind of machine.
  public func boardDescription(at address: PhysicalAddress) -> BoardDescription { .none }
}

extension Multiboot1 {
  /// A PC.
  public func boardDescription(at address: PhysicalAddress) -> BoardDescription { .pc }
}

extension Multiboot2 {
  /// A PC.
  public func boardDescription(at address: PhysicalAddress) -> BoardDescription { .pc }
}

extension PVHStartInformation {
  /// A virtual PC.
  public func boardDescription(at address: PhysicalAddress) -> BoardDescription { .pc }
}

extension LinuxBootParameters {
  /// A PC.
  public func boardDescription(at address: PhysicalAddress) -> BoardDescription { .pc }
}

extension DeviceTreeBlob {
  /// The tree itself.
  public func boardDescription(at address: PhysicalAddress) -> BoardDescription {
    .deviceTree(address)
  }
}

extension KnownBootProtocol {
  /// The description that the protocol's own reader gives.
  public func boardDescription(at address: PhysicalAddress) -> BoardDescription {
    switch self {
    case .multiboot1, .multiboot2, .pvh, .zeroPage: .pc
    case .limine, .efi: .none
    case .deviceTree: .deviceTree(address)
    }
  }
}
