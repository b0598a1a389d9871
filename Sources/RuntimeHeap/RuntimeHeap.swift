// SPDX-License-Identifier: MIT
import BootMemory
import CRuntimeHeap
import KernelHeap
import PageAllocator
import PhysicalMemory
import TextOutput

#if BOOTMEM_HEAP_DEBUG
/// With this condition, the heap of a build finds writes beyond allocations.
private typealias Heap = DebugHeap
#else
private typealias Heap = KernelHeap
#endif

/// The one heap that Swift's runtime allocates from: the memory of classes, closures, arrays,
/// strings and dictionaries.
///
/// This and `CRuntimeHeap` are the only global state.  Before ``start(servedBy:platform:below:)``
/// every allocation fails, which makes Swift trap.
public enum RuntimeHeap {
  private static nonisolated(unsafe) var platform = RuntimeHeapPlatform()
  private static nonisolated(unsafe) var source = RuntimePages()

  /// Starts with an empty heap, served by boot memory.
  ///
  /// - Parameters:
  ///   - memory: Boot memory.
  ///   - platform: What the heap asks of the kernel.
  ///   - limit: The page frame that all memory must lie below: the end of what is mapped.
  /// - Complexity: O(1).
  public static func start(
    servedBy memory: Placed<BootMemory>, platform: RuntimeHeapPlatform = .init(),
    below limit: PageFrame = .end
  ) {
    precondition(MemoryLayout<Heap>.size <= RUNTIME_HEAP_STORAGE_SIZE)
    unsafe self.platform = platform
    unsafe source = RuntimePages(memory.pointer)
    // The pointer to address 0 is what is added to addresses.
    let offset = unsafe UInt(bitPattern: memory.value.pointer(to: PhysicalAddress(0)))
    unsafe heap.initialize(to: Heap(directMapOffset: offset, below: limit))
  }

  /// Continues with the page allocator, which has taken over from boot memory.
  ///
  /// Allocations stay where they are.
  ///
  /// - Complexity: O(1).
  public static func serve(from pages: Placed<PageAllocator>) {
    unsafe source = RuntimePages(pages.pointer)
  }

  /// What the heap holds.  Takes the lock.
  public static var statistics: HeapStatistics {
    unsafe platform.lock?(platform.context)
    defer { unsafe platform.unlock?(platform.context) }
    return unsafe heap.pointee.statistics
  }

  /// Gives back the pages that the heap keeps for later; see `KernelHeap`.  Takes the lock.
  ///
  /// - Returns: How many pages the source got.
  @discardableResult
  public static func trim() -> UInt64 {
    unsafe platform.lock?(platform.context)
    defer { unsafe platform.unlock?(platform.context) }
    return unsafe heap.pointee.trim(to: &source)
  }

  private static var heap: UnsafeMutablePointer<Heap> {
    unsafe runtime_heap_storage_pointer().unsafelyUnwrapped
      .assumingMemoryBound(to: Heap.self)
  }

  fileprivate static func allocate(
    byteCount: UInt, alignment: UInt
  ) throws(KernelHeapError) -> UnsafeMutableRawPointer {
    unsafe platform.lock?(platform.context)
    defer { unsafe platform.unlock?(platform.context) }
    return unsafe try heap.pointee.allocate(
      byteCount: byteCount, alignment: alignment, from: &source)
  }

  fileprivate static func free(_ memory: UnsafeMutableRawPointer) throws(KernelHeapError) {
    unsafe platform.lock?(platform.context)
    defer { unsafe platform.unlock?(platform.context) }
    unsafe try heap.pointee.free(memory, to: &source)
  }

  fileprivate static func report(_ error: KernelHeapError) {
    var text = TextBuffer()
    text.write("heap: ")
    error.write(to: &text)
    report(text)
  }

  private static func report(_ text: borrowing TextBuffer) {
    unsafe text.withBytes { bytes in
      unsafe platform.report?(platform.context, bytes.baseAddress, UInt(bitPattern: bytes.count))
    }
  }

  fileprivate static func fillRandomly(_ memory: UnsafeMutableRawPointer?, _ byteCount: UInt) {
    if let fill = unsafe platform.fillRandomly {
      return unsafe fill(platform.context, memory, byteCount)
    }
    var text = TextBuffer()
    text.write(
      "heap: random bytes were asked for, which a Dictionary or a Set does first, and there is ")
    text.write("no RuntimeHeapPlatform.fillRandomly")
    unsafe text.withBytes { bytes in
      unsafe reportOrPrint(bytes.baseAddress, UInt(bitPattern: bytes.count))
    }
    fatalError()
  }

  /// Reports a text, or prints it if the kernel takes no reports.
  fileprivate static func reportOrPrint(_ text: UnsafePointer<UInt8>?, _ byteCount: UInt) {
    let write = unsafe platform.report ?? platform.print
    unsafe write?(platform.context, text, byteCount)
  }

  fileprivate static func print(_ text: UnsafePointer<UInt8>?, _ byteCount: UInt) {
    unsafe platform.print?(platform.context, text, byteCount)
  }
}

#if BOOTMEM_HEAP_DEBUG
extension DebugHeap {
  /// Makes a heap that reports its findings without the line feed, as refusals are reported.
  fileprivate init(directMapOffset: UInt, below limit: PageFrame) {
    unsafe self.init(
      directMapOffset: directMapOffset, below: limit,
      write: { _, text, byteCount in
        unsafe RuntimeHeap.reportOrPrint(text, byteCount &- 1)
      })
  }
}
#endif

/// See runtime_heap.h.
@c @implementation
public func runtime_heap_allocate(
  _ result: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ alignment: Int, _ size: Int
) -> Int32 {
  do throws(KernelHeapError) {
    let memory = unsafe try RuntimeHeap.allocate(
      byteCount: UInt(bitPattern: size), alignment: UInt(bitPattern: alignment))
    unsafe result?.pointee = memory
    return 0
  } catch {
    RuntimeHeap.report(error)
    if case .outOfMemory = error { return Int32(RUNTIME_HEAP_NO_MEMORY) }
    return Int32(RUNTIME_HEAP_INVALID)
  }
}

/// See runtime_heap.h.
@c @implementation
public func runtime_heap_free(_ memory: UnsafeMutableRawPointer?) {
  guard let memory = unsafe memory else { return }
  do throws(KernelHeapError) { unsafe try RuntimeHeap.free(memory) } catch {
    RuntimeHeap.report(error)
  }
}

/// See runtime_heap.h.
@c @implementation
public func runtime_heap_fill_randomly(_ memory: UnsafeMutableRawPointer?, _ size: Int) {
  unsafe RuntimeHeap.fillRandomly(memory, UInt(bitPattern: size))
}

/// See runtime_heap.h.
@c @implementation
public func runtime_heap_print(_ text: UnsafePointer<UInt8>?, _ count: Int) {
  unsafe RuntimeHeap.print(text, UInt(bitPattern: count))
}

/// See runtime_heap.h.
@c @implementation
public func runtime_heap_stop(_ text: UnsafePointer<CChar>?, _ count: Int) -> Never {
  let bytes = unsafe UnsafeRawPointer(text)?.assumingMemoryBound(to: UInt8.self)
  unsafe RuntimeHeap.reportOrPrint(bytes, UInt(bitPattern: count))
  fatalError()
}
