// SPDX-License-Identifier: MIT
import TextOutput

/// What a region of the physical address space is good for.
///
/// The order of the cases is the order of usability: where two regions overlap, the memory has the
/// greater, less usable kind.
public enum MemoryKind: UInt8, Comparable, Sendable {
  /// Working memory, free for the kernel.
  case usable

  /// Memory set aside for a special purpose (EFI attribute SP); good memory, but not for the
  /// kernel.
  case softReserved

  /// ACPI tables: usable after the kernel has read them.
  case acpiReclaimable

  /// Memory that keeps its contents without power.
  case persistent

  /// ACPI's non-volatile sleeping storage: never to be touched.
  case acpiNonVolatile

  /// Reserved by the firmware, or of an unknown type.
  case reserved

  /// Memory in which errors were found.
  case unusable

  /// Memory that must not even be mapped, since the processor may read ahead of what a program asks
  /// for (`no-map` in a device tree).
  case noMap

  /// The number of kinds; raw values run from 0 up to, but not including, it.
  @usableFromInline static var count: Int { 8 }

  /// Whether `left` is more usable than `right`.
  @inlinable
  public static func < (left: MemoryKind, right: MemoryKind) -> Bool {
    left.rawValue < right.rawValue
  }

  /// The name as one word, as a printed map shows it.
  public var name: StaticString {
    switch self {
    case .usable: "usable"
    case .softReserved: "soft_reserved"
    case .acpiReclaimable: "acpi_data"
    case .persistent: "persistent"
    case .acpiNonVolatile: "acpi_nvs"
    case .reserved: "reserved"
    case .unusable: "unusable"
    case .noMap: "no-map"
    }
  }
}
