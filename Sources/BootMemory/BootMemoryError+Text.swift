// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

extension BootMemoryError {
  /// Writes the reason in words, without a line feed: `page 0x1f0 is free already`.
  ///
  /// Page frame numbers, addresses and sizes are hexadecimal.
  public func write(to sink: inout some TextSink) {
    let (text, numbers) = message
    sink.write(text, with: numbers.span)
  }

  /// The text and the numbers to write in it.
  package var message: (text: StaticString, numbers: InlineArray<3, UInt64>) {
    switch self {
    case .outOfMemory(let byteCount):
      ("out of memory: no free range for 0x% bytes", [byteCount, 0, 0])
    case .alreadyReserved(let page):
      ("page 0x% is reserved already", [page.number, 0, 0])
    case .bitmapReserved(let page, let node):
      ("page 0x% is reserved already: the bitmap of node #", [page.number, node.bits, 0])
    case .handedOver:
      ("boot memory has been handed over to the page allocator", [0, 0, 0])
    case .misuse(let misuse):
      misuse.message
    }
  }
}

extension BootMemoryMisuse {
  /// Writes what was wrong, without a line feed.
  public func write(to sink: inout some TextSink) {
    let (text, numbers) = message
    sink.write(text, with: numbers.span)
  }

  fileprivate var message: (text: StaticString, numbers: InlineArray<3, UInt64>) {
    switch self {
    case .alreadyFree(let page):
      ("page 0x% is free already", [page.number, 0, 0])
    case .outsideNodes(let page):
      ("page 0x% lies in no node", [page.number, 0, 0])
    case .outsideNode(let page, let node):
      ("page 0x% lies outside node #", [page.number, node.bits, 0])
    case .beyondAddressSpace(let address):
      ("the range at 0x% reaches beyond the address space", [address.rawValue, 0, 0])
    case .zeroByteCount:
      ("the size is 0", [0, 0, 0])
    case .alignmentNotPowerOfTwo(let alignment):
      ("the alignment 0x% is not a power of two", [alignment, 0, 0])
    case .noSuchNode(let node):
      ("there is no room for node #", [node.bits, 0, 0])
    case .nodeAlreadyRegistered(let node):
      ("registered already: node #", [node.bits, 0, 0])
    case .nodeOverlaps(let pages, let node):
      (
        "the span 0x%-0x% overlaps that of node #",
        [pages.start.number, pages.end.number, node.bits]
      )
    case .bitmapOverlaps(let pages, let node):
      (
        "the bitmap at 0x%-0x% overlaps that of node #",
        [pages.start.number, pages.end.number, node.bits]
      )
    case .bitmapTooSmall(let byteCount, let requiredByteCount):
      ("the bitmap has 0x% bytes and needs 0x%", [byteCount, requiredByteCount, 0])
    case .bitmapMisplaced(let place):
      ("no bitmap can lie at 0x%", [UInt64(place), 0, 0])
    case .orderOutOfRange(let order):
      ("no block has the order #", [UInt64(bitPattern: Int64(order)), 0, 0])
    case .notHandedOver:
      ("boot memory has not been handed over yet", [0, 0, 0])
    }
  }
}

extension NodeID {
  /// The number in the form in which a text takes its decimal numbers.
  fileprivate var bits: UInt64 { UInt64(bitPattern: Int64(rawValue)) }
}
