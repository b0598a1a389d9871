// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// The response to a memory map request of the Limine boot protocol.
///
/// Its pointers are virtual addresses in the loader's direct map of physical memory.
///
/// Source: The Limine Boot Protocol, "Memory Map Feature".
public struct LimineMemoryMap: BootProtocol, Hashable, Sendable {
  /// The offset that the loader adds to a physical address to form a pointer, from the response to
  /// the request for the higher-half direct map.
  public let directMapOffset: UInt64

  /// The fields of `limine_memmap_response`, named as in the protocol.
  private enum Response {
    static var entryCount: Field<UInt64> { 8 }
    static var entries: Field<UInt64> { 16 }

    static var byteCount: UInt64 { 24 }
  }

  /// The fields of `limine_memmap_entry`.
  private enum Entry {
    static var base: Field<UInt64> { 0 }
    static var length: Field<UInt64> { 8 }
    static var type: Field<UInt64> { 16 }

    static var byteCount: UInt64 { 24 }
  }

  private static var pointerByteCount: UInt64 { 8 }

  /// Makes the reader.
  public init(directMapOffset: UInt64) {
    self.directMapOffset = directMapOffset
  }

  /// Reads the response at `address`, a physical address: the pointer minus the offset.
  ///
  /// - Throws: ``FirmwareError/unreadable(_:)`` if there is no memory map in reach.
  public func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    at address: PhysicalAddress, with reading: inout BootReading<Memory, Sink>
  ) throws(FirmwareError) {
    let response = reading.bytes(at: address, byteCount: Response.byteCount)
    guard let count = response.load(Response.entryCount),
      let pointer = response.load(Response.entries)
    else {
      throw .unreadable(
        FirmwareProblem("Limine memory map response", at: address, "is out of reach"))
    }
    guard let list = physicalAddress(of: pointer) else {
      throw .unreadable(
        FirmwareProblem(
          "Limine memory map response", at: address, "points outside the direct map",
          value: pointer))
    }
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: Self.pointerByteCount)
    let pointers = reading.list(
      at: list.rawValue, byteCount: overflow ? .max : byteCount, of: "Limine memory map")
    for number in 0..<pointers.byteCount / Self.pointerByteCount {
      guard let pointer = pointers.load(UInt64.self, at: number * Self.pointerByteCount)
      else {
        reading.report(
          FirmwareProblem(
            "Limine memory map entry", number: number, at: list,
            "is out of reach, as are all behind it"))
        break
      }
      readEntry(
        number: number, pointer: pointer, with: &reading)
    }
    guard reading.information.regions.count > 0 else {
      throw .unreadable(FirmwareProblem("Limine memory map", at: list, "has no entry in reach"))
    }
  }

  private func readEntry(
    number: UInt64, pointer: UInt64,
    with reading: inout BootReading<some PhysicalMemoryReader, some TextSink>
  ) {
    let entry = physicalAddress(of: pointer).map {
      BoundedBytes(reading.memory, at: $0, byteCount: Entry.byteCount)
    }
    guard let entry, let start = entry.load(Entry.base), let byteCount = entry.load(Entry.length),
      let type = entry.load(Entry.type)
    else {
      reading.report(
        FirmwareProblem(
          "Limine memory map entry", number: number, "is out of reach, its pointer is",
          value: pointer))
      return
    }
    reading.appendRegion(
      start: start, byteCount: byteCount, kind: Self.kind(ofType: type),
      of: "Limine memory map entry", number: number)
    if let owner = Self.owner(ofType: type) {
      reading.note(start: start, byteCount: byteCount, owner: owner)
    }
  }

  private func physicalAddress(of pointer: UInt64) -> PhysicalAddress? {
    guard pointer >= directMapOffset else { return nil }
    return PhysicalAddress(pointer - directMapOffset)
  }

  /// The kind of memory; memory that loader, kernel and modules occupy is usable, with an owner.
  private static func kind(ofType type: UInt64) -> MemoryKind {
    switch type {
    case 0, 5, 6: .usable
    case 2: .acpiReclaimable
    case 3: .acpiNonVolatile
    case 4: .unusable
    default: .reserved
    }
  }

  private static func owner(ofType type: UInt64) -> LoaderData? {
    switch type {
    case 5: .loaderReclaimable
    case 6: .kernelAndModules
    default: nil
    }
  }
}
