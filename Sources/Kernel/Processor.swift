#if hasFeature(Embedded)
import Board
import PhysicalMemory

/// What differs between the processors that the kernel runs on.
enum Processor {
  #if arch(i386)
  static let name: StaticString = "i386"
  private static let presentWritableLarge: UInt32 = 0x83
  private static let presentWritable: UInt32 = 0x03
  private static let present: UInt32 = 0x01

  /// Turns paging on: all addresses map to themselves, but a nil pointer and a stack that runs over
  /// trap, and code and constants cannot be written.
  ///
  /// Nothing changes on a processor without 4 MiB pages.
  static func protectLowMemory(tables: inout StaticMemory) {
    let directory = unsafe tables.take(UInt32.self, count: 1024, alignment: 4096)
    let table = unsafe tables.take(UInt32.self, count: 1024, alignment: 4096)
    for index in 0..<1024 {
      unsafe directory.initializeElement(at: index, to: UInt32(index) << 22 | presentWritableLarge)
      unsafe table.initializeElement(
        at: index, to: UInt32(index) << 12 | protection(ofPageAt: UInt(index) << 12))
    }
    unsafe directory[0] = UInt32(UInt(bitPattern: table.baseAddress)) | presentWritable
    board_enable_paging(UInt(bitPattern: directory.baseAddress))
  }

  private static func protection(ofPageAt address: UInt) -> UInt32 {
    if address == 0 || address == board_boot_stack_guard() { return 0 }
    let isReadOnly = address >= board_image_start() && address < board_image_read_only_end()
    return isReadOnly ? present : presentWritable
  }
  #else
  static let name: StaticString = "x86_64"
  static func protectLowMemory(tables: inout StaticMemory) {}
  #endif
}
#endif
