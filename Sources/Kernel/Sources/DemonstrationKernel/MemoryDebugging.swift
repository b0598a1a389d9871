// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryTrace
import BootPlan
import Firmware
import MemoryMap
import PhysicalMemory
import TextOutput

/// The debug mode of the ledger, `debug=KIND` on the command line: freed memory and the bytes
/// behind small allocations are checked, and a stray write made on request proves that none goes
/// unreported.
enum MemoryDebugging {
  /// No stray write: there is nothing to find.
  case on
  /// A write behind the end of an allocation.
  case behind
  /// A write to memory that was freed.
  case freed

  /// The most freed ranges that are checked at a time.
  static let freedCapacity = 64

  /// What a word asks for; nil if there is nothing of that name.
  init?(_ word: CommandLineWord) {
    if word.equals("on") {
      self = .on
    } else if word.equals("behind") {
      self = .behind
    } else if word.equals("freed") {
      self = .freed
    } else {
      return nil
    }
  }

  /// Makes the stray write, if one is asked for, and checks all memory.
  func run(
    on memory: inout RecordedMemory, owners: inout OwnerTable, console: inout Console
  ) throws(KernelError) {
    do throws(BootMemoryError) {
      try write(to: &memory, owners: &owners)
    } catch {
      throw .bootMemory(error)
    }
    guard memory.checkMemory(in: &owners) == 0, owners.checks.violationCount == 0 else {
      throw .broken("memory was written to that is not the writer's")
    }
    console.write("memory check: nothing is wrong\n")
  }

  private func write(
    to memory: inout RecordedMemory, owners: inout OwnerTable
  ) throws(BootMemoryError) {
    switch self {
    case .on: return
    case .behind:
      let byteCount: UInt64 = 100
      let start = try memory.allocate(
        .cacheLines(byteCount: byteCount), as: "array of 100 bytes", in: &owners)
      unsafe memory.pointer(to: start)?
        .storeBytes(of: 0x41, toByteOffset: Int(byteCount), as: UInt8.self)
    case .freed:
      let byteCount = PageFrame.byteCount
      let start = try memory.allocate(
        .pages(byteCount: byteCount), as: "page of the one before", in: &owners)
      try memory.free(
        AddressRange(start: start, clampingByteCount: byteCount), in: &owners)
      unsafe memory.pointer(to: start)?.storeBytes(of: 0x41, as: UInt8.self)
    }
  }
}
