// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// The protocols by which loaders hand over what they know: the name, the detection and the reader
/// of each.
///
/// A kernel that is only ever started by one loader uses that reader directly, such as
/// ``Multiboot2``, and links no other.
public enum KnownBootProtocol: BootProtocol, Hashable, Sendable {
  /// Multiboot 1.
  case multiboot1
  /// Multiboot 2.
  case multiboot2
  /// PVH, used by Xen, QEMU and Cloud Hypervisor.
  case pvh
  /// Linux's boot protocol for x86, with the zero page.
  case zeroPage
  /// Limine, with the parameters that its reader needs.
  case limine(LimineMemoryMap)
  /// EFI, with the parameters that its reader needs.
  case efi(EFIMemoryMap)
  /// A device tree.
  case deviceTree

  /// The protocol that a loader announces by a number in a register, EAX on x86; nil if the number
  /// is unknown.
  public init?(registerMagic magic: UInt32) {
    switch magic {
    case Multiboot1.magic: self = .multiboot1
    case Multiboot2.magic: self = .multiboot2
    case PVHStartInformation.magic: self = .pvh
    default: return nil
    }
  }

  /// The protocol whose magic number or signature is at `address`; nil if there is none, as with
  /// Multiboot 1, Limine and EFI, which have no mark of their own.
  ///
  /// - Complexity: O(n) in the number of Multiboot 2's tags.
  public init?(recognizing address: PhysicalAddress, in memory: some PhysicalMemoryReader) {
    if memory.load(at: address) == PVHStartInformation.magic {
      self = .pvh
    } else if memory.load(at: address) == DeviceTreeBlob.magic.byteSwapped {
      self = .deviceTree
    } else if LinuxBootParameters.hasSignature(at: address, in: memory) {
      self = .zeroPage
    } else if Multiboot2.isWhole(at: address, in: memory) {
      self = .multiboot2
    } else {
      return nil
    }
  }

  /// The protocol's name for human readers.
  public var name: StaticString {
    switch self {
    case .multiboot1: "Multiboot 1"
    case .multiboot2: "Multiboot 2"
    case .pvh: "PVH"
    case .zeroPage: "Linux boot protocol"
    case .limine: "Limine"
    case .efi: "EFI"
    case .deviceTree: "device tree"
    }
  }

  /// Reads the structure at `address`.
  ///
  /// - Throws: ``FirmwareError/unreadable(_:)`` if there is no memory map in reach.
  public func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    at address: PhysicalAddress, with reading: inout BootReading<Memory, Sink>
  ) throws(FirmwareError) {
    switch self {
    case .multiboot1: try Multiboot1().read(at: address, with: &reading)
    case .multiboot2: try Multiboot2().read(at: address, with: &reading)
    case .pvh: try PVHStartInformation().read(at: address, with: &reading)
    case .zeroPage: try LinuxBootParameters().read(at: address, with: &reading)
    case .limine(let reader): try reader.read(at: address, with: &reading)
    case .efi(let reader): try reader.read(at: address, with: &reading)
    case .deviceTree: try DeviceTreeBlob().read(at: address, with: &reading)
    }
  }
}
