// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryTrace
import MemoryReports
import PageAllocator
import PageBitmap
import PhysicalMemory
import TraceReplay

/// What is drawn of the memory, and what is said of a page.
extension Session {
  /// The most stretches in a picture.
  private static let stretchLimit = 4096

  /// `count` stretches of 2^`shift` pages from page `first` on.
  ///
  /// Each stretch is a character: in `free`, how much of it is free in the bitmap, `0` for nothing,
  /// `9` for all, a space where no node is; in `owners`, the owner of most of it, as the calls say,
  /// from `a` on in the order of `PageOwner`, a capital where that owner has less than half; in
  /// `depth`, on how many levels the tree has details of its first page.
  func drawing(from first: UInt64, shift: UInt64, count: Int) throws(Refusal) -> JSONText {
    guard shift <= 52, (1...Self.stretchLimit).contains(count), first <= PageFrame.end.number else {
      throw Refusal("draw: there are 1 to \(Self.stretchLimit) stretches of up to 2^52 pages")
    }
    let size: UInt64 = 1 << shift
    // At most 2^52 and 4096 times 2^52.
    let end = first + size * UInt64(count)
    let view = PageRange(PageFrame(first)..<PageFrame(end))
    var present = [UInt64](repeating: 0, count: count)
    var free = present
    var depths = [UInt8](repeating: UInt8(ascii: " "), count: count)
    for number in 0..<Self.nodeCapacity {
      let id = NodeID(number)
      guard let node = replayer.memory.node(id), let part = node.span.intersection(view) else {
        continue
      }
      Self.add(part, to: &present, view, size)
      for index in Self.indices(part, view, size) {
        let page = max(part.start.number, first + UInt64(index) * size)
        depths[index] = UInt8(ascii: "0") + UInt8(clamping: Self.depth(of: page, in: node))
      }
      var run = replayer.memory.nextFreeRun(on: id, from: part.start)
      while let pages = run, let freePart = pages.intersection(part) {
        Self.add(freePart, to: &free, view, size)
        run = replayer.memory.nextFreeRun(on: id, from: pages.end)
      }
    }
    var shares: [UInt8] = []
    var letters: [UInt8] = []
    for index in 0..<count {
      let start = PageFrame(first + UInt64(index) * size)
      let cell = TraceHistory.Cell(PageRange(start: start, pageCount: size), owners)
      let base = cell.isPart ? UInt8(ascii: "A") : UInt8(ascii: "a")
      letters.append(base + UInt8(cell.owner.rawValue))
      shares.append(Self.share(of: free[index], in: present[index]))
    }
    return .object([
      ("free", .string(String(decoding: shares, as: UTF8.self))),
      ("owners", .string(String(decoding: letters, as: UTF8.self))),
      ("depth", .string(String(decoding: depths, as: UTF8.self))),
    ])
  }

  private static func share(of free: UInt64, in present: UInt64) -> UInt8 {
    if present == 0 { return UInt8(ascii: " ") }
    if free == 0 { return UInt8(ascii: "0") }
    if free >= present { return UInt8(ascii: "9") }
    // Neither nothing nor all; the quotient is below 8.
    return UInt8(ascii: "1") + UInt8(clamping: free / (present / 8 + 1))
  }

  private static func indices(_ pages: PageRange, _ view: PageRange, _ size: UInt64) -> Range<Int> {
    let first = Int((pages.start.number - view.start.number) / size)
    let end = Int((pages.end.number - view.start.number + size - 1) / size)
    return first..<end
  }

  /// Adds the pages of a part of the view to the counts of the stretches that they lie in.
  private static func add(
    _ pages: PageRange, to counts: inout [UInt64], _ view: PageRange, _ size: UInt64
  ) {
    for index in indices(pages, view, size) {
      let start = view.start.number + UInt64(index) * size
      counts[index] += min(pages.end.number, start + size) - max(pages.start.number, start)
    }
  }

  /// On how many levels below the root the tree has details about a page of a node.
  private static func depth(of page: UInt64, in node: BootMemoryNode) -> Int {
    var depth = 0
    var level = node.bitmap.rootLevel
    let bit = UInt(page) - node.bitmap.firstPageNumber
    while level >= 1 {
      let child = bit >> (BitmapWord.bitShift * UInt(level))
      let planes = node.bitmap.planes(ofGroup: child >> BitmapWord.bitShift, onLevel: level)
      guard planes.mixed.isOne(at: child & PageBitmap.bitMask) else { return depth }
      depth += 1
      level -= 1
    }
    return depth
  }

  /// The levels of the tree from the root to a page, each as a sentence.
  private static func levels(of page: UInt64, in node: BootMemoryNode) -> [String] {
    var lines: [String] = []
    var level = node.bitmap.rootLevel
    let bit = UInt(page) - node.bitmap.firstPageNumber
    while level >= 1 {
      let child = bit >> (BitmapWord.bitShift * UInt(level))
      let pageCount: UInt64 = 1 << UInt64(BitmapWord.bitShift * UInt(level))
      let planes = node.bitmap.planes(ofGroup: child >> BitmapWord.bitShift, onLevel: level)
      let index = child & PageBitmap.bitMask
      let size = sizeText(pageCount << PageFrame.byteCountShift)
      let name = "level \(level), group of \(pageCount) pages (\(size)): "
      guard planes.mixed.isOne(at: index) else {
        let state = planes.allFree.isOne(at: index) ? "all free" : "none free"
        return lines + [name + state + "; nothing is stored below"]
      }
      let isClustered = planes.high.isOne(at: index)
      lines.append(
        name + "mixed, "
          + (isClustered ? "with 8 free pages in a row somewhere" : "free pages are scattered"))
      level -= 1
    }
    var bitmap = node.bitmap
    let isFree = bitmap.isFree(bit)
    return lines + ["level 0, its own bit: \(isFree ? "1, free" : "0, reserved")"]
  }

  /// What is known of a page: its state in the bitmap, which call made it so, and the sentences in
  /// `machine`.
  func description(of page: PageFrame, _ machine: [String]) -> JSONText {
    var members: [(String, JSONText)] = [("machine", .strings(machine))]
    let node = (0..<Self.nodeCapacity).first {
      replayer.memory.node(NodeID($0))?.span.contains(page) ?? false
    }
    guard let number = node, let found = replayer.memory.node(NodeID(number)) else {
      members.append(("state", .string("in no node")))
      return .object(members)
    }
    members.append(("node", .number(number)))
    let isReserved = replayer.memory.isReserved(page) ?? true
    if replayer.memory.isHandedOver {
      members.append(("state", .string("handed over, or kept for good")))
    } else {
      members.append(("state", .string(isReserved ? "reserved" : "free")))
      members.append(("tree", .strings(Self.levels(of: page.number, in: found))))
    }
    members.append(("why", .strings(calls(touching: page))))
    return .object(members)
  }

  /// The calls that changed a page, the last one first: what holds it, and why.
  private func calls(touching page: PageFrame) -> [String] {
    var lines: [String] = []
    for index in stride(from: position - 1, through: 0, by: -1) where lines.count < 4 {
      let step = steps[index]
      let pages: PageRange?
      let verb: String
      switch step.call {
      case .boot(let operation):
        switch operation.effect(of: step.result ?? "") {
        case .registers(let span): (pages, verb) = (span, "reserved with its node")
        case .frees(let freed): (pages, verb) = (freed, "freed")
        case .reserves(let reserved): (pages, verb) = (reserved, "reserved")
        case .allocates(let range): (pages, verb) = (range.touchedPages, "allocated")
        case .releases(let released): (pages, verb) = (released, "released")
        case .handsOver, .nothing: (pages, verb) = (nil, "")
        }
      case .page(let call):
        (pages, verb) = (call.pages(of: step.result ?? ""), "taken or given back")
      }
      guard pages?.contains(page) ?? false else { continue }
      let note = step.note.isEmpty ? "" : " (\(step.note))"
      lines.append("call \(index + 1), \(step.text): \(verb)\(note)")
    }
    return lines
  }

  /// The blocks that the hand-over gives away, or has given away: of each run of free pages, the
  /// largest that lie at a multiple of their size.
  var blocks: JSONText {
    if let after { return after.blocks }
    var counts = [UInt64](repeating: 0, count: PageAllocator.maximumOrder + 1)
    for number in 0..<Self.nodeCapacity {
      var run = replayer.memory.nextFreeRun(on: NodeID(number))
      while let pages = run {
        Self.count(pages, in: &counts)
        run = replayer.memory.nextFreeRun(on: NodeID(number), from: pages.end)
      }
    }
    return .object([("orders", .array(counts.map { .number($0) }))])
  }

  private static func count(_ pages: PageRange, in counts: inout [UInt64]) {
    let largest = counts.count - 1
    var page = pages.start.number
    while page < pages.end.number {
      let rest = pages.end.number - page
      let order = min(page.trailingZeroBitCount, 63 - rest.leadingZeroBitCount, largest)
      // There may be many of the largest, one after the other.
      let blockCount = order == largest ? rest >> UInt64(order) : 1
      counts[order] += blockCount
      page += blockCount << UInt64(order)
    }
  }
}
