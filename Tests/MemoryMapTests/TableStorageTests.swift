// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import Testing

@Suite struct TableStorageTests {
  @Test func take_tablesLieBehindOneAnotherEachAligned() {
    let block = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 16)
    defer { unsafe block.deallocate() }
    var storage = unsafe TableStorage(start: block + 1, end: block + 64)
    /// The offset and the size of a table.
    func take<Element>(_ type: Element.Type, _ count: Int) -> [UInt] {
      let table = unsafe storage.take(type, count: count)
      return [
        UInt(bitPattern: table.baseAddress) - UInt(bitPattern: block), UInt(table.count),
      ]
    }
    #expect(take(UInt64.self, 2) == [8, 2])
    #expect(take(UInt8.self, 3) == [24, 3])
    #expect(take(UInt16.self, 1) == [28, 1])
    // All that there is, and no more.
    #expect(take(UInt8.self, 34) == [30, 34])
    #expect(take(UInt8.self, 0) == [64, 0])
  }

  /// A value that cannot be copied, as an allocator is.
  private struct Counter: ~Copyable {
    var count: UInt32 = 0

    mutating func increment() { count += 1 }
  }

  @Test func place_theValueStaysAndChangesThere() {
    let block = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 16)
    defer { unsafe block.deallocate() }
    var storage = unsafe TableStorage(start: block + 1, end: block + 64)
    /// Its scope ends, the value stays.
    func placeOne() -> Placed<Counter> {
      var counter = Counter()
      counter.increment()
      return storage.place(counter)
    }
    let placed = placeOne()
    let reference = placed
    reference.value.increment()
    #expect(placed.value.count == 2)
    unsafe #expect(UnsafeMutableRawPointer(placed.pointer) == block + 4)
    // What is taken next lies behind it.
    #expect(unsafe storage.take(Counter.self, count: 1).baseAddress == placed.pointer + 1)
  }

  @Test func take_moreThanThereIs_traps() async {
    await #expect(processExitsWith: .failure) {
      let block = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 16)
      var storage = unsafe TableStorage(start: block, end: block + 16)
      _ = unsafe storage.take(UInt32.self, count: 5)
    }
  }
}
