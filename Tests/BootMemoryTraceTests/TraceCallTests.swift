// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryTrace
import TraceReplay
import PhysicalMemory
import TestSupport
import Testing

@Suite struct TraceCallTests {
  @Test func names_areDistinctAndParsed() throws {
    var names: Set<String> = []
    for call in TraceCall.allCases {
      names.insert("\(call.name)")
      let arguments = Array(repeating: "1", count: call.argumentCount).joined(separator: " ")
      let trace = try Trace(parsing: "\(call.name) \(arguments) -> 0\n")
      #expect(trace.operations.map(\.call) == [call])
      #expect(
        trace.operations[0].text
          == (arguments.isEmpty ? "\(call.name)" : "\(call.name) \(arguments)"))
    }
    #expect(names.count == 22)
  }

  /// Linux's calls with `nopanic` or a limit answer NULL, the others stop the kernel.
  @Test func answers_areThoseOfLinux() {
    for call in TraceCall.allCases where call.isAllocation {
      let name = "\(call.name)"
      let isFatal = !name.contains("nopanic") && !name.contains("limit")
      #expect("\(call.answer(to: .outOfMemory(byteCount: 1)))" == (isFatal ? "PANIC" : "NULL"))
      #expect("\(call.answer(to: .handedOver))" == (isFatal ? "PANIC" : "NULL"))
      #expect("\(call.answer(to: .misuse(.zeroByteCount)))" == "BUG")
      #expect(call.namesNode == name.contains("node"))
      #expect(call.isLow == name.contains("low"))
      #expect(call.isHigh == name.contains("high"))
    }
    #expect("\(TraceCall.reserve.answer(to: .handedOver))" == "0")
    #expect("\(TraceCall.free.answer(to: .handedOver))" == "ok")
    #expect("\(TraceCall.registerNode.answer(to: .handedOver))" == "BUG")
    #expect("\(TraceCall.reserve.answer(to: .alreadyReserved(PageFrame(1))))" == "EBUSY")
  }

  @Test func bitmapsThatNoHostHolds_areAnErrorWithTheirLine() throws {
    let one = try Trace(parsing: "free 0 0 -> ok\ninit 0 0 0 10000000000000 -> 0\n")
    #expect(error(of: one)?.line == 2)
    let many = try Trace(
      parsing: String(repeating: "init 0 0 0 10000000000000 -> 0\n", count: 16_000))
    #expect(error(of: many)?.line == 16_000)
    #expect(error(of: many)?.message.hasPrefix("too large: the nodes up to here need ") == true)
  }

  private func error(of trace: Trace) -> TraceError? {
    do {
      _ = try TraceReplayer(trace)
      return nil
    } catch {
      return error
    }
  }

  /// Calls with numbers at the edges of what 64 bits hold are answered, whatever comes before.
  @Test(.namingSeed, arguments: [32, 64], 0..<20)
  func numbersAtTheEdges_areAnswered(wordBitCount: Int, seed: Int) throws {
    var random = SplitMix(stream: UInt64(seed))
    let edges: [UInt64] = [
      0, 1, 2, 0xfff, 0x1000, 0x1001, 0xf_ffff, 0x10_0000, 0xffff_ffff, 1 << 32,
      1 << 51, (1 << 52) - 1, 1 << 52, (1 << 52) + 1, 1 << 63, .max - 0xfff, .max - 1, .max,
    ]
    // Walks over every page or word of a node, which takes hours for the largest.
    let slow: [TraceCall] = [.checkpoint, .handOver, .releaseLate]
    let calls = TraceCall.allCases.filter { !slow.contains($0) }
    for _ in 0..<40 {
      var text = "word \(String(wordBitCount, radix: 16))\ninit 1 0 0 1000 -> 0\n"
      for _ in 0..<20 {
        let call = try #require(calls.randomElement(using: &random))
        text += "\(call.name)"
        for _ in 0..<call.argumentCount {
          text += " " + String(edges.randomElement(using: &random) ?? 0, radix: 16)
        }
        text += " -> 0\n"
      }
      let trace = try Trace(parsing: text)
      guard let replayer = try? TraceReplayer(trace) else { continue }
      for operation in trace.operations { _ = try replayer.run(operation) }
    }
  }

  // node      0                        100    4 KiB of it are there indeed, from 10 on
  // mapped            [10 .. 14]
  @Test func replay_withMappedMemory_reachesItAndGivesTheSameResults() throws {
    let trace = try Trace(
      parsing: "word 40\ninit 0 1 0 100 -> 20\nfree 10000 f0000 -> ok\nalloc 4000 1000 0 -> 10000\n"
        + "alloc_nopanic 100000 1000 0 -> NULL\n")
    let arena = try #require(Arena(byteCount: 0x4000))
    let replayer = TraceReplayer(trace.header, mapping: (arena, PageFrame(0x10)))
    for operation in trace.operations.dropLast() {
      #expect(try replayer.run(operation) == nil)
      #expect(replayer.refusal == nil)
    }
    #expect(try replayer.result(of: trace.operations[3]) == "NULL")
    #expect(replayer.refusal == .outOfMemory(byteCount: 0x10_0000))
    #expect(!replayer.agrees("10000", with: trace.operations[3]))
    guard let memory = unsafe replayer.memory.pointer(to: 0x1_0000) else {
      Issue.record("nothing is mapped")
      return
    }
    unsafe memory.storeBytes(of: 0x5a, toByteOffset: 0x3fff, as: UInt8.self)
    let last = unsafe memory.load(fromByteOffset: 0x3fff, as: UInt8.self)
    #expect(last == 0x5a)
  }
}
