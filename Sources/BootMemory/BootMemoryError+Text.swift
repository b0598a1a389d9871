// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

extension BootMemoryError {
  /// Writes the reason for a person, without a line feed: `page 0x1f0 is free already`.
  ///
  /// Page frame numbers, addresses and sizes are hexadecimal.
  public func write(to sink: inout some TextSink) {
    switch self {
    case .outOfMemory(let byteCount):
      sink.write("out of memory: no free range for 0x", hexadecimal: byteCount, " bytes")
    case .alreadyReserved(let page):
      sink.write("page 0x", hexadecimal: page.number, " is reserved already")
    case .handedOver:
      sink.write("boot memory has been handed over to the page allocator")
    case .misuse(let misuse):
      misuse.write(to: &sink)
    }
  }
}

extension BootMemoryMisuse {
  /// Writes what was wrong, without a line feed.
  public func write(to sink: inout some TextSink) {
    switch self {
    case .alreadyFree(let page):
      sink.write("page 0x", hexadecimal: page.number, " is free already")
    case .outsideNodes(let page):
      sink.write("page 0x", hexadecimal: page.number, " lies in no node")
    case .outsideNode(let page, let node):
      sink.write("page 0x", hexadecimal: page.number, " lies outside")
      sink.write(node)
    case .beyondAddressSpace(let address):
      sink.write(
        "the range at 0x", hexadecimal: address.rawValue, " reaches beyond the address space")
    case .zeroByteCount:
      sink.write("the size is 0")
    case .alignmentNotPowerOfTwo(let alignment):
      sink.write("the alignment 0x", hexadecimal: alignment, " is not a power of two")
    case .noSuchNode(let node):
      sink.write("there is no room for")
      sink.write(node)
    case .nodeAlreadyRegistered(let node):
      sink.write("registered already:")
      sink.write(node)
    case .nodeOverlaps(let pages, let node):
      sink.write("the span 0x")
      sink.write(pages)
      sink.write(" overlaps that of")
      sink.write(node)
    case .bitmapOverlaps(let pages, let node):
      sink.write("the bitmap at 0x")
      sink.write(pages)
      sink.write(" overlaps that of")
      sink.write(node)
    case .bitmapTooSmall(let byteCount, let requiredByteCount):
      sink.write("the bitmap has 0x", hexadecimal: byteCount, " bytes and needs 0x")
      sink.write(hexadecimal: requiredByteCount)
    case .bitmapMisplaced(let place):
      sink.write("no bitmap can lie at 0x")
      sink.write(hexadecimal: UInt64(place))
    case .orderOutOfRange(let order):
      sink.write("no block has the order ")
      if order < 0 { sink.write("-") }
      sink.write(decimal: order.magnitude)
    case .notHandedOver:
      sink.write("boot memory has not been handed over yet")
    }
  }
}

extension TextSink {
  fileprivate mutating func write(_ node: NodeID) {
    write(" node ")
    if node.rawValue < 0 { write("-") }
    write(decimal: node.rawValue.magnitude)
  }

  fileprivate mutating func write(_ pages: PageRange) {
    write(hexadecimal: pages.start.number)
    write("-0x")
    write(hexadecimal: pages.end.number)
  }
}
