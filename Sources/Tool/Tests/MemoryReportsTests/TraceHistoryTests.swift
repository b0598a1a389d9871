// SPDX-License-Identifier: MIT
import BootMemoryTrace
import TraceReplay
import MemoryReports
import PhysicalMemory
import Testing

@Suite struct TraceHistoryTests {
  /// The cells of each row as characters: the owner's number, with a comma after a partial one.
  private func rows(_ text: String, columnCount: Int = 8, maximumRowCount: Int = 100) throws
    -> [String]
  {
    let history = try #require(
      TraceHistory(
        try Trace(parsing: text), columnCount: columnCount, maximumRowCount: maximumRowCount))
    return history.rows.map { row in
      row.cells.map { "\($0.owner.rawValue)\($0.isPart ? "," : "")" }.joined()
    }
  }

  /// 0 no node, 1 never free, 2 free, 3 reserved, 4 allocated, 5 low, 6 on a node, 7 handed over.
  @Test func rows_followTheCalls() throws {
    let text = """
      init 0 0 0 8 -> 8
      free 1000 7000 -> ok
      reserve 1000 1000 0 -> 0
      reserve 0 2000 1 -> EBUSY
      alloc 1000 1000 2000 -> 2000
      alloc_low 1000 1000 2000 -> 3000
      alloc_node 0 1000 1000 2000 -> 4000
      alloc 100000 1000 0 -> PANIC
      map 0 -> 5 0000000000000000
      free 2000 1000 -> ok
      free_all -> 4 blocks 4 fnv 0000000000000000 o0 4
      free_late 3000 1000 -> 1 blocks 1 fnv 0000000000000000 o0 1
      """
    #expect(
      try rows(text) == [
        "11111111", "12222222", "13222222", "13422222", "13452222", "13456222", "13256222",
        "13756777", "13776777",
      ])
  }

  @Test func memoryBeforeItsNodeComes_isNobodys() throws {
    let text = """
      init 0 0 0 4 -> 8
      init 1 0 4 8 -> 8
      """
    #expect(try rows(text) == ["11110000", "11111111"])
  }

  @Test func stretches_showWhatIsInThemInPart() throws {
    let text = """
      init 0 0 0 10 -> 8
      free 0 10000 -> ok
      alloc 1000 1000 0 -> 0
      alloc 5000 1000 0 -> 1000
      """
    #expect(try rows(text, columnCount: 4) == ["1111", "2222", "4,222", "4422"])
  }

  @Test func gaps_standBetweenNodesThatDoNotTouch() throws {
    let text = """
      init 0 0 0 2 -> 8
      init 1 0 1000 1002 -> 8
      """
    #expect(try rows(text) == ["11000", "11011"])
  }

  @Test func longTraces_areSampledWithTheLastCall() throws {
    var text = "init 0 0 0 100 -> 20\nfree 0 100000 -> ok\n"
    for page in 0..<50 { text += "alloc 1000 1000 0 -> \(String(page * 4096, radix: 16))\n" }
    let trace = try Trace(parsing: text)
    let history = try #require(TraceHistory(trace, maximumRowCount: 10))
    #expect(history.isSampled)
    #expect(history.rows.count == 10)
    #expect(history.changeCount == 52)
    #expect(history.rows.last?.operation == trace.operations.last)
    #expect(
      history.caption == "One row is a call, one column 4 KiB of memory. "
        + "Sampled: 10 of 52 calls that change memory are shown.")
    let all = try #require(TraceHistory(trace))
    #expect(!all.isSampled)
    #expect(all.rows.count == 52)
  }

  @Test func traceWithoutNode_hasNoHistory() throws {
    #expect(TraceHistory(try Trace(parsing: "map_pages 10 -> 1\n")) == nil)
  }
}
