// SPDX-License-Identifier: MIT
import HeapModels
import KernelHeap
import PhysicalMemory
import TestSupport
import Testing

/// What a debug heap finds, and what it says.
@Suite struct DebugHeapTests {
  /// Every size of slots, whole pages, and many of them.
  static let sizes = [
    0, 1, 15, 16, 17, 100, 496, 497, 2032, 2033, 4080, 4081, 4096, 20_000, 300_000,
  ]

  @Test(arguments: [false, true])
  func everySize_isServed_exactly_andGivenBack(handedOver: Bool) throws {
    var machine = DebugMachine(pageCount: 1024)
    if handedOver { try machine.handOver() }
    let before = machine.freePageCount
    var pointers: [UInt] = []
    for (index, size) in Self.sizes.enumerated() {
      let pointer = try machine.allocate(size)
      #expect(try machine.byteCount(of: pointer) == max(size, 1))
      fill(pointer, size, with: UInt8(index))
      pointers.append(pointer)
    }
    #expect(machine.heap.statistics.allocationCount == UInt64(Self.sizes.count))
    #expect(machine.heap.check() == 0)
    for (index, size) in Self.sizes.enumerated() {
      #expect(holds(pointers[index], size, UInt8(index)))
      try machine.free(pointers[index])
    }
    #expect(machine.heap.statistics.allocationCount == 0)
    #expect(machine.heap.check() == 0)
    #expect(machine.trim() == before - machine.freePageCountBeforeTrim)
    #expect(
      machine.heap.statistics == HeapStatistics(allocationCount: 0, pageCount: 0, indexPageCount: 0)
    )
    #expect(machine.freePageCount == before)
    #expect(machine.text.isEmpty)
  }

  @Test func alignments_areKept_andRedZonesToo() throws {
    var machine = DebugMachine(pageCount: 8192)
    for shift in 0...20 {
      for size in [1, 100, 3000, 70_000] {
        let pointer = try machine.allocate(size, alignment: 1 << shift)
        #expect(machine.physicalAddress(pointer) & (1 << shift - 1) == 0)
        poke(pointer + UInt(size))
        try machine.free(pointer)
        #expect(machine.takeText().contains("behind the end of \(hex(size)) bytes"))
      }
    }
    #expect(machine.error { try $0.allocate(1, alignment: 3) } == .alignmentNotPowerOfTwo(3))
  }

  @Test(arguments: [1, 16, 100, 2032, 2033, 4080, 4096, 20_000])
  func aWriteBehindTheEnd_isReportedOnce_whenFreedOrLookedAt(size: Int) throws {
    var machine = DebugMachine(pageCount: 64)
    // The first byte behind it, and the last that a red zone has at least.
    for distance: UInt in [0, 15] {
      for isFreed in [false, true] {
        let pointer = try machine.allocate(size)
        poke(pointer + UInt(size) + distance)
        if isFreed { try machine.free(pointer) } else { #expect(machine.heap.check() == 1) }
        let text = machine.takeText()
        #expect(
          text.hasPrefix(
            "memory check: 0x41 instead of 0xbd at \(hex(pointer + UInt(size) + distance)), "
              + "behind the end of \(hex(size)) bytes at \(hex(pointer))"))
        #expect(text.filter { $0 == "\n" }.count == 1)
        #expect(machine.heap.check() == 0)
        if !isFreed { try machine.free(pointer) }
        #expect(machine.text.isEmpty)
      }
    }
    #expect(machine.heap.violationCount == 4)
  }

  @Test func aWriteBeforeTheBeginning_namesBothNeighbours() throws {
    var machine = DebugMachine(pageCount: 64)
    let first = try machine.allocate(40)
    let second = try machine.allocate(41)
    #expect(second == first + 64)
    poke(second - 1)
    #expect(machine.heap.check() == 1)
    #expect(
      machine.takeText()
        == "memory check: 0x41 instead of 0xbd at \(hex(second - 1)), behind the end of "
        + "0x28 bytes at \(hex(first)); and before 0x29 bytes at \(hex(second))\n")
    // Farther away it is the first one's alone.
    poke(first + 40)
    try machine.free(first)
    #expect(
      machine.takeText()
        == "memory check: 0x41 instead of 0xbd at \(hex(first + 40)), behind the end of "
        + "0x28 bytes at \(hex(first))\n")
    // Before the second now lies freed memory.
    poke(second - 1)
    #expect(machine.heap.check() == 1)
    #expect(
      machine.takeText()
        == "memory check: 0x41 instead of 0x6b at \(hex(second - 1)), in freed memory: "
        + "0x28 bytes at \(hex(first))\n")
  }

  @Test(arguments: [1, 100, 2032, 4096, 20_000])
  func aWriteToFreedMemory_isReported_whenLookedAt(size: Int) throws {
    var machine = DebugMachine(pageCount: 64)
    let pointer = try machine.allocate(size)
    try machine.free(pointer)
    poke(pointer + UInt(size) - 1)
    #expect(machine.heap.check() == 1)
    #expect(machine.takeText() == freedText(pointer, size, at: pointer + UInt(size) - 1))
    #expect(machine.heap.check() == 0)
  }

  @Test(arguments: [100, 20_000])
  func aWriteToFreedMemory_isReported_whenItIsGivenOutAgain(size: Int) throws {
    var machine = DebugMachine(pageCount: 256)
    let keeper = try machine.allocate(size)
    let pointer = try machine.allocate(size)
    try machine.free(pointer)
    // Others push it out of those that were freed last.
    for _ in 0..<16 { try machine.free(try machine.allocate(size)) }
    poke(pointer)
    var other: UInt = 0
    for _ in 0..<20 where other != pointer { other = try machine.allocate(size) }
    #expect(other == pointer)
    #expect(machine.takeText() == freedText(pointer, size, at: pointer))
    try machine.free(keeper)
    #expect(machine.text.isEmpty)
  }

  @Test(arguments: [100, 20_000, 300_000])
  func aWriteToFreedMemory_isReported_whenItsPagesGoBack(size: Int) throws {
    var machine = DebugMachine(pageCount: 256)
    let pointer = try machine.allocate(size)
    try machine.free(pointer)
    poke(pointer + 3)
    machine.trim()
    #expect(machine.takeText() == freedText(pointer, size, at: pointer + 3))
  }

  @Test func aWriteToMemoryThatWasNeverGivenOut_isReported() throws {
    var machine = DebugMachine(pageCount: 64)
    let pointer = try machine.allocate(40)
    poke(pointer + 64 + 5)
    #expect(machine.heap.check() == 1)
    #expect(
      machine.takeText()
        == "memory check: 0x41 instead of 0x6b at \(hex(pointer + 69)), in memory that was never "
        + "given out\n")
    // Likewise when the page goes back.
    try machine.free(pointer)
    poke(pointer + 4000)
    machine.trim()
    #expect(machine.takeText().hasSuffix("in memory that was never given out\n"))
  }

  @Test(arguments: [1, 100, 2032, 4096, 20_000, 300_000])
  func aDoubleFree_isReported_whileSizesAreInDemand(size: Int) throws {
    var machine = DebugMachine(pageCount: 2048)
    let pointer = try machine.allocate(size)
    try machine.free(pointer)
    for _ in 0..<15 { try machine.free(try machine.allocate(size)) }
    #expect(
      machine.error { try $0.free(pointer) } == .notAllocated(address: pointer, .noAllocation))
    #expect(
      machine.takeText()
        == "memory check: freed before: \(hex(size)) bytes at \(hex(pointer))\n")
    #expect(
      machine.error { try $0.resize(pointer, to: 10) }
        == .notAllocated(address: pointer, .noAllocation))
    #expect(machine.takeText().hasPrefix("memory check: freed before: "))
    #expect(
      machine.error { _ = try $0.byteCount(of: pointer) }
        == .notAllocated(address: pointer, .noAllocation))
  }

  @Test(arguments: [100, 20_000])
  func aPointerIntoAFreedAllocation_isRefused_andNamesIt(size: Int) throws {
    var machine = DebugMachine(pageCount: 64)
    let pointer = try machine.allocate(size)
    try machine.free(pointer)
    for inside in [pointer + 1, pointer + 16, pointer + UInt(size) - 1] {
      #expect(
        machine.error { try $0.free(inside) } == .notAllocated(address: inside, .noAllocation))
      #expect(
        machine.takeText() == "memory check: freed before: \(hex(size)) bytes at \(hex(pointer))\n")
    }
  }

  @Test func pagesThatTheSourceRefuses_areCounted() throws {
    var machine = DebugMachine(pageCount: 64)
    var source = RefusingPages(of: machine.machine.source)
    let pointer = unsafe try machine.heap.allocate(byteCount: 100, from: &source)
    unsafe try machine.heap.free(pointer, to: &source)
    let kept = machine.heap.statistics
    #expect(machine.heap.trim(to: &source) == 0)
    #expect(machine.heap.statistics == kept.whenAllIsRefused)
  }

  @Test func wrongPointers_areRefusedAsByAHeap() throws {
    var machine = DebugMachine(pageCount: 64)
    let pointer = try machine.allocate(100)
    for distance: UInt in [1, 8, 16, 100] {
      #expect(
        machine.error { try $0.free(pointer + distance) }
          == .notAllocated(
            address: pointer + distance, .insideAllocation(address: pointer)))
    }
    for address: UInt in [1, 4096, .max, machine.firstByte + 0x10_000] {
      #expect(
        machine.error { try $0.free(address) } == .notAllocated(address: address, .otherPage))
    }
    #expect(machine.text.isEmpty && machine.heap.check() == 0)
  }

  @Test func aResize_keepsContentAndRedZone() throws {
    var machine = DebugMachine(pageCount: 256)
    var pointer = try machine.allocate(1)
    var size = 1
    for next in [2, 10, 16, 17, 48, 49, 500, 501, 3000, 3001, 9000, 300_000, 9000, 70, 60, 33, 1] {
      fill(pointer, size, with: UInt8(next & 0xff))
      pointer = try machine.resize(pointer, to: next)
      #expect(holds(pointer, min(size, next), UInt8(next & 0xff)), "\(size) to \(next)")
      #expect(try machine.byteCount(of: pointer) == next)
      size = next
      #expect(machine.heap.check() == 0)
      poke(pointer + UInt(size))
      #expect(machine.heap.check() == 1)
    }
    _ = machine.takeText()
    // In place: the red zone is looked at first.
    pointer = try machine.allocate(33)
    poke(pointer + 33)
    #expect(try machine.resize(pointer, to: 34) == pointer)
    #expect(machine.takeText().contains("behind the end of 0x21 bytes"))
    #expect(
      machine.error { try $0.resize(pointer, to: 1 << 40) } == .outOfMemory(byteCount: 1 << 40))
    #expect(try machine.byteCount(of: pointer) == 34)
  }

  @Test func aZeroedAllocation_isAllZeros_andFreshMemoryIsNot() throws {
    var machine = DebugMachine(pageCount: 256)
    for size in Self.sizes {
      let pointer = try machine.allocateZeroed(size)
      #expect(holds(pointer, size, 0))
      #expect(holds(try machine.allocate(size), size, 0x6b))
    }
    #expect(machine.heap.check() == 0)
  }

  @Test(arguments: [1, 2000, 5000])
  func whenMemoryIsUsedUp_whatWasFreedGoesBack_andNothingChanges(size: Int) throws {
    var machine = DebugMachine(pageCount: 100)
    var pointers: [UInt] = []
    while machine.error({ pointers.append(try $0.allocate(size)) }) == nil {}
    #expect(machine.error { try $0.allocate(size) } == .outOfMemory(byteCount: UInt(size)))
    #expect(machine.heap.statistics.allocationCount == UInt64(pointers.count))
    #expect(machine.heap.check() == 0)
    let last = pointers.removeLast()
    try machine.free(last)
    #expect(try machine.allocate(size) == last)
    for pointer in pointers + [last] { try machine.free(pointer) }
    machine.trim()
    #expect(machine.freePageCount == 100)
    #expect(machine.text.isEmpty)
    for size in [Int.max, -1, -16, -17] {
      #expect(
        machine.error { try $0.allocate(size) } == .outOfMemory(byteCount: UInt(bitPattern: size)))
    }
    #expect(machine.freePageCount == 100)
  }

  @Test func names_areThoseOfNow_andOfTheFree() throws {
    var machine = DebugMachine(pageCount: 64, isNaming: true)
    let pointer = try machine.allocate(100)
    // That of a ledger, say.
    let physical = machine.physicalAddress(pointer)
    machine.lines.named = physical
    poke(pointer + 100)
    #expect(machine.heap.check() == 1)
    #expect(machine.takeText().hasSuffix("behind the end of 0x64 bytes at \(hex(pointer)): log\n"))
    try machine.free(pointer)
    machine.lines.named = 0
    poke(pointer)
    #expect(machine.heap.check() == 1)
    #expect(machine.takeText().hasSuffix("in freed memory: 0x64 bytes at \(hex(pointer)): log\n"))
    #expect(machine.error { try $0.free(pointer) } != nil)
    #expect(
      machine.takeText() == "memory check: freed before: 0x64 bytes at \(hex(pointer)): log\n")
  }

  @Test(arguments: 0..<4)
  func randomCalls_keepContent_andFindNothing(seed: Int) throws {
    var random = SplitMix(stream: UInt64(seed) &+ 77)
    var machine = DebugMachine(pageCount: [60, 700][seed % 2])
    var allocations: [(pointer: UInt, size: Int, byte: UInt8)] = []
    for call in 0..<1500 {
      if call == 750 {
        // The page allocator needs memory of its own.
        for old in allocations.dropFirst(allocations.count / 2) { try machine.free(old.pointer) }
        allocations.removeLast(allocations.count - allocations.count / 2)
        machine.trim()
        try machine.handOver()
      }
      let size = Int(random.next() % (1 << (random.next() % 15)))
      let byte = UInt8(truncatingIfNeeded: call)
      switch random.next() % 5 {
      case 0, 1:
        do throws(KernelHeapError) {
          allocations.append((try machine.allocate(size), size, byte))
        } catch {
          #expect(error == .outOfMemory(byteCount: UInt(size)))
          continue
        }
      case 2 where !allocations.isEmpty:
        let place = Int(random.next() % UInt64(allocations.count))
        let old = allocations[place]
        do throws(KernelHeapError) {
          let pointer = try machine.resize(old.pointer, to: size)
          #expect(holds(pointer, min(size, old.size), old.byte))
          allocations.remove(at: place)
          allocations.append((pointer, size, byte))
        } catch {
          #expect(error == .outOfMemory(byteCount: UInt(size)))
          continue
        }
      default:
        if call % 200 == 0 { machine.trim() }
        guard !allocations.isEmpty else { continue }
        let old = allocations.remove(at: Int(random.next() % UInt64(allocations.count)))
        #expect(holds(old.pointer, old.size, old.byte))
        try machine.free(old.pointer)
        continue
      }
      fill(allocations.last!.pointer, size, with: byte)
    }
    #expect(machine.heap.check() == 0)
    #expect(machine.heap.statistics.allocationCount == UInt64(allocations.count))
    for old in allocations { try machine.free(old.pointer) }
    machine.trim()
    #expect(
      machine.heap.statistics == HeapStatistics(allocationCount: 0, pageCount: 0, indexPageCount: 0)
    )
    #expect(machine.text.isEmpty)
  }

  private func freedText(_ pointer: UInt, _ size: Int, at address: UInt) -> String {
    "memory check: 0x41 instead of 0x6b at \(hex(address)), in freed memory: \(hex(size)) bytes at "
      + "\(hex(pointer))\n"
  }

  // With every number of pages there is one that the notes or one of the two indices does not get.
  @Test(arguments: [16, Int(PageFrame.byteCount), 3 * Int(PageFrame.byteCount)])
  func aDebugHeapWithoutPagesForItsNotes_givesBackWhatItTook(size: Int) throws {
    var servedCounts: Set<Int> = []
    for pageCount in 1...16 {
      var machine = DebugMachine(pageCount: pageCount)
      let before = machine.freePageCount
      var pointers: [UInt] = []
      while let pointer = try? machine.allocate(size) { pointers.append(pointer) }
      servedCounts.insert(pointers.count)
      #expect(machine.error { try $0.allocate(size) } != nil)
      for pointer in pointers { try machine.free(pointer) }
      #expect(machine.heap.check() == 0)
      _ = machine.trim()
      #expect(machine.freePageCount == before, "\(pageCount) pages")
      #expect(machine.text.isEmpty)
    }
    #expect(servedCounts.contains(0) && servedCounts.count > 2)
  }
}

/// A debug heap with what serves it, and what it has written.
private struct DebugMachine: ~Copyable {
  /// The text, and the address that has a name.
  final class Lines {
    var text = ""
    var named: UInt = 0
  }

  var heap: DebugHeap
  var machine: HeapMachine
  let lines = Lines()
  private(set) var freePageCountBeforeTrim: UInt64 = 0

  init(pageCount: Int, isNaming: Bool = false) {
    machine = HeapMachine(pageCount: pageCount)
    heap = unsafe DebugHeap(
      directMapOffset: machine.directMapOffset,
      context: Unmanaged.passUnretained(lines).toOpaque(),
      write: { context, text, byteCount in
        let bytes = unsafe UnsafeBufferPointer(start: text, count: Int(byteCount))
        unsafe Unmanaged<Lines>.fromOpaque(context!).takeUnretainedValue().text +=
          String(decoding: bytes, as: UTF8.self)
      },
      name: isNaming
        ? { context, address in
          let lines = unsafe Unmanaged<Lines>.fromOpaque(context!).takeUnretainedValue()
          let text: StaticString = "log"
          return unsafe lines.named == address
            ? UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self) : nil
        } : nil)
  }

  var text: String { lines.text }
  var freePageCount: UInt64 { machine.freePageCount }
  var firstByte: UInt { machine.firstByte }
  func physicalAddress(_ address: UInt) -> UInt { machine.physicalAddress(address) }
  mutating func handOver() throws { try machine.handOver() }

  mutating func takeText() -> String {
    defer { lines.text = "" }
    return lines.text
  }

  @discardableResult
  mutating func allocate(_ byteCount: Int, alignment: Int = 16) throws(KernelHeapError) -> UInt {
    var source = machine.source
    return unsafe UInt(
      bitPattern: try heap.allocate(
        byteCount: UInt(bitPattern: byteCount), alignment: UInt(bitPattern: alignment),
        from: &source))
  }

  mutating func allocateZeroed(_ byteCount: Int) throws(KernelHeapError) -> UInt {
    var source = machine.source
    return unsafe UInt(
      bitPattern: try heap.allocateZeroed(byteCount: UInt(bitPattern: byteCount), from: &source))
  }

  mutating func free(_ address: UInt) throws(KernelHeapError) {
    var source = machine.source
    unsafe try heap.free(UnsafeMutableRawPointer(bitPattern: address)!, to: &source)
  }

  @discardableResult
  mutating func resize(_ address: UInt, to byteCount: Int) throws(KernelHeapError) -> UInt {
    var source = machine.source
    return unsafe UInt(
      bitPattern: try heap.resize(
        UnsafeMutableRawPointer(bitPattern: address)!, toByteCount: UInt(bitPattern: byteCount),
        from: &source))
  }

  mutating func byteCount(of address: UInt) throws(KernelHeapError) -> Int {
    Int(unsafe try heap.byteCount(of: UnsafeMutableRawPointer(bitPattern: address)!))
  }

  @discardableResult
  mutating func trim() -> UInt64 {
    freePageCountBeforeTrim = freePageCount
    var source = machine.source
    return heap.trim(to: &source)
  }

  mutating func error(_ body: (inout DebugMachine) throws -> Void) -> KernelHeapError? {
    do { try body(&self) } catch { return (error as! KernelHeapError) }
    return nil
  }
}

/// Writes a byte where there should be none.
private func poke(_ address: UInt) {
  fill(address, 1, with: 0x41)
}

private func hex(_ value: some FixedWidthInteger) -> String {
  "0x" + String(max(value, 1), radix: 16)
}
