// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory

#if hasFeature(Embedded)
import CRuntimeHeap
#elseif canImport(Darwin)
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
    // Swift's own way to allocate would trap.
    guard let memory = unsafe Self.allocate(byteCount) else { return nil }
    unsafe start = unsafe memory
    // The rest of the heap has to serve everything else, where nothing can be refused.
    guard let rest = unsafe Self.allocate(Self.reserveByteCount) else {
      unsafe runtime_heap_free(memory)
      return nil
    }
    unsafe runtime_heap_free(rest)
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
  /// How many bytes an arena leaves of the heap.
  private static var reserveByteCount: Int { 64 << 20 }

  private static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    var memory: UnsafeMutableRawPointer?
    let error = unsafe runtime_heap_allocate(&memory, Int(PageFrame.byteCount), byteCount)
    return unsafe error == 0 ? memory : nil
  }
  #endif

  /// All of it.
  public var bytes: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: start, count: byteCount)
  }

  deinit {
    #if hasFeature(Embedded)
    unsafe runtime_heap_free(start)
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
