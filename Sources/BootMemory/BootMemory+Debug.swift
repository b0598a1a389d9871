// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// A line for each operation, in the form that Linux prints with `bootmem_debug`.
///
/// The methods are mutating, though they change nothing: they get the place of boot memory then, where
/// each call would take a copy of it, and so much more stack.
extension BootMemory {
  /// Sets the receiver of a line for each operation, ``BootMemoryPlatform/debug``; nil for nothing.
  public mutating func setDebugOutput(_ write: BootMemoryPlatform.Write?) {
    unsafe debugOutput = write
  }

  var hasDebugOutput: Bool { unsafe debugOutput != nil }

  mutating func debugRegister(_ node: NodePointer) {
    let span = unsafe node.pointee.span
    var line = unsafe DebugLine("init_bootmem_core", node: id(of: node))
    line.add(" start=", span.start.number)
    line.add(" map=", unsafe node.pointee.bitmapPages.start.number)
    line.add(" end=", span.end.number)
    line.add(" mapsize=", BootMemory.bitmapByteCount(forPageCount: span.pageCount))
    write(&line)
  }

  mutating func debugFree(_ node: NodePointer, _ pages: Range<PageNumber>) {
    unsafe debug("__free", node, pages)
  }

  mutating func debugReserve(_ node: NodePointer, _ pages: Range<PageNumber>, exclusively: Bool) {
    unsafe debug("__reserve", node, pages, flags: exclusively ? 1 : 0)
    var page = unsafe node.pointee.firstReserved(in: pages)
    while let found = page {
      var line = DebugLine("__reserve")
      line.text.write("silent double reserve of PFN ")
      line.text.write(hexadecimal: UInt64(found))
      write(&line)
      // The page lies below the end of the range.
      let next = found &+ 1
      guard next < pages.upperBound else { return }
      page = unsafe node.pointee.firstReserved(in: next..<pages.upperBound)
    }
  }

  mutating func debugAllocate(_ node: NodePointer, _ request: ResolvedRequest) {
    var line = unsafe DebugLine("alloc_bootmem_bdata", node: id(of: node))
    line.add(" size=", UInt64(request.byteCount))
    line.text.write(" [")
    line.text.write(decimal: request.pageCount)
    line.text.write(" pages]")
    line.add(" align=", request.alignment)
    line.add(" goal=", request.goal)
    let isLimited = request.limitPage != .max
    line.add(
      " limit=", isLimited ? UInt64(request.limitPage) << PageFrame.byteCountShift : 0)
    write(&line)
  }

  mutating func debugAllocated(_ node: NodePointer, _ address: UInt) {
    // An allocation that starts inside a page shares it with the one before, which reserved it.
    let start = address &>> PageFrame.numberShift &+ (address & PageFrame.offsetMask == 0 ? 0 : 1)
    let end = unsafe node.pointee.nextPage
    unsafe debug("__reserve", node, start..<max(start, end), flags: 1)
  }

  mutating func debugHandOver(_ node: NodePointer) {
    unsafe debug("free_all_bootmem_core", node, node.pointee.pages)
  }

  mutating func debugHandedOver(_ node: NodePointer, released: UInt64) {
    var line = unsafe DebugLine("free_all_bootmem_core", node: id(of: node))
    line.add(" released=", released)
    write(&line)
  }

  /// Writes a line about pages of a node.
  @inline(never)
  private mutating func debug(
    _ function: StaticString, _ node: NodePointer, _ pages: Range<PageNumber>, flags: UInt64? = nil
  ) {
    var line = unsafe DebugLine(function, node: id(of: node))
    line.add(" start=", UInt64(pages.lowerBound))
    line.add(" end=", UInt64(pages.upperBound))
    if let flags { line.add(" flags=", flags) }
    write(&line)
  }

  @inline(never)
  private mutating func write(_ line: inout DebugLine) {
    line.text.write("\n")
    guard let write = unsafe debugOutput else { return }
    unsafe line.text.withBytes { bytes in
      unsafe write(platform.context, bytes.baseAddress, UInt(bytes.count))
    }
  }
}

/// A line of debugging output while it is put together.
private struct DebugLine {
  var text = TextBuffer()

  // Parts of the caller, which has the line in one place then and not in two.

  init(_ function: StaticString) {
    begin(function)
  }

  init(_ function: StaticString, node: NodeID) {
    begin(function)
    add(node)
  }

  @inline(never)
  private mutating func begin(_ function: StaticString) {
    text.write("bootmem::")
    text.write(function)
    text.write(" ")
  }

  @inline(never)
  private mutating func add(_ node: NodeID) {
    text.write("nid=")
    text.write(decimal: node.rawValue.magnitude)
  }

  @inline(never)
  mutating func add(_ name: StaticString, _ value: UInt64) {
    text.write(name)
    text.write(hexadecimal: value)
  }
}
