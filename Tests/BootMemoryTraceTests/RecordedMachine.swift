// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryTrace
import TraceReplay
import PhysicalMemory
import TestSupport
import Testing

/// Boot memory of a host with a recorder, its bitmaps behind all nodes.
final class RecordedMachine {
  var memory: RecordedBootMemory<PrintedText>
  private let arena: Arena
  private let nodes: NodeStorage
  private var nextBitmap: PageFrame

  /// Makes a machine whose nodes lie below `end`.
  init?(
    addressWidth: AddressWidth = .bits64, end: UInt64 = 0x1_0000, nodeCapacity: Int = 8,
    lowAddressLimit: PhysicalAddress? = PhysicalAddress(0xffff_ffff)
  ) {
    guard let arena = Arena(byteCount: 1 << 24) else { return nil }
    self.arena = arena
    nodes = NodeStorage(count: nodeCapacity)
    nextBitmap = PageFrame(end)
    var platform = BootMemoryPlatform()
    platform.addressWidth = addressWidth
    platform.lowAddressLimit = lowAddressLimit
    platform.maxDMA32PageFrame = addressWidth == .bits64 ? PageFrame(0x8000) : nil
    let bitmaps = UInt(end << PageFrame.byteCountShift)
    platform.directMapOffset = unsafe UInt(bitPattern: arena.start) &- bitmaps
    memory = unsafe RecordedBootMemory(
      BootMemory(platform: platform, nodes: nodes.nodes), sink: PrintedText())
  }

  func register(_ number: Int, _ start: UInt64, _ end: UInt64) throws {
    let span = try #require(PageRange(start: PageFrame(start), end: PageFrame(end)))
    try memory.registerNode(NodeID(number), spanning: span, bitmapAt: nextBitmap)
    let pageCount = BootMemory.bitmapPageCount(forPageCount: span.pageCount)
    nextBitmap = PageFrame(nextBitmap.number + pageCount)
  }
}

/// The bytes from `start` on.
func range(_ start: UInt64, _ byteCount: UInt64) -> AddressRange {
  AddressRange(start: PhysicalAddress(start), clampingByteCount: byteCount)
}
