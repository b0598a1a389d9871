#if hasFeature(Embedded) && arch(i386)
import Board
import PhysicalMemory

/// Address translation on i386: every address that there is, mapped to itself.
enum Paging {
  static let processorName: StaticString = "i386"

  /// The page behind the last one that the processor reaches.
  static var reach: PageFrame { PageFrame(1 << 20) }

  /// The page behind the last one that is mapped on entry.
  static var mappedEnd: PageFrame { reach }

  private static let presentWritableLarge: UInt32 = 0x83
  private static let presentWritable: UInt32 = 0x03
  private static let present: UInt32 = 0x01

  /// Turns paging on, so that a nil pointer and a stack that runs over trap, and code and constants
  /// cannot be written.
  ///
  /// Nothing changes on a processor without 4 MiB pages.
  static func protectLowMemory(tables: inout StaticMemory) {
    let directory = unsafe tables.take(UInt32.self, count: 1024, alignment: 4096)
    let table = unsafe tables.take(UInt32.self, count: 1024, alignment: 4096)
    for index in 0..<1024 {
      unsafe directory.initializeElement(at: index, to: UInt32(index) << 22 | presentWritableLarge)
      let address = UInt(index) << 12
      let flags =
        switch LowPage(at: address) {
        case .unmapped: 0 as UInt32
        case .readOnly: UInt32(address) | present
        case .writable: UInt32(address) | presentWritable
        }
      unsafe table.initializeElement(at: index, to: flags)
    }
    unsafe directory[0] = UInt32(UInt(bitPattern: table.baseAddress)) | presentWritable
    board_enable_paging(UInt(bitPattern: directory.baseAddress))
  }
}
#endif
