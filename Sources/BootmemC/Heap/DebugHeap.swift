// SPDX-License-Identifier: MIT
#if BOOTMEM_HEAP_DEBUG
import CBootmem
import KernelHeap

/// See bootmem_heap_debug.h.
@c @implementation
public func bootmem_heap_check() -> UInt {
  UInt(bitPattern: unsafe HeapState.heap.pointee.check())
}

/// See bootmem_heap_debug.h.
@c @implementation
public func bootmem_heap_set_names(
  _ name: (@convention(c) (UInt) -> UnsafePointer<CChar>?)?
) {
  unsafe HeapState.state.pointee.name = name
}

/// The functions of a heap that is not debugged, which the calls of C use.
extension DebugHeap {
  /// Makes a heap that writes its findings to `platform.write`, and gets names from the function
  /// that the kernel has set.
  init(directMapOffset: UInt) {
    unsafe self.init(
      directMapOffset: directMapOffset,
      write: { _, text, byteCount in
        let platform = unsafe bootmem_platform_pointer().unsafelyUnwrapped
        unsafe platform.pointee.write?(
          platform.pointee.context, UnsafeRawPointer(text)?.assumingMemoryBound(to: CChar.self),
          Int(bitPattern: byteCount))
      },
      name: { _, address in unsafe HeapState.state.pointee.name?(address) })
  }

  // A debug heap has no fast path.

  func allocateQuickly(byteCount: UInt) -> UnsafeMutableRawPointer? { nil }

  func freeQuickly(_ pointer: UnsafeMutableRawPointer) -> SlotFree { .refused }

  func stays(_ pointer: UnsafeMutableRawPointer, byteCount: UInt) -> Bool { false }

  mutating func allocateSlowly(
    byteCount: UInt, alignment: UInt, from source: inout HeapPages
  ) throws(KernelHeapError) -> UnsafeMutableRawPointer {
    unsafe try allocate(byteCount: byteCount, alignment: alignment, from: &source)
  }

  mutating func resizeSlowly(
    _ pointer: UnsafeMutableRawPointer, toByteCount byteCount: UInt, alignment: UInt,
    from source: inout HeapPages
  ) throws(KernelHeapError) -> UnsafeMutableRawPointer {
    unsafe try resize(pointer, toByteCount: byteCount, alignment: alignment, from: &source)
  }

  mutating func freeBlock(
    _ pointer: UnsafeMutableRawPointer, to source: inout HeapPages
  ) throws(KernelHeapError) {
    unsafe try free(pointer, to: &source)
  }

  func finishFree(
    _ pointer: UnsafeMutableRawPointer, to source: inout HeapPages
  ) throws(KernelHeapError) {}
}
#endif
