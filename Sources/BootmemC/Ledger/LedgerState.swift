// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import CBootmem
import TextOutput

/// The ledger that every call works on, the only global state here.
///
/// Its storage is defined in C, like that of `BootMemory`; before `bootmem_set_ledger` it is all
/// zeros, which is a ledger without room.
enum LedgerState {
  static var ledger: UnsafeMutablePointer<Ledger<NamedEntry>> {
    unsafe bootmem_ledger_pointer().unsafelyUnwrapped.assumingMemoryBound(
      to: Ledger<NamedEntry>.self)
  }

  /// Boot memory itself, to look at.
  static var memory: UnsafeMutablePointer<BootMemory> {
    unsafe bootmem_core_pointer().unsafelyUnwrapped.assumingMemoryBound(to: BootMemory.self)
  }

  /// A sink in front of `platform.write`.
  static var sink: LineSink {
    unsafe LineSink(context: nil, write: writeLine)
  }

  /// Writes a line to `platform.write` of the current platform, since a ledger outlasts a platform.
  private static var writeLine: BootMemoryPlatform.Write {
    { _, text, byteCount in
      let platform = unsafe bootmem_platform_pointer().unsafelyUnwrapped
      unsafe platform.pointee.write?(
        platform.pointee.context, UnsafeRawPointer(text)?.assumingMemoryBound(to: CChar.self),
        Int(bitPattern: byteCount))
    }
  }

  /// Room for entries in storage that C gave; nil if that is invalid.
  static func storage(
    _ entries: UnsafeMutablePointer<bootmem_entry>?, _ capacity: UInt
  ) -> UnsafeMutableBufferPointer<NamedEntry>? {
    if MemoryLayout<Ledger<NamedEntry>>.size > BOOTMEM_LEDGER_SIZE
      || MemoryLayout<NamedEntry>.stride > BOOTMEM_ENTRY_SIZE
    {
      bootmem_room_is_too_small()
    }
    guard let capacity = Int(exactly: capacity), unsafe capacity == 0 || entries != nil else {
      return nil
    }
    let start = unsafe UnsafeMutableRawPointer(entries)?.assumingMemoryBound(to: NamedEntry.self)
    return unsafe UnsafeMutableBufferPointer(start: capacity == 0 ? nil : start, count: capacity)
  }

  /// Switches the debug mode on.
  static func startChecking(_ freed: UnsafeMutableBufferPointer<NamedEntry>) {
    unsafe ledger.pointee.startChecking(freed: freed, context: nil, write: writeLine)
  }

  /// Reports that the ledger is full, the first time.
  @inline(never)
  static func reportFull() {
    let ledger = unsafe ledger
    guard unsafe ledger.pointee.held.leftOutCount > 0, unsafe !ledger.pointee.isReportedFull else {
      return
    }
    unsafe ledger.pointee.isReportedFull = true
    var sink = sink
    sink.write("bootmem: the ledger is full: it")
    unsafe ledger.pointee.writeFull(to: &sink)
    sink.write(", see bootmem_set_ledger()\n")
  }
}
