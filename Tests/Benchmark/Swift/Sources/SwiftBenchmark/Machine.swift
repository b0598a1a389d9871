// SPDX-License-Identifier: MIT
import BootMemory
import Glibc
import KernelHeap
import PageAllocator
import PhysicalMemory

/// Boot memory of a machine of any size, of which only the bitmaps are there.
@safe struct Machine: ~Copyable {
  var memory: BootMemory

  /// Its pages, once they are kept.
  private(set) var pages: UnsafeMutablePointer<PageAllocator>?

  /// The bitmaps lie from 2 MiB on in physical memory, and the host's memory stands for that.
  private static let bitmapStart = PageFrame(512)
  private static let bitmapByteCount = 640 << 20
  private var nextBitmap = bitmapStart

  /// An empty heap.
  let heap: UnsafeMutablePointer<KernelHeap>

  init() {
    let arena = unsafe mmap(
      nil, Self.bitmapByteCount, PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    var platform = BootMemoryPlatform()
    // As in benchmark.c: the bitmaps are left to the caller.
    platform.keepsBitmapsReserved = false
    platform.directMapOffset = UInt(bitPattern: arena) &- 2 << 20
    let nodes = UnsafeMutableBufferPointer<BootMemoryNode>.allocate(capacity: 64)
    memory = unsafe BootMemory(platform: platform, nodes: nodes)
    unsafe heap = .allocate(capacity: 1)
    unsafe heap.initialize(to: KernelHeap(directMapOffset: platform.directMapOffset))
  }

  /// Registers a node, nothing free.
  mutating func register(_ id: Int, from start: UInt64, byteCount: UInt64) throws {
    let pages = AddressRange(start: PhysicalAddress(start), byteCount: byteCount)!.touchedPages
    let size = try memory.registerNode(NodeID(id), spanning: pages, bitmapAt: nextBitmap)
    let pageCount = PageFrame.pageCount(holdingByteCount: size)
    nextBitmap = nextBitmap.advanced(byPageCount: pageCount)!
  }

  mutating func free(_ start: UInt64, _ byteCount: UInt64) throws {
    try memory.free(AddressRange(start: PhysicalAddress(start), byteCount: byteCount)!)
  }

  /// Hands over to a page allocator.
  mutating func keepPages() throws {
    let nodes = UnsafeMutableBufferPointer<PageNode>.allocate(capacity: 64)
    let pages = UnsafeMutablePointer<PageAllocator>.allocate(capacity: 1)
    unsafe pages.initialize(to: try PageAllocator(takingOver: &memory, nodes: nodes))
    unsafe self.pages = unsafe pages
  }

  mutating func reserve(_ start: UInt64, _ byteCount: UInt64) throws {
    try memory.reserve(AddressRange(start: PhysicalAddress(start), byteCount: byteCount)!)
  }
}

let kib: UInt64 = 1 << 10
let mib: UInt64 = 1 << 20
let gib: UInt64 = 1 << 30
let tib: UInt64 = 1 << 40
let page: UInt64 = 4096
