// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// Linux's list of `setup_data`: blocks that loader and firmware chain to the boot parameters.
///
/// A block is `next` (64 bits), `type` and `byte count` (32 bits each), and that many bytes.
///
/// Source: Linux's documentation, `arch/x86/boot`, field `setup_data`.
struct LinuxSetupData {
  /// Where the first block lies; address 0 is the end of the list.
  let first: PhysicalAddress

  /// More blocks than any loader chains: a list that is longer runs in a circle.
  private static var countLimit: Int { 64 }

  private static var headerByteCount: UInt64 { 16 }

  /// `SETUP_E820_EXT`: entries of the memory map that found no room in the zero page.
  private static var extendedMap: UInt32 { 1 }

  /// `SETUP_INDIRECT`: the data lies elsewhere.
  private static var indirect: UInt32 { 0x8000_0000 }

  /// Appends further entries of the memory map to the regions, and all blocks to the loader's ranges.
  func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    in memory: Memory, into information: inout BootInformation, reportingTo sink: inout Sink
  ) {
    var address = first
    var number = 0
    while address.rawValue != 0 {
      guard number < Self.countLimit else {
        sink.report(
          FirmwareProblem("Linux setup data", number: UInt64(number), at: address, "has no end"))
        return
      }
      let header = BoundedBytes(memory, at: address, byteCount: Self.headerByteCount)
      guard let next = header.load(UInt64.self, at: 0), let type = header.load(UInt32.self, at: 8),
        let byteCount = header.load(UInt32.self, at: 12)
      else {
        sink.report(
          FirmwareProblem(
            "Linux setup data", number: UInt64(number), at: address,
            "is out of reach; the rest is ignored"))
        return
      }
      let block = BoundedBytes(
        memory, at: address, byteCount: UInt64(byteCount) + Self.headerByteCount)
      information.heldRanges.append(block.range, .setupData(number))
      if let data = block.suffix(from: Self.headerByteCount) {
        read(data, type: type, number: number, into: &information, reportingTo: &sink)
      }
      address = PhysicalAddress(next)
      number += 1
    }
  }

  private func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    _ data: BoundedBytes<Memory>, type: UInt32, number: Int,
    into information: inout BootInformation, reportingTo sink: inout Sink
  ) {
    switch type {
    case Self.extendedMap:
      E820Table(entryCount: data.byteCount / 20)
        .readEntries(
          at: data.range.start.rawValue, in: data.memory, of: "Linux extended e820 entry",
          into: &information, reportingTo: &sink)
    case Self.indirect:
      // Type and a reserved number, then size and address of 64 bits.
      guard let byteCount = data.load(UInt64.self, at: 8),
        let start = data.load(UInt64.self, at: 16)
      else { return }
      information.note(start: start, byteCount: byteCount, owner: .setupData(number))
    default:
      break
    }
  }
}
