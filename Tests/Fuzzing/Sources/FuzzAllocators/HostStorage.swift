// SPDX-License-Identifier: MIT
import BootMemory
import FuzzKit
import Glibc

/// Memory of the host that stays in place from one input to the next, with whatever is in it.
@safe struct HostStorage: @unchecked Sendable {
  /// Stands for physical memory, for bitmaps that lie in pages.
  let memory: UnsafeMutableRawBufferPointer
  /// For bitmaps too large to make and throw away.
  let largeBitmaps: UnsafeMutableRawBufferPointer
  let nodes: UnsafeMutableBufferPointer<BootMemoryNode>

  init(memoryByteCount: Int, largeBitmapByteCount: Int, nodeCapacity: Int) {
    unsafe memory = unsafe Self.map(memoryByteCount)
    unsafe largeBitmaps = unsafe Self.map(largeBitmapByteCount)
    unsafe nodes = .allocate(capacity: nodeCapacity)
  }

  /// Address space; what is never touched costs nothing.
  static func map(_ byteCount: Int) -> UnsafeMutableRawBufferPointer {
    let start = unsafe mmap(
      nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    precondition(unsafe start != MAP_FAILED)
    return unsafe UnsafeMutableRawBufferPointer(start: start, count: byteCount)
  }
}
