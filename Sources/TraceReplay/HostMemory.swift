// SPDX-License-Identifier: MIT
import BootMemory

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// Address space of the host that stands for physical memory; what is never touched costs nothing.
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
    var flags = MAP_PRIVATE
    #if canImport(Darwin)
    flags |= MAP_ANON
    #else
    flags |= MAP_ANONYMOUS | MAP_NORESERVE
    #endif
    let memory = unsafe mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard let memory = unsafe memory, unsafe memory != MAP_FAILED else { return nil }
    unsafe start = unsafe memory
    self.byteCount = byteCount
  }

  /// All of it.
  public var bytes: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: start, count: byteCount)
  }

  deinit {
    unsafe munmap(start, byteCount)
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
