// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TestSupport
import Testing

@Suite struct BoundedListTests {
  /// Gives an empty list with room for `capacity` numbers to `body`.
  private func withList(capacity: Int, _ body: (inout BoundedList<UInt32>) throws -> Void) throws {
    let storage = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: capacity)
    defer { unsafe storage.deallocate() }
    var list = unsafe BoundedList(storage: storage)
    try body(&list)
  }

  @Test func append_withoutRoom_isCounted() throws {
    try withList(capacity: 2) { list in
      for number: UInt32 in 7...9 { list.append(number) }
      #expect(list.count == 2 && list[1] == 8)
      #expect(!list.isComplete && list.neededCapacity == 3)
    }
  }

  @Test func removeLast_makesRoom() throws {
    try withList(capacity: 2) { list in
      for number: UInt32 in 7...8 { list.append(number) }
      list.removeLast()
      list.append(9)
      #expect(list.isComplete && list.count == 2 && list[1] == 9)
    }
  }

  @Test func ownedRanges_printOneALineAndAreFoundByOwner() throws {
    let storage = UnsafeMutableBufferPointer<OwnedRange>.allocate(capacity: 4)
    defer { unsafe storage.deallocate() }
    var list = unsafe OwnedRangeList(storage: storage)
    list.append(AddressRange(0x1000..<0x2000), .module(3))
    list.append(AddressRange(0x8000..<0x8000), .symbols)
    list.append(AddressRange(0x2000..<0x2024), .acpiTables)
    var printed = PrintedText()
    list.write(to: &printed)
    #expect(
      printed.text == """
          0000000000001000-0000000000001fff module 3
          0000000000002000-0000000000002023 ACPI tables

        """)
    #expect(list.first(of: .acpiTables) == AddressRange(0x2000..<0x2024))
    #expect(list.first(of: .loader(.symbols)) == nil)
  }
}
