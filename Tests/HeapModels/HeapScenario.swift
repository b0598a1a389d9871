// SPDX-License-Identifier: MIT
import KernelHeap
import PageAllocator
import PhysicalMemory
import TestSupport

/// A heap and the map that it must agree with.
package struct HeapScenario: ~Copyable {
  private struct Allocation {
    var pointer: UInt
    var count: Int
    var label: UInt8
  }

  private var machine: HeapMachine
  private let firstByte: UInt
  private var freeAtStart: UInt64
  private var allocations: [Allocation] = []

  /// For each 16 bytes of memory, the start of the allocation that has them; 0 for none.
  private var owners: [UInt]
  private var freed: [UInt] = []
  private var calls = 0

  package init(pageCount: Int, from first: UInt64, random: inout SplitMix) {
    machine = HeapMachine(pageCount: pageCount, from: first)
    freeAtStart = machine.freePageCount
    firstByte = machine.firstByte
    owners = Array(repeating: 0, count: pageCount * Int(PageFrame.byteCount) / 16)
  }

  /// Hands over with what is allocated, once there is room for what the page allocator needs.
  package mutating func handOver(random: inout SplitMix) throws {
    while true {
      do throws(PageAllocatorError) {
        try machine.handOver()
        break
      } catch {
        guard case .noRoom = error else { throw error }
        try free(random: &random)
        // What the heap keeps may be all that there is, where pages are large.
        if allocations.isEmpty { machine.trim() }
      }
    }
    let held = machine.heap.statistics
    freeAtStart = machine.freePageCount + held.pageCount + held.indexPageCount
  }

  package mutating func run(_ count: Int, random: inout SplitMix) throws {
    var pressure = 5
    for _ in 0..<count {
      calls += 1
      if random.below(400) == 0 { pressure = random.below(10) }
      switch random.below(20) {
      case 0: try freeWildly(random: &random)
      case 1: try freeInside(random: &random)
      case 2: try freeTwice(random: &random)
      case 3, 4: try resize(random: &random)
      case 5 where random.below(30) == 0: machine.trim()
      default:
        if random.below(10) < pressure {
          try allocate(random: &random)
        } else {
          try free(random: &random)
        }
      }
      if calls % 256 == 0 { try checkPages() }
    }
    try checkPages()
  }

  package mutating func freeAll(random: inout SplitMix) throws {
    while !allocations.isEmpty { try free(random: &random) }
    let kept = machine.heap.statistics
    if kept.pageCount > 38 + 16 || kept.indexPageCount > (kept.pageCount + 1) * 5 {
      throw difference("too much is kept")
    }
    if machine.trim() != kept.pageCount + kept.indexPageCount { throw difference("trim's count") }
    let none = HeapStatistics(allocationCount: 0, pageCount: 0, indexPageCount: 0)
    if machine.heap.statistics != none { throw difference("something is held") }
    if machine.freePageCount != freeAtStart { throw difference("pages are lost") }
  }

  private mutating func allocate(random: inout SplitMix) throws {
    let bits = random.below(16)
    let count = random.below(1 << bits) + (bits > 13 ? 0 : 1)
    let alignment = 1 << random.below(random.below(4) == 0 ? 15 : 5)
    let before = machine.heap.statistics
    let pointer: UInt
    do throws(KernelHeapError) {
      pointer = try machine.allocate(count, alignment: alignment)
    } catch {
      guard error == .outOfMemory(byteCount: UInt(count)) else {
        throw difference("\(error)")
      }
      // A page, and those of the index, fit wherever so many are free; larger blocks must adjoin.
      if max(count, alignment) <= Int(PageFrame.byteCount), machine.freePageCount > 8 {
        throw difference("\(count) bytes must fit")
      }
      if machine.heap.statistics.allocationCount != before.allocationCount {
        throw difference("a failure changed something")
      }
      return
    }
    let start = pointer
    let place = start &- firstByte
    if machine.physicalAddress(start) & UInt(alignment - 1) != 0 || place % 16 != 0 {
      throw difference("alignment")
    }
    let slots = Int(place / 16)..<Int(place / 16) + (max(count, 1) + 15) / 16
    if slots.upperBound > owners.count { throw difference("outside of memory") }
    for slot in slots where owners[slot] != 0 { throw difference("given out twice") }
    for slot in slots { owners[slot] = start }
    let label = UInt8(random.below(255) + 1)
    fill(pointer, count, with: label)
    allocations.append(Allocation(pointer: pointer, count: count, label: label))
  }

  private mutating func free(random: inout SplitMix) throws {
    guard !allocations.isEmpty else { return }
    allocations.swapAt(random.below(allocations.count), allocations.count - 1)
    let allocation = allocations.removeLast()
    if !holds(allocation.pointer, allocation.count, allocation.label) {
      throw difference("somebody has written to an allocation")
    }
    try machine.free(allocation.pointer)
    let place = Int(allocation.pointer &- firstByte) / 16
    for slot in place..<place + (max(allocation.count, 1) + 15) / 16 { owners[slot] = 0 }
    if freed.count < 64 {
      freed.append(allocation.pointer)
    } else {
      freed[random.below(64)] = allocation.pointer
    }
  }

  private mutating func resize(random: inout SplitMix) throws {
    guard !allocations.isEmpty else { return }
    let place = random.below(allocations.count)
    let old = allocations[place]
    let count =
      random.below(3) == 0 ? old.count + random.below(64) : random.below(1 << random.below(16))
    let usable = try machine.byteCount(of: old.pointer)
    if usable < max(old.count, 1) { throw difference("too small") }
    let before = machine.heap.statistics
    let pointer: UInt
    do throws(KernelHeapError) {
      pointer = try machine.resize(old.pointer, to: count)
    } catch {
      guard error == .outOfMemory(byteCount: UInt(count)) else {
        throw difference("\(error)")
      }
      if !holds(old.pointer, old.count, old.label) { throw difference("a failure changed bytes") }
      if machine.heap.statistics.allocationCount != before.allocationCount {
        throw difference("a failure changed something")
      }
      return
    }
    let start = Int(old.pointer &- firstByte) / 16
    for slot in start..<start + (max(old.count, 1) + 15) / 16 { owners[slot] = 0 }
    let first = Int(pointer &- firstByte) / 16
    let slots = first..<first + (max(count, 1) + 15) / 16
    for slot in slots where owners[slot] != 0 { throw difference("resized over another") }
    for slot in slots { owners[slot] = pointer }
    if !holds(pointer, min(old.count, count), old.label) { throw difference("bytes are lost") }
    fill(pointer, count, with: old.label)
    allocations[place] = Allocation(pointer: pointer, count: count, label: old.label)
  }

  private mutating func freeTwice(random: inout SplitMix) throws {
    guard !freed.isEmpty else { return }
    let pointer = freed[random.below(freed.count)]
    // It may have been given out anew.
    if owners[Int(pointer &- firstByte) / 16] == pointer { return }
    try refuse(pointer)
  }

  private mutating func freeInside(random: inout SplitMix) throws {
    guard !allocations.isEmpty else { return }
    let allocation = allocations[random.below(allocations.count)]
    guard allocation.count > 1 else { return }
    try refuse(allocation.pointer + 1 + UInt(random.below(allocation.count - 1)))
  }

  private mutating func freeWildly(random: inout SplitMix) throws {
    var wild = firstByte &+ UInt(random.below(owners.count)) * 16
    if random.below(4) == 0 { wild = UInt(truncatingIfNeeded: random.next()) | 1 }
    let place = (wild &- firstByte) / 16
    if place < UInt(owners.count), owners[Int(place)] == wild { return }
    if wild != 0 { try refuse(wild) }
  }

  private mutating func refuse(_ pointer: UInt) throws {
    let before = machine.heap.statistics
    guard case .notAllocated(let address, _) = machine.error(freeing: pointer), address == pointer
    else { throw difference("a pointer that was not given out was freed") }
    if machine.heap.statistics != before { throw difference("a refusal changed something") }
  }

  private func checkPages() throws {
    if machine.heap.statistics.allocationCount != UInt64(allocations.count) {
      throw difference("the number of allocations")
    }
    if machine.freeOrHeldPageCount != freeAtStart { throw difference("pages are lost") }
  }

  private func difference(_ text: String) -> WorldDifference {
    WorldDifference(description: "call \(calls): \(text)")
  }
}

extension SplitMix {
  fileprivate mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
