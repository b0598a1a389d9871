// SPDX-License-Identifier: MIT
import BootMemory
import FuzzKit
import PhysicalMemory

/// What is judged as a whole, and at the end.
extension AllocatorTarget {
  /// Every page is free or reserved as the owner map has it; the bitmaps are given away at last.
  func judgeState() {
    guard !map.isHandedOver else { return }
    for node in map.nodes {
      var page = PageFrame(0)
      for expected in node.free.runs {
        let run = memory.nextFreeRun(on: node.id, from: page)?.numbers
        judge(run == expected, "node \(node.id) has \(run as Any) free, not \(expected)")
        page = PageFrame(expected.upperBound)
      }
      let rest = memory.nextFreeRun(on: node.id, from: page)
      judge(rest == nil, "node \(node.id) has \(rest!.numbers) free, which is not")
    }
  }

  mutating func judgeCounts(_ input: inout FuzzInput) {
    let sum = map.nodes.reduce(0) { $0 + $1.free.count }
    let count = memory.freePageCount()
    judge(count == sum, "\(count) pages are free, not \(sum)")
    let page = address(&input) >> PageFrame.byteCountShift
    let node = map.nodes.first { $0.pages.contains(page) }
    let isReserved = memory.isReserved(PageFrame(page))
    judge(
      isReserved == node.map { $0.free.first(in: page..<page + 1) == nil },
      "\(page) is reserved: \(isReserved as Any)")
  }

  /// Every free page, and those of the bitmaps, is handed over once; nothing else is.
  mutating func handOver(_ input: inout FuzzInput) {
    judgeError("hand over", .misuse(.orderOutOfRange(52))) { memory throws(BootMemoryError) in
      _ = try memory.handOver(maximumOrder: 52) { _ in judge(false, "handed over") }
    }
    // By single pages it would take too long where many are free.
    let sum = map.nodes.reduce(0) { $0 + $1.free.count }
    let order = max(Int(input.byte()) % 52, 52 - sum.leadingZeroBitCount)
    var released = PageRuns()
    var count: UInt64 = 0
    var place: (node: Int, part: Int, end: UInt64) = (0, 0, 0)
    let nodes = map.nodes
    judgeError("hand over", nil) { memory throws(BootMemoryError) in
      let returned = try memory.handOver(maximumOrder: order) { block in
        let first = block.first.number
        let pages = first..<first + block.pageCount
        judge(block.order <= order, "\(block) is too large")
        judge(first % block.pageCount == 0, "\(block) is not aligned")
        judge(released.first(in: pages) == nil, "\(block) is released twice")
        released.insert(pages)
        count += block.pageCount
        guard let index = nodes.firstIndex(where: { $0.id == block.node }) else {
          return judge(false, "\(block) is of no node")
        }
        // The free pages first, then those of the bitmap.
        let part = nodes[index].bitmapPages.overlaps(pages) ? 1 : 0
        judge(place <= (index, part, first), "\(block) comes too late")
        place = (index, part, pages.upperBound)
      }
      judge(returned == count, "\(returned) pages, but \(count) released")
    }
    var expected = PageRuns()
    for node in nodes {
      for run in node.free.runs { expected.insert(run) }
      expected.insert(node.bitmapPages)
    }
    judge(released == expected, "released \(released.runs), not \(expected.runs)")
    map.isHandedOver = true
    for _ in 0..<3 { makeCallAfterHandOver(&input) }
    judgeError("hand over again", nil) { memory throws(BootMemoryError) in
      let again = try memory.handOver(maximumOrder: order) { _ in judge(false, "released again") }
      judge(again == 0, "\(again) pages handed over again")
    }
  }

  mutating func makeCallAfterHandOver(_ input: inout FuzzInput) {
    let range = AddressRange(
      start: PhysicalAddress(recentPage << PageFrame.byteCountShift), clampingByteCount: 0x1800)
    judgeAfterHandOver { memory throws(BootMemoryError) in try memory.free(range) }
    judgeAfterHandOver { memory throws(BootMemoryError) in try memory.reserve(range) }
    judgeAfterHandOver { memory throws(BootMemoryError) in
      _ = try memory.allocate(.pages(byteCount: 1))
    }
    let isBeyond = range.roundedUpEnd.number > map.endPage
    let error = BootMemoryError.misuse(.beyondAddressSpace(range.start))
    judgeError("release late", isBeyond ? error : nil) { memory throws(BootMemoryError) in
      var pages = PageRuns()
      let count = try memory.releaseLate(range) { block in
        pages.insert(block.first.number..<block.first.number + block.pageCount)
      }
      let whole = range.wholePages?.numbers
      judge(count == pages.count, "\(count) pages, but \(pages.count) released late")
      judge(
        pages.runs == (whole.map { $0.isEmpty ? [] : [$0] } ?? []),
        "\(pages.runs), not \(whole as Any)")
    }
  }

  mutating func judgeAfterHandOver(
    _ call: (inout BootMemory) throws(BootMemoryError) -> Void
  ) {
    do throws(BootMemoryError) {
      try call(&memory)
      judge(false, "a call after the hand-over was served")
    } catch {
      judge(error == .handedOver, "after the hand-over: \(error)")
    }
  }
}
