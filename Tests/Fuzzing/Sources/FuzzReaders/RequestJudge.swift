// SPDX-License-Identifier: MIT
import Bootmem
import FuzzKit
import MemoryMap
import Oracle
import PhysicalMemory

/// Judges where an account has put what a device tree asks for without saying where.
///
/// The place is looked for a second time: the highest that is usable as the oracle has it, and held by
/// nobody, in the first range to choose from that has one.
struct RequestJudge {
  /// What the oracle reads; nil where that is more than it has room for.
  private let requests: [oracle_request]?

  /// - Parameter memory: A tree that the oracle has read.
  init(of memory: InputMemory) {
    var requests = [oracle_request](repeating: oracle_request(), count: 64)
    var count = 0
    unsafe memory.withOracleMemory { memory in
      count = unsafe oracle_requests(
        memory.pointee.bytes, Int(memory.pointee.size), &requests, requests.count)
    }
    let isWhole =
      count <= requests.count
      && requests[..<min(count, requests.count)].allSatisfy {
        $0.window_count <= ORACLE_WINDOW_CAPACITY
      }
    self.requests = isWhole ? Array(requests[..<count]) : nil
  }

  /// Judges the owners of an account, of memory that is usable as `regions` say.
  ///
  /// - Returns: What is placed and must not be mapped, which is no memory any more.
  func judgePlaces(
    in owners: borrowing OwnerTable, of regions: [MemoryRegion]
  ) -> [MemoryRegion] {
    var placed: [(range: AddressRange, isUnmapped: Bool)] = []
    var taken: [ClosedRange<UInt64>] = []
    for index in 0..<owners.count {
      let range = owners[index].range
      switch owners[index].owner {
      case .loader(.placedMemory(_, let use)): placed.append((range, use == .unmapped))
      default: if let pages = Self.pages(touchedBy: range) { taken.append(pages) }
      }
    }
    let unmapped = placed.filter(\.isUnmapped).map { MemoryRegion(range: $0.range, kind: .noMap) }
    guard let requests else { return unmapped }
    var next = 0
    for request in requests {
      guard let first = Self.place(for: request, of: regions, avoiding: taken) else { continue }
      let start = first << PageFrame.byteCountShift
      judge(next < placed.count, "nothing is placed at 0x\(String(start, radix: 16))")
      let found = placed[next]
      judge(
        found.range.start.rawValue == start && found.range.byteCount == request.size
          && found.isUnmapped == request.is_unmapped,
        "\(found) is placed, but by the oracle it is to lie at 0x\(String(start, radix: 16))")
      if let pages = Self.pages(touchedBy: found.range) { taken.append(pages) }
      next += 1
    }
    judge(next == placed.count, "\(placed.count) are placed, but by the oracle \(next)")
    return unmapped
  }

  /// The number of the first page; nil if there is no room.
  private static func place(
    for request: oracle_request, of regions: [MemoryRegion], avoiding taken: [ClosedRange<UInt64>]
  ) -> UInt64? {
    if request.is_anywhere {
      return place(for: request, in: 0...UInt64.max, of: regions, avoiding: taken)
    }
    let firsts = unsafe withUnsafeBytes(of: request.first) {
      unsafe Array($0.bindMemory(to: UInt64.self))
    }
    let lasts = unsafe withUnsafeBytes(of: request.last) {
      unsafe Array($0.bindMemory(to: UInt64.self))
    }
    for index in 0..<request.window_count {
      let window = firsts[index]...lasts[index]
      if let place = place(for: request, in: window, of: regions, avoiding: taken) { return place }
    }
    return nil
  }

  private static func place(
    for request: oracle_request, in window: ClosedRange<UInt64>, of regions: [MemoryRegion],
    avoiding taken: [ClosedRange<UInt64>]
  ) -> UInt64? {
    let pageCount = (request.size - 1) >> PageFrame.byteCountShift + 1
    let step = max(1, request.alignment >> PageFrame.byteCountShift)
    var best: UInt64?
    for run in freeRuns(in: window, of: regions, avoiding: taken) {
      let count = run.upperBound - run.lowerBound + 1
      guard count >= pageCount else { continue }
      let start = (run.lowerBound + (count - pageCount)) / step * step
      if start >= run.lowerBound { best = max(best ?? 0, start) }
    }
    return best
  }

  /// The longest runs of pages that lie in a window as a whole, are usable as a whole, and are nobody's.
  private static func freeRuns(
    in window: ClosedRange<UInt64>, of regions: [MemoryRegion],
    avoiding taken: [ClosedRange<UInt64>]
  ) -> [ClosedRange<UInt64>] {
    var usable: [ClosedRange<UInt64>] = []
    var others = taken
    for region in regions {
      guard let last = region.range.last else { continue }
      if region.kind == .usable {
        usable.append(region.range.start.rawValue...last.rawValue)
      } else if let pages = pages(touchedBy: region.range) {
        others.append(pages)
      }
    }
    var runs: [ClosedRange<UInt64>] = []
    for bytes in joined(usable) {
      guard bytes.overlaps(window) else { continue }
      guard let pages = wholePages(bytes.clamped(to: window)) else { continue }
      runs += subtracting(others, from: pages)
    }
    return runs
  }

  /// Ranges in ascending order, those that overlap or adjoin as one.
  private static func joined(_ ranges: [ClosedRange<UInt64>]) -> [ClosedRange<UInt64>] {
    var result: [ClosedRange<UInt64>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = result.last, last.upperBound == .max || range.lowerBound <= last.upperBound + 1
      {
        result[result.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
    }
    return result
  }

  private static func subtracting(
    _ others: [ClosedRange<UInt64>], from range: ClosedRange<UInt64>
  ) -> [ClosedRange<UInt64>] {
    var rest = [range]
    for other in others {
      rest = rest.flatMap { part -> [ClosedRange<UInt64>] in
        guard part.overlaps(other) else { return [part] }
        var pieces: [ClosedRange<UInt64>] = []
        if part.lowerBound < other.lowerBound {
          pieces.append(part.lowerBound...other.lowerBound - 1)
        }
        if other.upperBound < part.upperBound {
          pieces.append(other.upperBound + 1...part.upperBound)
        }
        return pieces
      }
    }
    return rest
  }

  private static func pages(touchedBy range: AddressRange) -> ClosedRange<UInt64>? {
    range.last.map {
      range.start.rawValue >> PageFrame.byteCountShift...$0.rawValue >> PageFrame.byteCountShift
    }
  }

  private static func wholePages(_ bytes: ClosedRange<UInt64>) -> ClosedRange<UInt64>? {
    let mask = PageFrame.byteCount - 1
    let shift = PageFrame.byteCountShift
    let first = bytes.lowerBound >> shift + (bytes.lowerBound & mask == 0 ? 0 : 1)
    // Behind the last page, as far as there are pages.
    let end = bytes.upperBound >> shift + (bytes.upperBound & mask == mask ? 1 : 0)
    return first < end ? first...end - 1 : nil
  }
}
