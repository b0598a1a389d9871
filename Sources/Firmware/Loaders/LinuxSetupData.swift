// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// Linux's `setup_data` list: blocks that loader and firmware chain to the boot parameters.
///
/// A block is `next` (64 bits), `type` and `byte count` (32 bits each), and that many bytes.
///
/// Source: Linux's documentation, `arch/x86/boot`, field `setup_data`.
struct LinuxSetupData {
  /// The address of the first block; address 0 ends the list.
  let first: PhysicalAddress

  /// More blocks than any loader chains: a longer list is taken for a cycle.
  private static var countLimit: Int { 64 }

  /// The fields of a block before its data.
  private enum Header {
    static var next: Field<UInt64> { 0 }
    static var type: Field<UInt32> { 8 }
    static var length: Field<UInt32> { 12 }

    static var byteCount: UInt64 { 16 }
  }

  /// The fields of `setup_indirect` after its type and a reserved number.
  private enum Indirect {
    static var length: Field<UInt64> { 8 }
    static var address: Field<UInt64> { 16 }
  }

  /// The size in bytes of an entry of the memory map.
  private static var mapEntryByteCount: UInt64 { 20 }

  /// `SETUP_E820_EXT`: entries of the memory map that did not fit in the zero page.
  private static var extendedMap: UInt32 { 1 }

  /// `SETUP_INDIRECT`: the data lies elsewhere.
  private static var indirect: UInt32 { 0x8000_0000 }

  /// Appends further memory map entries to the regions, and all blocks to the loader's ranges.
  func read(
    with reading: inout BootReading<some PhysicalMemoryReader, some TextSink>
  ) {
    var address = first
    var number = 0
    while address.rawValue != 0 {
      guard number < Self.countLimit else {
        reading.report(
          FirmwareProblem("Linux setup data", number: UInt64(number), at: address, "has no end"))
        return
      }
      let header = reading.bytes(at: address, byteCount: Header.byteCount)
      guard let next = header.load(Header.next), let type = header.load(Header.type),
        let byteCount = header.load(Header.length)
      else {
        reading.report(
          FirmwareProblem(
            "Linux setup data", number: UInt64(number), at: address,
            "is out of reach; the rest is ignored"))
        return
      }
      let block = reading.bytes(
        at: address, byteCount: UInt64(byteCount) + Header.byteCount)
      reading.information.heldRanges.append(block.range, .setupData(number))
      if let data = block.suffix(from: Header.byteCount) {
        read(data, type: type, number: number, with: &reading)
      }
      address = PhysicalAddress(next)
      number += 1
    }
  }

  private func read<Memory>(
    _ data: BoundedBytes<Memory>, type: UInt32, number: Int,
    with reading: inout BootReading<Memory, some TextSink>
  ) {
    switch type {
    case Self.extendedMap:
      reading.reportRest(
        of: "Linux extended e820 map", at: data.range.start,
        data.byteCount % Self.mapEntryByteCount)
      E820Table(entryCount: data.byteCount / Self.mapEntryByteCount)
        .readEntries(
          at: data.range.start.rawValue, of: "Linux extended e820 entry", with: &reading)
    case Self.indirect:
      guard let byteCount = data.load(Indirect.length), let start = data.load(Indirect.address)
      else { return }
      reading.note(start: start, byteCount: byteCount, owner: .setupData(number))
    default:
      break
    }
  }
}
