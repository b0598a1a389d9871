// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryTrace
import TraceReplay
import PhysicalMemory
import TestSupport
import Testing
import BootMemoryTrace

@Suite struct RecordingTests {
  /// Requests here need not be cleared: there is no memory behind them.
  private func request(
    _ byteCount: UInt64, alignment: UInt64 = 0x1000, goal: UInt64 = 0,
    limit: AllocationRequest.Limit = .none, node: Int? = nil,
    policy: AllocationRequest.NodePolicy = .preferred
  ) -> AllocationRequest {
    AllocationRequest(
      byteCount: byteCount, alignment: alignment, goal: .address(PhysicalAddress(goal)),
      limit: limit, node: node.map { NodeID($0) }, nodePolicy: policy, clearsMemory: false)
  }

  @Test func calls_areWrittenDownWithTheirResults() throws {
    let machine = try #require(RecordedMachine())
    machine.memory.startRecording()
    try machine.register(0, 0x10, 0x100)
    try machine.register(1, 0x100, 0x180)
    try machine.memory.free(range(0x1_0000, 0xf_0000))
    try machine.memory.free(range(0x10_0000, 0x8_0000), on: NodeID(1))
    try machine.memory.reserve(range(0x2_0000, 0x1000))
    try machine.memory.reserve(range(0x10_0000, 1), on: NodeID(1), exclusively: true)
    try? machine.memory.reserve(range(0x2_0000, 0x1000), exclusively: true)
    try? machine.memory.free(range(0x3_0000, 0x1000))
    _ = try machine.memory.allocate(request(0x1000))
    _ = machine.memory.allocateOrTrap(request(0x10, alignment: 0))
    _ = try machine.memory.allocate(request(0x1000, limit: .low))
    _ = try machine.memory.allocate(
      request(0x1000, limit: .address(PhysicalAddress(0x8_0000))))
    _ = try machine.memory.allocate(
      request(0x1000, goal: 0x4_0000, limit: .address(PhysicalAddress(0x8_0000))))
    _ = try machine.memory.allocate(request(0x1000, node: 1))
    _ = try machine.memory.allocate(request(0x1000, limit: .low, node: 1))
    _ = try machine.memory.allocate(
      request(0x1000, limit: .address(PhysicalAddress(0x11_0000)), node: 1))
    _ = try machine.memory.allocate(request(0x1000, node: 1, policy: .high))
    _ = try machine.memory.allocate(request(0x1000, node: 1, policy: .only))
    _ = try? machine.memory.allocate(request(0x90_0000, node: 1, policy: .only))
    _ = try? machine.memory.allocate(request(0x90_0000))
    _ = try? machine.memory.allocate(request(0))
    machine.memory.recordCheckpoint()
    machine.memory.endRecording()
    try machine.memory.reserve(range(0x2_0000, 0x1000))
    #expect(
      machine.memory.text == """
        trace begin
        word 40
        page_shift c
        low_limit ffffffff
        max_dma32_pfn 8000
        bootmem_low_limit 1000000
        init 0 10000 10 100 -> \(Self.bitmapByteCount(0xf0))
        init 1 10001 100 180 -> \(Self.bitmapByteCount(0x80))
        free 10000 f0000 -> ok
        free_node 1 100000 80000 -> ok
        reserve 20000 1000 0 -> 0
        reserve_node 1 100000 1 1 -> 0
        reserve 20000 1000 1 -> EBUSY
        free 30000 1000 -> BUG
        alloc_nopanic 1000 1000 0 -> 10000
        alloc 10 40 0 -> 11000
        alloc_low_nopanic 1000 1000 0 -> 12000
        alloc_node_limit 0 1000 1000 0 80000 -> 13000
        alloc_limit 1000 1000 40000 80000 -> 40000
        alloc_node_nopanic 1 1000 1000 0 -> 101000
        alloc_low_node 1 1000 1000 0 -> 102000
        alloc_node_limit 1 1000 1000 0 110000 -> 103000
        alloc_node_high 1 1000 1000 0 -> 104000
        alloc_node_nopanic 1 1000 1000 0 -> 105000
        # on that node only: alloc_node_nopanic 1 900000 1000 0 -> NULL
        alloc_nopanic 900000 1000 0 -> NULL
        alloc_nopanic 0 1000 0 -> BUG
        map 0 -> 16 fc1a8a0ff005acb0
        map 1 -> 6 233530208f17599a
        trace end

        """
    )
  }

  private static func bitmapByteCount(_ pageCount: UInt64) -> String {
    String(BootMemory.bitmapByteCount(forPageCount: pageCount), radix: 16)
  }

  /// A request for one node only drops its goal there, where Linux would go on to other nodes first.
  @Test func goalDroppedOnTheOnlyNode_isLeftOutOfTheTrace() throws {
    let machine = try #require(RecordedMachine())
    machine.memory.startRecording()
    try machine.register(0, 0, 0x100)
    try machine.register(1, 0x100, 0x200)
    try machine.memory.free(range(0, 0x10_0000))
    try machine.memory.free(range(0x10_0000, 0x4_0000))
    try machine.register(2, 0x200, 0x300)
    try machine.memory.free(range(0x20_0000, 0x10_0000))
    let address = try machine.memory.allocate(
      request(0x1000, goal: 0x18_0000, node: 1, policy: .only))
    #expect(address == PhysicalAddress(0x10_0000))
    #expect(machine.memory.text.hasSuffix("\nalloc_node_nopanic 1 1000 1000 0 -> 100000\n"))
    machine.memory.endRecording()
    let trace = try Trace(parsing: machine.memory.text)
    #expect(try TraceReplayer(trace).run(trace) == nil)
  }

  /// Memory that begins inside the page before the goal was found at the goal nevertheless.
  @Test func sharedPageBeforeTheGoal_onTheOnlyNode_replaysEqually() throws {
    try expectEqualReplay { memory in
      _ = try memory.allocate(request(0x10, goal: 0x17_f000, node: 1))
      try memory.reserve(range(0x11_0000, 0x1000))
      try memory.free(range(0x11_0000, 0x1000))
      let address = try memory.allocate(
        request(0x10, alignment: 0x10, goal: 0x18_0000, node: 1, policy: .only))
      #expect(address == PhysicalAddress(0x17_f010))
    }
  }

  // node   0 [0 .. 100)   1 [100 .. 11000)            high: from 8000 on
  @Test(arguments: [
    AllocationRequest.Limit.low, .address(PhysicalAddress(0x900_0000)),
    .address(PhysicalAddress(0x700_0000)), .address(PhysicalAddress(0)),
  ])
  func highWithALimit_replaysEqually(limit: AllocationRequest.Limit) throws {
    try expectEqualReplay { memory in
      for goal: UInt64 in [0, 0x20_0000, 0x880_0000] {
        for byteCount: UInt64 in [0x1000, 0x100_0000, 0x400_0000] {
          _ = try? memory.allocate(
            request(byteCount, goal: goal, limit: limit, node: 1, policy: .high))
        }
      }
      // What comes after finds the same too.
      _ = try memory.allocate(request(0x1000, node: 1))
      _ = try memory.allocate(request(0x1000, goal: 0x800_0000))
    }
  }

  @Test func lowWithHigh_withoutALowLimit_isHighAlone() throws {
    let machine = try #require(RecordedMachine(end: 0x1_1000, lowAddressLimit: nil))
    machine.memory.startRecording()
    try machine.register(0, 0, 0x1_1000)
    try machine.memory.free(range(0, 0x1100_0000))
    _ = try machine.memory.allocate(request(0x1000, limit: .low, node: 0, policy: .high))
    #expect(machine.memory.text.hasSuffix("\nalloc_node_high 0 1000 1000 0 -> 8000000\n"))
    // Without a node the policy means nothing.
    _ = try machine.memory.allocate(request(0x1000, limit: .low, policy: .high))
    #expect(machine.memory.text.hasSuffix("\nalloc_low_nopanic 1000 1000 0 -> 8001000\n"))
  }

  /// In a trace 0 is no limit.
  @Test func limitOfZero_isWrittenDownAsOneThatNothingLiesBelow() throws {
    let machine = try #require(RecordedMachine(lowAddressLimit: PhysicalAddress(0)))
    machine.memory.startRecording()
    try machine.register(0, 0, 0x100)
    try machine.memory.free(range(0, 0x10_0000))
    _ = try? machine.memory.allocate(request(0x1000, limit: .address(PhysicalAddress(0))))
    _ = try? machine.memory.allocate(
      request(0x1000, goal: 0x2000, limit: .address(PhysicalAddress(0))))
    _ = try? machine.memory.allocate(
      request(0x1000, limit: .address(PhysicalAddress(0)), node: 0))
    _ = try? machine.memory.allocate(request(0x1000, limit: .low))
    machine.memory.endRecording()
    #expect(machine.memory.text.contains("\nlow_limit 1\n"))
    #expect(
      machine.memory.text.hasSuffix(
        """

        alloc_node_limit 0 1000 1000 0 1 -> NULL
        alloc_limit 1000 1000 2000 1 -> NULL
        alloc_node_limit 0 1000 1000 0 1 -> NULL
        alloc_low_nopanic 1000 1000 0 -> NULL
        trace end

        """))
    let trace = try Trace(parsing: machine.memory.text)
    #expect(try TraceReplayer(trace).run(trace) == nil)
  }

  /// No pages change nothing, where a range of addresses without a page lowers the hint.
  @Test func freeOfNoPages_changesNothingAndHasNoLine() throws {
    try expectEqualReplay { memory in
      let address = try memory.allocate(request(0x4000, goal: 0x20_0000))
      #expect(address == PhysicalAddress(0x20_0000))
      let text = memory.text
      try memory.free(PageRange(emptyAt: 0x110), on: nil)
      try memory.free(PageRange(emptyAt: 0x110), on: NodeID(1))
      #expect(memory.text == text)
      let next = try memory.allocate(request(0x1000, node: 1))
      #expect(next == PhysicalAddress(0x20_4000))
    }
  }

  /// Makes calls on a machine whose nodes are free, and replays them.
  private func expectEqualReplay(
    of calls: (inout RecordedBootMemory<PrintedText>) throws -> Void
  ) throws {
    let machine = try #require(RecordedMachine(end: 0x1_1000))
    machine.memory.startRecording()
    try machine.register(0, 0, 0x100)
    try machine.register(1, 0x100, 0x1_1000)
    try machine.memory.free(range(0, 0x1100_0000))
    try calls(&machine.memory)
    machine.memory.recordCheckpoint()
    machine.memory.endRecording()
    #expect(!machine.memory.text.contains("#"))
    let trace = try Trace(parsing: machine.memory.text)
    #expect(try TraceReplayer(trace).run(trace) == nil)
  }

  @Test func withoutRecording_nothingIsWritten() throws {
    let machine = try #require(RecordedMachine())
    try machine.register(0, 0, 0x100)
    try machine.memory.free(range(0, 0x10_0000))
    _ = try machine.memory.allocate(request(0x1000))
    try machine.memory.handOver(maximumOrder: 10) { _ in }
    machine.memory.recordCheckpoint()
    machine.memory.endRecording()
    #expect(machine.memory.text == "")
  }

  @Test func callsAfterTheHandOver_areAnsweredAsLinuxDoes() throws {
    let machine = try #require(RecordedMachine())
    machine.memory.startRecording()
    try machine.register(0, 0, 0x10)
    try machine.memory.free(range(0, 0x1_0000))
    var blockCount = 0
    #expect(try machine.memory.handOver(maximumOrder: 10) { _ in blockCount += 1 } == 17)
    #expect(blockCount == 2)
    try? machine.memory.reserve(range(0, 0x1000))
    try? machine.memory.free(range(0, 0x1000))
    _ = try? machine.memory.allocate(request(1))
    #expect(try machine.memory.releaseLate(range(0x1000, 0x2000)) { _ in } == 2)
    let lines = machine.memory.text.split(separator: "\n").suffix(5)
    #expect(lines[lines.startIndex].hasPrefix("free_all -> 11 blocks 11 fnv "))
    #expect(
      lines.dropFirst().prefix(3) == [
        "reserve 0 1000 0 -> 0", "free 0 1000 -> ok", "alloc_nopanic 1 1000 0 -> NULL",
      ])
    #expect(lines.last?.hasPrefix("free_late 1000 2000 -> 2 blocks 2 fnv ") == true)
  }

  /// What Linux would have answered is written down and replayed alike.
  @Test func wrongCallsAfterTheHandOver_replayEqually() throws {
    let machine = try #require(RecordedMachine())
    machine.memory.startRecording()
    try machine.register(0, 0, 0x10)
    try machine.memory.free(range(0, 0x1_0000))
    try machine.memory.handOver(maximumOrder: 10) { _ in }
    #expect(throws: BootMemoryError.self) { try machine.register(1, 0x10, 0x20) }
    machine.memory.endRecording()
    #expect(machine.memory.text.contains("\ninit 1 10001 10 20 -> BUG\n"))
    let trace = try Trace(parsing: machine.memory.text)
    #expect(try TraceReplayer(trace).run(trace) == nil)
  }

  @Test func pageRanges_areWrittenDownAsAddresses() throws {
    let machine = try #require(RecordedMachine())
    try machine.register(0, 0x10, 0x100)
    machine.memory.startRecording()
    try machine.memory.free(PageRange(0x20..<0x40), on: nil)
    try machine.memory.reserve(PageRange(0x28..<0x2a), on: NodeID(0), exclusively: true)
    try? machine.memory.reserve(PageRange(0x20..<0x2a), on: nil, exclusively: true)
    #expect(
      machine.memory.text.hasSuffix(
        """
        free 20000 20000 -> ok
        reserve_node 0 28000 2000 1 -> 0
        reserve 20000 a000 1 -> EBUSY

        """))
    // What has no address is refused, and no trace has a line for it.
    let text = machine.memory.text
    let beyond = PageRange(PageFrame.end..<PageFrame(PageFrame.end.number + 1))
    #expect(throws: BootMemoryError.self) { try machine.memory.free(beyond, on: nil) }
    #expect(throws: BootMemoryError.self) {
      try machine.memory.reserve(beyond, on: nil, exclusively: false)
    }
    #expect(machine.memory.text == text)
  }

  @Test func looking_isThatOfTheMemory() throws {
    let machine = try #require(RecordedMachine())
    try machine.register(1, 0x10, 0x100)
    try machine.memory.free(range(0x2_0000, 0x1_0000))
    #expect(machine.memory.nodeCapacity == 8)
    #expect(machine.memory.node(NodeID(1))?.span == PageRange(0x10..<0x100))
    #expect(machine.memory.node(NodeID(8)) == nil)
    #expect(machine.memory.nextFreeRun(on: NodeID(1)) == PageRange(0x20..<0x30))
    #expect(machine.memory.nextFreeRun(on: NodeID(1), from: 0x30) == nil)
    #expect(machine.memory.freePageCount(on: NodeID(1)) == 0x10)
  }

  @Test(arguments: [64, 65])
  func handOver_ofMoreNodesThanTheLimit_endsTheTrace(nodeCapacity: Int) throws {
    let machine = try #require(RecordedMachine(nodeCapacity: nodeCapacity))
    machine.memory.startRecording()
    try machine.register(nodeCapacity - 1, 0, 0x10)
    try machine.memory.free(range(0, 0x10000))
    let released = try machine.memory.handOver(maximumOrder: 10) { _ in }
    machine.memory.endRecording()
    #expect(released == 17 && machine.memory.text.hasSuffix("\ntrace end\n"))
    let isComplete = nodeCapacity <= RecordedBootMemory<PrintedText>.nodeLimit
    #expect(machine.memory.text.contains("\nfree_all -> ") == isComplete)
    #expect(
      machine.memory.text.contains("\n# no hand-over is written down of more than 64 nodes\n")
        != isComplete)
    #expect(try Trace(parsing: machine.memory.text).operations.count == (isComplete ? 3 : 2))
  }

  @Test func refusedHandOver_isWrittenDown() throws {
    let machine = try #require(RecordedMachine())
    try machine.register(0, 0, 0x10)
    machine.memory.startRecording()
    #expect(throws: BootMemoryError.misuse(.orderOutOfRange(52))) {
      try machine.memory.handOver(maximumOrder: 52) { _ in Issue.record() }
    }
    #expect(throws: BootMemoryError.misuse(.notHandedOver)) {
      try machine.memory.releaseLate(range(0, 0x1000)) { _ in Issue.record() }
    }
    #expect(
      machine.memory.text.hasSuffix("\nfree_all -> BUG\nfree_late 0 1000 -> BUG\n"))
  }

  /// Whatever is called, the trace of it replays with equal results.
  @Test(.namingSeed, arguments: [AddressWidth.bits64, .bits32], 0..<20)
  func randomCalls_replayEqually(addressWidth: AddressWidth, seed: Int) throws {
    var random = SplitMix(stream: UInt64(seed))
    let machine = try #require(RecordedMachine(addressWidth: addressWidth, end: 0x1_1000))
    machine.memory.startRecording()
    // Two that touch, and one behind a hole, with more than 128 MiB above where `high` begins.
    try machine.register(0, 0x3, 0x800)
    try machine.register(1, 0x800, 0x1001)
    try machine.register(2, 0x2000, 0x1_1000)
    for _ in 0..<300 { makeCall(on: &machine.memory, &random) }
    machine.memory.recordCheckpoint()
    try machine.memory.handOver(maximumOrder: 10) { _ in }
    machine.memory.endRecording()
    let trace = try Trace(parsing: machine.memory.text)
    #expect(trace.header.wordBitCount == (addressWidth == .bits64 ? 64 : 32))
    #expect(trace.operations.count > 250)
    let replayer = try TraceReplayer(trace)
    #expect(try replayer.run(trace) == nil)
  }

  private func makeCall(
    on memory: inout RecordedBootMemory<PrintedText>, _ random: inout SplitMix
  ) {
    let start = UInt64.random(in: 0..<0x1200_0000, using: &random)
    let size = UInt64.random(in: 0..<0x10_0000, using: &random)
    let node = [nil, 0, 1, 2].randomElement(using: &random) ?? nil
    switch Int.random(in: 0..<10, using: &random) {
    case 0...3:
      try? memory.free(range(start, size * 8), on: node.map { NodeID($0) })
    case 4:
      try? memory.reserve(
        range(start, size / 8), on: node.map { NodeID($0) },
        exclusively: .random(using: &random))
    case 5:
      memory.recordCheckpoint()
    default:
      let limits: [AllocationRequest.Limit] = [
        .none, .low, .address(PhysicalAddress(start / 2 + 0x10_0000)), .address(PhysicalAddress(0)),
      ]
      let policies: [AllocationRequest.NodePolicy] = [.preferred, .only, .high]
      let limit = limits.randomElement(using: &random) ?? .none
      let policy = policies.randomElement(using: &random) ?? .preferred
      _ = try? memory.allocate(
        request(
          size >> UInt64.random(in: 0..<20, using: &random),
          alignment: 1 << UInt64.random(in: 0..<16, using: &random),
          goal: [0, start].randomElement(using: &random) ?? 0, limit: limit, node: node,
          policy: policy))
    }
  }
}

extension RecordedBootMemory<PrintedText> {
  /// What was recorded so far.
  var text: String { sink.text }
}
