// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryTrace
import PhysicalMemory
import TraceReplay

/// A step of a search, as a sentence, with the pages that it is about.
struct SearchLine {
  var text: String
  var pages: PageRange?

  var json: JSONText {
    .object([
      ("text", .string(text)), ("first", pages.map { .hexadecimal($0.start.number) } ?? .null),
      ("end", pages.map { .hexadecimal($0.end.number) } ?? .null),
    ])
  }
}

/// How an allocation is searched for.
///
/// Boot memory itself says which nodes it looks at and from which goal on (`bootmem_debug`); where
/// the search begins there is known from the node, and what it passes are the runs that are still
/// free.
struct Search {
  /// Where the search in a node continues, and what the last allocation there left.
  private struct Place {
    var hint: UInt64
    var lastEnd: UInt64
  }

  /// A line of `bootmem_debug` about a node that is looked at.
  fileprivate struct Look {
    var node: NodeID
    var pageCount: UInt64
    var alignment: UInt64
    var goal: UInt64
    var limit: UInt64
  }

  /// The most runs that are named for each node.
  private static let runLimit = 6

  private static nonisolated(unsafe) var output: [UInt8] = []

  private let isAllocation: Bool
  private var places: [Place] = []

  /// Takes note of the state before the call.
  init(for operation: Trace.Operation, in memory: borrowing BootMemory) {
    isAllocation = operation.call.isAllocation
    guard isAllocation else { return }
    for number in 0..<Session.nodeCapacity {
      let node = memory.node(NodeID(number))
      places.append(
        Place(hint: node?.hint.number ?? 0, lastEnd: node?.lastEnd.rawValue ?? 0))
    }
  }

  /// Makes the call on `replayer`, and collects its debug output.
  ///
  /// - Throws: The error of ``Session/result(of:by:)``.
  func result(
    of operation: Trace.Operation, by replayer: TraceReplayer
  ) throws(Refusal) -> String {
    guard isAllocation else { return try Session.result(of: operation, by: replayer) }
    unsafe Self.output = []
    unsafe replayer.memory.setDebugOutput { _, bytes, count in
      unsafe Self.output += UnsafeBufferPointer(start: bytes, count: Int(bitPattern: count))
    }
    defer { unsafe replayer.memory.setDebugOutput(nil) }
    return try Session.result(of: operation, by: replayer)
  }

  /// The search that ended with `result`.
  func lines(_ result: String, in memory: borrowing BootMemory) -> [SearchLine] {
    guard isAllocation else { return [] }
    let output = unsafe Self.output.split(separator: UInt8(ascii: "\n"))
    let looks = output.compactMap { Look(parsing: $0) }
    let found = UInt64(result, radix: 16)
    var lines: [SearchLine] = []
    for (index, look) in looks.enumerated() {
      // Only the last look can have found something.
      let address = index == looks.count - 1 ? found : nil
      describe(look, found: address, in: memory, &lines)
    }
    return lines
  }

  private func describe(
    _ look: Look, found address: UInt64?, in memory: borrowing BootMemory,
    _ lines: inout [SearchLine]
  ) {
    let number = look.node.rawValue
    guard number < places.count, let node = memory.node(look.node) else { return }
    let place = places[number]
    let span = node.span
    let end = look.limit == 0 ? span.end.number : min(span.end.number, look.limit >> 12)
    let goal = look.goal >> 12
    let isGoalInside = goal > span.start.number && goal < end
    let begin = isGoalInside ? goal : span.start.number
    let start = max(begin, place.hint)
    var text = "Node \(number): \(look.pageCount) page\(look.pageCount == 1 ? "" : "s")"
    if look.alignment > PageFrame.byteCount { text += " at a multiple of \(hex(look.alignment))" }
    text += isGoalInside ? ", goal page \(hex(goal))" : ", no goal in this node"
    text += ", hint page \(hex(place.hint))"
    if look.limit != 0 { text += ", limit \(hex(look.limit))" }
    lines.append(SearchLine(text: text + ": begins at page \(hex(start))", pages: nil))
    // The first page that is the allocation's alone, after one that is shared.
    let foundPage = address.map { ($0 + (PageFrame.byteCount - 1)) >> 12 }
    let isSecondPass = start > begin && (foundPage.map { $0 < start } ?? true)
    let firstEnd = isSecondPass ? end : min(foundPage ?? end, end)
    describePassed(look, from: start, to: firstEnd, in: memory, &lines)
    if isSecondPass {
      lines.append(
        SearchLine(
          text: "Nothing from there on: begins once more at page \(hex(begin))", pages: nil))
      describePassed(
        look, from: begin, to: min(foundPage ?? start, start), in: memory, &lines)
    }
    guard let address else {
      lines.append(SearchLine(text: "Nothing in node \(number)", pages: nil))
      return
    }
    let page = address >> 12
    if place.lastEnd != 0, place.lastEnd & 0xfff != 0, page == place.lastEnd >> 12 {
      lines.append(
        SearchLine(
          text: "Begins in the rest of page \(hex(page)), which the allocation before left at "
            + hex(place.lastEnd),
          pages: PageRange(start: PageFrame(page), pageCount: 1)))
    } else {
      lines.append(
        SearchLine(
          text: "Fits at page \(hex(page))",
          pages: PageRange(start: PageFrame(page), pageCount: look.pageCount)))
    }
  }

  /// The free runs that were passed, and why.
  private func describePassed(
    _ look: Look, from start: UInt64, to end: UInt64, in memory: borrowing BootMemory,
    _ lines: inout [SearchLine]
  ) {
    var count = 0
    var run = memory.nextFreeRun(on: look.node, from: PageFrame(start))
    while let pages = run, pages.start.number < end {
      let part = PageRange(pages.start..<min(pages.end, PageFrame(end)))
      count += 1
      if count <= Self.runLimit {
        let reason =
          part.pageCount < look.pageCount
          ? "\(part.pageCount) free, \(look.pageCount) needed" : "not at such a multiple"
        let (first, last) = (hex(part.start.number), hex(part.end.number - 1))
        lines.append(SearchLine(text: "Passes pages \(first) to \(last): \(reason)", pages: part))
      }
      run = memory.nextFreeRun(on: look.node, from: pages.end)
    }
    if count > Self.runLimit {
      lines.append(SearchLine(text: "Passes \(count - Self.runLimit) more runs", pages: nil))
    }
  }

  private func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
}

extension Search.Look {
  /// Reads `bootmem::alloc_bootmem_bdata nid=0 size=64 [1 pages] align=40 goal=0 limit=0`.
  fileprivate init?(parsing line: ArraySlice<UInt8>) {
    let words = String(decoding: line, as: UTF8.self).split(separator: " ")
    guard words.count == 8, words[0] == "bootmem::alloc_bootmem_bdata" else { return nil }
    func value(_ word: Substring, radix: Int = 16) -> UInt64 {
      UInt64(word.drop { $0 != "=" }.dropFirst(), radix: radix) ?? 0
    }
    node = NodeID(Int(clamping: value(words[1], radix: 10)))
    pageCount = UInt64(words[3].dropFirst()) ?? 0
    alignment = value(words[5])
    goal = value(words[6])
    limit = value(words[7])
  }
}
