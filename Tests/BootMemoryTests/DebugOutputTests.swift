// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryModels
import PhysicalMemory
import TestSupport
import Testing

/// Gathers what boot memory writes.
@safe private final class Lines {
  private(set) var text = ""

  /// A platform whose debugging output comes here, from the beginning or once it is switched on.
  /// Whoever has it must keep this object.
  func platform(debugging: Bool = true) -> BootMemoryPlatform {
    var platform = BootMemoryPlatform()
    unsafe platform.context = Unmanaged.passUnretained(self).toOpaque()
    if debugging { unsafe platform.debug = Lines.write }
    return platform
  }

  static let write: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<UInt8>?, UInt) -> Void =
    {
      context, start, byteCount in
      let lines = unsafe Unmanaged<Lines>.fromOpaque(context!).takeUnretainedValue()
      let bytes = unsafe UnsafeBufferPointer(start: start, count: Int(byteCount))
      unsafe lines.text += String(decoding: bytes, as: UTF8.self)
    }

  /// The text since the last time.
  func take() -> String {
    defer { text = "" }
    return text
  }
}

/// The lines of each operation, in the form of Linux's `bootmem_debug`.
@Suite(.onPagesOf4KiB) struct DebugOutputTests {
  @Test func everyCall_isALineForEachNode() throws {
    let lines = Lines()
    var fixed = FixedMemory(0x10..<0x20, 0x20..<0x30, platform: lines.platform())
    let size = BootMemory.bitmapByteCount(forPageCount: 0x10)
    let hexadecimal = String(size, radix: 16)
    #expect(
      lines.take() == """
        bootmem::init_bootmem_core nid=0 start=10 map=0 end=20 mapsize=\(hexadecimal)
        bootmem::init_bootmem_core nid=1 start=20 map=0 end=30 mapsize=\(hexadecimal)

        """)
    try fixed.freePages(0x18..<0x24)
    #expect(
      lines.take() == """
        bootmem::mark_bootmem_node nid=0 start=18 end=20 reserve=0 flags=0
        bootmem::__free nid=0 start=18 end=20
        bootmem::mark_bootmem_node nid=1 start=20 end=24 reserve=0 flags=0
        bootmem::__free nid=1 start=20 end=24

        """)
    try fixed.reservePages(0x17..<0x19)
    #expect(
      lines.take() == """
        bootmem::mark_bootmem_node nid=0 start=17 end=19 reserve=1 flags=0
        bootmem::__reserve nid=0 start=17 end=19 flags=0
        bootmem::__reserve silent double reserve of PFN 17

        """)
    // Both pages, up to the end of the range.
    try fixed.reservePages(0x17..<0x19)
    #expect(
      lines.take() == """
        bootmem::mark_bootmem_node nid=0 start=17 end=19 reserve=1 flags=0
        bootmem::__reserve nid=0 start=17 end=19 flags=0
        bootmem::__reserve silent double reserve of PFN 17
        bootmem::__reserve silent double reserve of PFN 18

        """)
    try fixed.reservePages(0x19..<0x1a, exclusively: true)
    #expect(
      lines.take() == """
        bootmem::mark_bootmem_node nid=0 start=19 end=1a reserve=1 flags=1
        bootmem::__reserve nid=0 start=19 end=1a flags=1

        """)
    #expect(try fixed.allocate(0x1800, align: 0x1000, goal: 0x1_0000, limit: 0x3_0000) == 0x1_a000)
    #expect(
      lines.take() == """
        bootmem::alloc_bootmem_bdata nid=0 size=1800 [2 pages] align=1000 goal=10000 limit=30000
        bootmem::__reserve nid=0 start=1a end=1c flags=1

        """)
    // One that shares a page has reserved none.
    #expect(try fixed.allocate(0x40) == 0x1_b800)
    #expect(
      lines.take() == """
        bootmem::alloc_bootmem_bdata nid=0 size=40 [1 pages] align=1 goal=0 limit=0
        bootmem::__reserve nid=0 start=1c end=1c flags=1

        """)
    try fixed.memory.handOver(maximumOrder: 10) { _ in }
    #expect(
      lines.take() == """
        bootmem::free_all_bootmem_core nid=0 start=10 end=20
        bootmem::free_all_bootmem_core nid=0 released=4
        bootmem::free_all_bootmem_core nid=1 start=20 end=30
        bootmem::free_all_bootmem_core nid=1 released=4

        """)
  }

  @Test func output_canBeSwitchedOnAndOff() throws {
    let lines = Lines()
    var fixed = FixedMemory(0x10..<0x20, platform: lines.platform(debugging: false))
    try fixed.freePages(0x10..<0x18)
    #expect(lines.take() == "")
    unsafe fixed.memory.setDebugOutput(Lines.write)
    try fixed.freePages(0x18..<0x19)
    #expect(
      lines.take() == """
        bootmem::mark_bootmem_node nid=0 start=18 end=19 reserve=0 flags=0
        bootmem::__free nid=0 start=18 end=19

        """)
    unsafe fixed.memory.setDebugOutput(nil)
    #expect(try fixed.allocate(0x1000) == 0x1_0000)
    #expect(lines.take() == "")
  }

  /// What Linux 4.19.108 printed, as user-mode Linux, for the same calls on 16 pages from 8f0 on.
  @Test func calls_writeWhatLinuxWrote() throws {
    let lines = Lines()
    var fixed = FixedMemory(0x8f0..<0x900, platform: lines.platform())
    _ = lines.take()
    try fixed.freePages(0x8f1..<0x8f9)
    try fixed.reservePages(0x8f2..<0x8f3)
    try fixed.reservePages(0x8f1..<0x8f4)
    try fixed.reservePages(0x8f5..<0x8f6, exclusively: true)
    #expect(throws: BootMemoryError.alreadyReserved(0x8f5)) {
      try fixed.reservePages(0x8f4..<0x8f7, exclusively: true)
    }
    try fixed.memory.reserve(pages(0x8f7..<0x8f8), on: NodeID(0))
    try fixed.memory.free(pages(0x8f7..<0x8f8), on: NodeID(0))
    #expect(
      lines.take() == """
        bootmem::mark_bootmem_node nid=0 start=8f1 end=8f9 reserve=0 flags=0
        bootmem::__free nid=0 start=8f1 end=8f9
        bootmem::mark_bootmem_node nid=0 start=8f2 end=8f3 reserve=1 flags=0
        bootmem::__reserve nid=0 start=8f2 end=8f3 flags=0
        bootmem::mark_bootmem_node nid=0 start=8f1 end=8f4 reserve=1 flags=0
        bootmem::__reserve nid=0 start=8f1 end=8f4 flags=0
        bootmem::__reserve silent double reserve of PFN 8f2
        bootmem::mark_bootmem_node nid=0 start=8f5 end=8f6 reserve=1 flags=1
        bootmem::__reserve nid=0 start=8f5 end=8f6 flags=1
        bootmem::mark_bootmem_node nid=0 start=8f4 end=8f7 reserve=1 flags=1
        bootmem::__reserve nid=0 start=8f4 end=8f7 flags=1
        bootmem::__free nid=0 start=8f4 end=8f5
        bootmem::mark_bootmem_node nid=0 start=8f4 end=8f4 reserve=0 flags=0
        bootmem::__free nid=0 start=8f4 end=8f4
        bootmem::mark_bootmem_node nid=0 start=8f7 end=8f8 reserve=1 flags=0
        bootmem::__reserve nid=0 start=8f7 end=8f8 flags=0
        bootmem::mark_bootmem_node nid=0 start=8f7 end=8f8 reserve=0 flags=0
        bootmem::__free nid=0 start=8f7 end=8f8

        """)
  }

  /// An exclusive reserve over two nodes that is refused on the second: each line is that of a call.
  @Test func refusedExclusiveReserve_writesWhatIsUndone() throws {
    let lines = Lines()
    var fixed = FixedMemory(0x10..<0x20, 0x20..<0x30, platform: lines.platform())
    try fixed.freePages(0x10..<0x22)
    _ = lines.take()
    #expect(throws: BootMemoryError.alreadyReserved(0x22)) {
      try fixed.reservePages(0x1e..<0x23, exclusively: true)
    }
    #expect(
      lines.take() == """
        bootmem::mark_bootmem_node nid=0 start=1e end=20 reserve=1 flags=1
        bootmem::__reserve nid=0 start=1e end=20 flags=1
        bootmem::mark_bootmem_node nid=1 start=20 end=23 reserve=1 flags=1
        bootmem::__reserve nid=1 start=20 end=23 flags=1
        bootmem::__free nid=1 start=20 end=22
        bootmem::mark_bootmem_node nid=0 start=1e end=20 reserve=0 flags=0
        bootmem::__free nid=0 start=1e end=20

        """)
  }

  @Test func misuse_writesNothing() throws {
    let lines = Lines()
    var fixed = FixedMemory(0x10..<0x20, platform: lines.platform())
    _ = lines.take()
    #expect(throws: BootMemoryError.self) { try fixed.freePages(0x18..<0x21) }
    #expect(throws: BootMemoryError.self) { try fixed.reservePages(0xf..<0x11) }
    #expect(throws: BootMemoryError.self) { _ = try fixed.allocate(0) }
    #expect(lines.take() == "")
  }
}
