// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import CBootmem
import MemoryMap
import PhysicalMemory
import TextOutput

/// The ledger that every call works on, which is all the global state that there is here.
///
/// Its storage is defined in C, as that of `BootMemory` is; before `bootmem_set_ledger` it is all
/// zeros, which is a table without room.
enum LedgerState {
  static var table: UnsafeMutablePointer<OwnerTable> {
    unsafe bootmem_ledger_pointer().unsafelyUnwrapped.assumingMemoryBound(to: OwnerTable.self)
  }

  /// Boot memory itself, to look at.
  static var memory: UnsafeMutablePointer<BootMemory> {
    unsafe bootmem_core_pointer().unsafelyUnwrapped.assumingMemoryBound(to: BootMemory.self)
  }

  /// A sink in front of `platform.write`.
  static var sink: LineSink {
    unsafe LineSink(context: nil, write: writeLine)
  }

  /// Writes a line to `platform.write`: the one of today, since a ledger outlasts a platform.
  private static var writeLine: BootMemoryPlatform.Write {
    { _, text, byteCount in
      let platform = unsafe bootmem_platform_pointer().unsafelyUnwrapped
      unsafe platform.pointee.write?(
        platform.pointee.context, UnsafeRawPointer(text)?.assumingMemoryBound(to: CChar.self),
        Int(bitPattern: byteCount))
    }
  }

  /// Room for ranges in storage of C's; nil if that is wrong.
  static func storage(
    _ entries: UnsafeMutablePointer<bootmem_entry>?, _ capacity: UInt
  ) -> UnsafeMutableBufferPointer<OwnedRange>? {
    if MemoryLayout<OwnerTable>.size > BOOTMEM_LEDGER_SIZE
      || MemoryLayout<OwnedRange>.stride > BOOTMEM_ENTRY_SIZE
    {
      bootmem_room_is_too_small()
    }
    guard let capacity = Int(exactly: capacity), unsafe capacity == 0 || entries != nil else {
      return nil
    }
    let start = unsafe UnsafeMutableRawPointer(entries)?.assumingMemoryBound(to: OwnedRange.self)
    return unsafe UnsafeMutableBufferPointer(start: capacity == 0 ? nil : start, count: capacity)
  }

  /// Switches the debug mode on.
  static func startChecking(_ freed: UnsafeMutableBufferPointer<OwnedRange>) {
    unsafe table.pointee.startChecking(freedRanges: freed, context: nil, write: writeLine)
  }

  /// Says that the ledger is full, if it is for the first time since it had left out so many.
  static func reportFull(since leftOutCount: Int) {
    guard leftOutCount == 0, unsafe table.pointee.leftOutCount > 0 else { return }
    var sink = sink
    sink.write("bootmem: the ledger is full: it holds ")
    sink.write(decimal: unsafe UInt64(table.pointee.capacity.magnitude))
    sink.write(" ranges, and needs room for ")
    sink.write(decimal: unsafe UInt64(table.pointee.neededCapacity.magnitude))
    sink.write(", see bootmem_set_ledger()\n")
  }
}
