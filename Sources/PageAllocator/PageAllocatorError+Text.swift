// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

extension PageAllocatorError {
  /// Writes the reason in a readable form, without a line feed:
  /// `page 0x1f0 was to be freed with order 3, but is free`.
  ///
  /// Page frame numbers and sizes are hexadecimal, orders and node numbers decimal.
  public func write(to sink: inout some TextSink) {
    switch self {
    case .outOfPages(let order):
      sink.write("out of memory: no free block of order ")
      sink.write(order)
    case .outOfRuns(let pageCount, let alignment):
      sink.write("out of memory: no 0x", hexadecimal: pageCount, " free pages adjoin")
      if alignment > 1 { sink.write(", aligned to 0x", hexadecimal: alignment, " pages") }
    case .notARun(let pageCount, let alignment):
      sink.write("no run has 0x", hexadecimal: pageCount, " pages aligned to 0x")
      sink.write(hexadecimal: alignment)
      sink.write(" pages")
    case .orderOutOfRange(let order):
      sink.write("no block has the order ")
      sink.write(order)
    case .noSuchNode(let node):
      sink.write("there is no node ")
      sink.write(node.rawValue)
    case .tooFewNodes(let count, let requiredCount):
      sink.write("there is room for ")
      sink.write(count)
      sink.write(" nodes, and boot memory has room for ")
      sink.write(requiredCount)
    case .noRoom(let byteCount, let node):
      sink.write(
        "no free range for 0x", hexadecimal: byteCount, " bytes, to keep the pages of node ")
      sink.write(node.rawValue)
    case .handedOver:
      sink.write("boot memory has been handed over already")
    case .notAllocated(let page, let order, let finding):
      sink.write("page 0x", hexadecimal: page.number, " was to be freed with order ")
      sink.write(order)
      sink.write(", but ")
      finding.write(to: &sink)
    case .runNotAllocated(let pages, let finding):
      sink.write("pages 0x", hexadecimal: pages.start.number, " to 0x")
      sink.write(hexadecimal: pages.end.number)
      sink.write(" are no run: the first ")
      finding.write(to: &sink)
    case .cannotGrow(let page, let pageCount):
      sink.write("the run at page 0x", hexadecimal: page.number, " cannot have 0x")
      sink.write(hexadecimal: pageCount)
      sink.write(" pages: those behind it are not all free, in its node and below the limit")
    case .notReleasable(let page, let finding):
      sink.write("page 0x", hexadecimal: page.number, " was to be released, but ")
      finding.write(to: &sink)
    case .noPages:
      sink.write("boot memory has no node with pages")
    }
  }
}

extension PageFinding {
  /// Writes what the page is, without a line feed.
  public func write(to sink: inout some TextSink) {
    switch self {
    case .outsideNodes: sink.write("lies in no node")
    case .free: sink.write("is free")
    case .reserved: sink.write("has been reserved since boot")
    case .bitmap(let node):
      sink.write("holds the bitmap of node ")
      sink.write(node.rawValue)
    case .tree(let node):
      sink.write("holds the page allocator's tree of node ")
      sink.write(node.rawValue)
    case .block(let order):
      sink.write("was given out with order ")
      sink.write(order)
    case .run(let pageCount):
      sink.write("was given out with 0x", hexadecimal: pageCount, " pages")
    case .insideBlock: sink.write("lies inside a block")
    }
  }
}

extension TextSink {
  fileprivate mutating func write(_ number: Int) {
    if number < 0 { write("-") }
    write(decimal: number.magnitude)
  }
}
