// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// The debug lines of each operation, in the form and order in which Linux 4.19 prints them with
/// `bootmem_debug`, so that both logs can be compared side by side.
///
/// The methods are mutating, though they change nothing: a mutating method gets the address of boot
/// memory, where each call of any other would take a copy of it, and so much more stack.
extension BootMemory {
  /// Sets what receives the debug lines in place of ``BootMemoryPlatform/debug``; nil for nothing.
  public mutating func setDebugOutput(_ write: BootMemoryPlatform.Write?) {
    unsafe debugOutput = write
  }

  var hasDebugOutput: Bool { unsafe debugOutput != nil }

  mutating func debugRegister(_ node: NodePointer) {
    let span = unsafe node.pointee.span
    let numbers: InlineArray<5, UInt64> = unsafe [
      number(of: node), span.start.number, node.pointee.bitmapPages.start.number, span.end.number,
      BootMemory.bitmapByteCount(forPageCount: span.pageCount),
    ]
    write("init_bootmem_core nid=# start=% map=% end=% mapsize=%", with: numbers.span)
  }

  mutating func debugFree(_ node: NodePointer, _ pages: Range<PageNumber>) {
    unsafe debugMark("__free nid=# start=% end=%", node, pages, isReserved: 0, flags: 0)
  }

  /// If the pages may already be reserved, there is a line for each one that is.
  mutating func debugReserve(_ node: NodePointer, _ pages: Range<PageNumber>, exclusively: Bool) {
    unsafe debugMark(
      "__reserve nid=# start=% end=% flags=%", node, pages, isReserved: 1,
      flags: exclusively ? 1 : 0)
    if exclusively { return }
    var next = pages.lowerBound
    while next < pages.upperBound,
      let page = unsafe node.pointee.firstReserved(in: next..<pages.upperBound)
    {
      let numbers: InlineArray<1, UInt64> = [UInt64(page)]
      write("__reserve silent double reserve of PFN %", with: numbers.span)
      // The page lies below the end of the range.
      next = page &+ 1
    }
  }

  /// Writes two lines: what a call asks for on a node, and that it is done.
  @inline(never)
  private mutating func debugMark(
    _ done: StaticString, _ node: NodePointer, _ pages: Range<PageNumber>, isReserved: UInt64,
    flags: UInt64
  ) {
    unsafe debug(
      "mark_bootmem_node nid=# start=% end=% reserve=# flags=%", node, pages, isReserved, flags)
    unsafe debug(done, node, pages, flags)
  }

  /// Reports that an exclusive reserve begins to undo its work, on the node with the page in the
  /// way.
  mutating func debugUndo(_ node: NodePointer, _ pages: Range<PageNumber>) {
    unsafe debug("__free nid=# start=% end=%", node, pages)
  }

  mutating func debugAllocate(_ node: NodePointer, _ request: ResolvedRequest) {
    let isLimited = request.limitPage != .max
    let numbers: InlineArray<6, UInt64> = unsafe [
      number(of: node), UInt64(request.byteCount), UInt64(request.pageCount), request.alignment,
      request.goal, isLimited ? UInt64(request.limitPage) << PageFrame.byteCountShift : 0,
    ]
    write(
      "alloc_bootmem_bdata nid=# size=% [# pages] align=% goal=% limit=%", with: numbers.span)
  }

  mutating func debugAllocated(_ node: NodePointer, _ address: UInt) {
    // An allocation that starts inside a page shares it with the one before, which reserved it.
    let start = address &>> PageFrame.numberShift &+ (address & PageFrame.offsetMask == 0 ? 0 : 1)
    let end = unsafe node.pointee.nextPage
    unsafe debug("__reserve nid=# start=% end=% flags=%", node, start..<max(start, end), 1)
  }

  mutating func debugHandOver(_ node: NodePointer) {
    unsafe debug("free_all_bootmem_core nid=# start=% end=%", node, node.pointee.pages)
  }

  mutating func debugHandedOver(_ node: NodePointer, released: UInt64) {
    let numbers: InlineArray<2, UInt64> = unsafe [number(of: node), released]
    write("free_all_bootmem_core nid=# released=%", with: numbers.span)
  }

  private func number(of node: NodePointer) -> UInt64 {
    unsafe UInt64(id(of: node).rawValue.magnitude)
  }

  /// Writes a line about pages of a node.
  @inline(never)
  private mutating func debug(
    _ text: StaticString, _ node: NodePointer, _ pages: Range<PageNumber>, _ more: UInt64 = 0,
    _ flags: UInt64 = 0
  ) {
    let numbers: InlineArray<5, UInt64> = unsafe [
      number(of: node), UInt64(pages.lowerBound), UInt64(pages.upperBound), more, flags,
    ]
    write(text, with: numbers.span)
  }

  @inline(never)
  private mutating func write(_ text: StaticString, with numbers: Span<UInt64>) {
    var line = TextBuffer()
    line.write("bootmem::")
    line.write(text, with: numbers)
    line.write("\n")
    guard let write = unsafe debugOutput else { return }
    unsafe line.withBytes { bytes in
      unsafe write(platform.context, bytes.baseAddress, UInt(bytes.count))
    }
  }
}
