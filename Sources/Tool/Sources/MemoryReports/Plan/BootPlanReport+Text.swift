// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory

extension BootPlanReport {
  /// The report for a terminal.
  public var text: String {
    var text = notes.map { "note: \($0)\n" }.joined()
    text += "usable: \(usablePageCount) pages, \(size(usablePageCount))\n"
    if beyondReachPageCount > 0 {
      text += "beyond the reach of the processor: \(beyondReachPageCount) pages, "
      text += "\(size(beyondReachPageCount))\n"
    }
    text += "nodes:\n"
    for node in nodes {
      text += "  node \(node.id.rawValue) \(pagesText(node.span))"
      text += " \(size(node.usablePageCount)) usable, \(size(node.freePageCount)) free"
      if node.id != node.firmwareNode { text += ", a part of node \(node.firmwareNode.rawValue)" }
      text += "\n    bitmap \(pagesText(node.bitmap)) \(size(node.bitmap.pageCount))\n"
    }
    text += hotPluggableText(hotPluggable)
    text += "held:\n"
    for owner in owners {
      text += "  \(owner.range.text) \(owner.name), \(sizeText(owner.range.byteCount))\n"
    }
    text += "memory before the first allocation:\n\(drawing)"
    // Every page that is usable and not free has an owner.
    let reserved = usablePageCount - freePageCount
    text += "reserved: \(reserved) pages, \(size(reserved))\n"
    text += "free: \(freePageCount) pages, \(size(freePageCount))\n"
    if let range = largestFreeRange {
      text += "largest free block: \(pagesText(range)) \(range.pageCount) pages, "
      text += "\(size(range.pageCount))\n"
    }
    return text
  }

  private func size(_ pageCount: UInt64) -> String {
    sizeText(pageCount << PageFrame.byteCountShift)
  }

  private func pagesText(_ pages: PageRange) -> String {
    AddressRange(pages)?.text ?? "\(pages)"
  }
}
