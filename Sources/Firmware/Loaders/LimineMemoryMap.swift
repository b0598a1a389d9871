// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// The response to a memory map request of the Limine boot protocol.
///
/// Its pointers are virtual addresses in the loader's direct map of physical memory.
///
/// Source: The Limine Boot Protocol, "Memory Map Feature".
public struct LimineMemoryMap: BootProtocol {
  /// What the loader adds to a physical address to make a pointer (the response to the request for
  /// the higher-half direct map).
  public let directMapOffset: UInt64

  /// Makes the reader.
  public init(directMapOffset: UInt64) {
    self.directMapOffset = directMapOffset
  }

  /// Reads the response at `address`, which is physical: the pointer less the offset.
  ///
  /// - Throws: ``FirmwareError/unreadable(_:)`` where there is no memory map in reach.
  public func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    at address: PhysicalAddress, in memory: Memory, into information: inout BootInformation,
    reportingTo sink: inout Sink
  ) throws(FirmwareError) {
    let response = BoundedBytes(memory, at: address, byteCount: 24)
    guard let count = response.load(UInt64.self, at: 8),
      let pointer = response.load(UInt64.self, at: 16)
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
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: 8)
    let pointers = information.list(
      at: list.rawValue, byteCount: overflow ? .max : byteCount, in: memory,
      of: "Limine memory map", reportingTo: &sink)
    for number in 0..<pointers.byteCount / 8 {
      guard let pointer = pointers.load(UInt64.self, at: number * 8) else {
        sink.report(
          FirmwareProblem(
            "Limine memory map entry", number: number, at: list,
            "is out of reach, as are all behind it"))
        break
      }
      readEntry(
        number: number, pointer: pointer, in: memory, into: &information, reportingTo: &sink)
    }
    guard information.regions.count > 0 else {
      throw .unreadable(FirmwareProblem("Limine memory map", at: list, "has no entry in reach"))
    }
  }

  private func readEntry<Memory: PhysicalMemoryReader, Sink: TextSink>(
    number: UInt64, pointer: UInt64, in memory: Memory, into information: inout BootInformation,
    reportingTo sink: inout Sink
  ) {
    guard let address = physicalAddress(of: pointer),
      let start = memory.load(UInt64.self, at: address),
      let byteCount = address.advanced(byByteCount: 8).flatMap({
        memory.load(UInt64.self, at: $0)
      }),
      let type = address.advanced(byByteCount: 16).flatMap({ memory.load(UInt64.self, at: $0) })
    else {
      sink.report(
        FirmwareProblem(
          "Limine memory map entry", number: number, "is out of reach, its pointer is",
          value: pointer))
      return
    }
    information.appendRegion(
      start: start, byteCount: byteCount, kind: Self.kind(ofType: type),
      of: "Limine memory map entry", number: number, reportingTo: &sink)
    if let owner = Self.owner(ofType: type) {
      information.note(start: start, byteCount: byteCount, owner: owner)
    }
  }

  private func physicalAddress(of pointer: UInt64) -> PhysicalAddress? {
    guard pointer >= directMapOffset else { return nil }
    return PhysicalAddress(pointer - directMapOffset)
  }

  /// The kind of memory; what loader, kernel and modules fill is good memory that has an owner.
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
