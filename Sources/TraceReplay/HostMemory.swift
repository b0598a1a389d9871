// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#endif

/// Address space of the host that stands for physical memory; what is never touched costs nothing.
///
/// Where there is no system to ask, as in a browser, it comes from the heap.
@safe public final class Arena {
  /// The first byte.
  public let start: UnsafeMutableRawPointer
  /// The size in bytes.
  public let byteCount: Int

  /// Reserves address space.
  ///
  /// - Returns: nil if the host does not have that much left.
  public init?(byteCount: Int) {
    let byteCount = max(byteCount, 1)
    #if hasFeature(Embedded)
    guard byteCount <= Self.maximumByteCount else { return nil }
    unsafe start = .allocate(byteCount: byteCount, alignment: Int(PageFrame.byteCount))
    #else
    var flags = MAP_PRIVATE
    #if canImport(Darwin)
    flags |= MAP_ANON
    #else
    flags |= MAP_ANONYMOUS | MAP_NORESERVE
    #endif
    let memory = unsafe mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard let memory = unsafe memory, unsafe memory != MAP_FAILED else { return nil }
    unsafe start = unsafe memory
    #endif
    self.byteCount = byteCount
  }

  #if hasFeature(Embedded)
  /// What a heap of 1 GiB has in one piece: the bitmaps of some 16 TiB.
  private static var maximumByteCount: Int { 640 << 20 }
  #endif

  /// All of it.
  public var bytes: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: start, count: byteCount)
  }

  deinit {
    #if hasFeature(Embedded)
    unsafe start.deallocate()
    #else
    unsafe munmap(start, byteCount)
    #endif
  }
}

/// Storage for nodes on the host's heap.
@safe public final class NodeStorage {
  /// The storage.
  public let nodes: UnsafeMutableBufferPointer<BootMemoryNode>

  /// Makes room for `count` nodes.
  public init(count: Int) {
    unsafe nodes = .allocate(capacity: count)
  }

  deinit {
    unsafe nodes.deallocate()
  }
}
