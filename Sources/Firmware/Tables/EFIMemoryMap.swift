// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// EFI's memory map, as `GetMemoryMap()` returns it and loaders pass it on.
///
/// Source: UEFI specification 2.10, section 7.2.3.
public struct EFIMemoryMap: BootProtocol, Hashable, Sendable {
  /// The size of the map in bytes.
  public let byteCount: UInt64

  /// The distance from one descriptor to the next, which firmware chooses: 40 bytes or more.
  public let descriptorByteCount: UInt64

  /// Whether EFI's boot services still run, and own their code and data.
  public let hasBootServices: Bool

  /// Makes a reader of a map of `byteCount` bytes.
  public init(byteCount: UInt64, descriptorByteCount: UInt64, hasBootServices: Bool = false) {
    self.byteCount = byteCount
    self.descriptorByteCount = descriptorByteCount
    self.hasBootServices = hasBootServices
  }

  /// Reads the map at `address`.
  ///
  /// - Throws: ``FirmwareError/unreadable(_:)`` if there is no memory map in reach.
  public func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    at address: PhysicalAddress, with reading: inout BootReading<Memory, Sink>
  ) throws(FirmwareError) {
    let range = AddressRange(start: address, clampingByteCount: byteCount)
    reading.information.heldRanges.append(range, .memoryMap)
    readDescriptors(at: address, with: &reading)
    guard reading.information.regions.count > 0 else {
      throw .unreadable(
        FirmwareProblem("EFI memory map", at: address, "has no descriptor in reach"))
    }
  }

  /// Appends the descriptors of the map at `start` to the regions, and the loader's memory to the
  /// loader's ranges.
  ///
  /// - Parameter notesLoader: Whether the loader's memory is held, as it must be if nothing else
  ///   tells what the loader left there.
  func readDescriptors(
    at start: PhysicalAddress, notesLoader: Bool = true,
    with reading: inout BootReading<some PhysicalMemoryReader, some TextSink>
  ) {
    guard descriptorByteCount >= EFIMemoryDescriptor.leastByteCount else {
      reading.report(
        FirmwareProblem(
          "EFI memory descriptor", at: start, "is too small, has size",
          value: descriptorByteCount))
      return
    }
    let map = reading.list(
      at: start.rawValue, byteCount: byteCount, of: "EFI memory map")
    reading.reportRest(of: "EFI memory map", at: start, byteCount % descriptorByteCount)
    for number in 0..<map.byteCount / descriptorByteCount {
      let offset = number * descriptorByteCount
      guard let descriptor = EFIMemoryDescriptor(map, at: offset) else {
        reading.report(
          FirmwareProblem(
            "EFI memory descriptor", number: number,
            at: map.range.start.advanced(byByteCount: offset),
            "is out of reach, as are all behind it"))
        return
      }
      reading.appendRegion(
        start: descriptor.start, byteCount: descriptor.byteCount,
        kind: descriptor.kind(hasBootServices: hasBootServices), of: "EFI memory descriptor",
        number: number)
      if notesLoader && descriptor.belongsToLoader {
        reading.note(
          start: descriptor.start, byteCount: descriptor.byteCount, owner: .loaderReclaimable)
      }
    }
  }
}
