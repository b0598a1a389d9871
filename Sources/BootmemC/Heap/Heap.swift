// SPDX-License-Identifier: MIT
import CBootmem
import KernelHeap
import TextOutput

/// See bootmem_heap.h.
@c @implementation @_optimize(speed)
public func bootmem_heap_allocate(_ size: Int) -> UnsafeMutableRawPointer? {
  let size = UInt(bitPattern: size)
  if let pointer = unsafe HeapState.heap.pointee.allocateQuickly(byteCount: size) {
    return unsafe pointer
  }
  return unsafe allocateSlowly(size, KernelHeap.minimumAlignment)
}

@inline(never)
private func allocateSlowly(_ size: UInt, _ align: UInt) -> UnsafeMutableRawPointer? {
  HeapState.startIfNeeded()
  var source = HeapState.source
  do throws(KernelHeapError) {
    return unsafe try HeapState.heap.pointee.allocateSlowly(
      byteCount: size, alignment: align, from: &source)
  } catch {
    report("bootmem_heap_allocate", error)
    return nil
  }
}

/// See bootmem_heap.h.
@c @implementation
public func bootmem_heap_allocate_aligned(_ size: Int, _ align: Int) -> UnsafeMutableRawPointer? {
  unsafe allocateSlowly(UInt(bitPattern: size), UInt(bitPattern: align))
}

/// See bootmem_heap.h.
@c @implementation
public func bootmem_heap_allocate_zeroed(_ size: Int) -> UnsafeMutableRawPointer? {
  HeapState.startIfNeeded()
  var source = HeapState.source
  do throws(KernelHeapError) {
    return unsafe try HeapState.heap.pointee.allocateZeroed(
      byteCount: UInt(bitPattern: size), from: &source)
  } catch {
    report("bootmem_heap_allocate_zeroed", error)
    return nil
  }
}

/// See bootmem_heap.h.
@c @implementation @_optimize(speed)
public func bootmem_heap_resize(
  _ memory: UnsafeMutableRawPointer?, _ size: Int
) -> UnsafeMutableRawPointer? {
  guard let memory = unsafe memory else { return unsafe bootmem_heap_allocate(size) }
  let size = UInt(bitPattern: size)
  if unsafe HeapState.heap.pointee.stays(memory, byteCount: size) { return unsafe memory }
  return unsafe resizeSlowly(memory, size)
}

@inline(never)
private func resizeSlowly(
  _ memory: UnsafeMutableRawPointer, _ size: UInt
) -> UnsafeMutableRawPointer? {
  var source = HeapState.source
  do throws(KernelHeapError) {
    return unsafe try HeapState.heap.pointee.resizeSlowly(
      memory, toByteCount: size, alignment: KernelHeap.minimumAlignment, from: &source)
  } catch {
    report("bootmem_heap_resize", error)
    return nil
  }
}

/// See bootmem_heap.h.
@c @implementation @_optimize(speed)
public func bootmem_heap_free(_ memory: UnsafeMutableRawPointer?) -> Int32 {
  guard let memory = unsafe memory else { return 0 }
  switch unsafe HeapState.heap.pointee.freeQuickly(memory) {
  case .done: return 0
  case .begun: return unsafe finishFree(memory)
  case .refused: return unsafe freeSlowly(memory)
  }
}

@inline(never)
private func finishFree(_ memory: UnsafeMutableRawPointer) -> Int32 {
  var source = HeapState.source
  do throws(KernelHeapError) {
    unsafe try HeapState.heap.pointee.finishFree(memory, to: &source)
    return 0
  } catch {
    report("bootmem_heap_free", error)
    return invalid
  }
}

@inline(never)
private func freeSlowly(_ memory: UnsafeMutableRawPointer) -> Int32 {
  var source = HeapState.source
  do throws(KernelHeapError) {
    unsafe try HeapState.heap.pointee.freeBlock(memory, to: &source)
    return 0
  } catch {
    report("bootmem_heap_free", error)
    return invalid
  }
}

/// See bootmem_heap.h.
@c @implementation
public func bootmem_heap_size(_ memory: UnsafeRawPointer?) -> Int {
  guard let memory = unsafe memory else { return 0 }
  do throws(KernelHeapError) {
    let pointer = unsafe UnsafeMutableRawPointer(mutating: memory)
    return unsafe Int(bitPattern: try HeapState.heap.pointee.byteCount(of: pointer))
  } catch {
    report("bootmem_heap_size", error)
    return 0
  }
}

/// See bootmem_heap.h.
@c @implementation
public func bootmem_heap_trim() -> UInt {
  var source = HeapState.source
  // These are pages of one machine.
  return unsafe UInt(truncatingIfNeeded: HeapState.heap.pointee.trim(to: &source))
}

/// See bootmem_heap.h.
@c @implementation
public func bootmem_heap_count(
  _ statistics: UnsafeMutablePointer<bootmem_heap_statistics>?
) -> Int32 {
  guard let statistics = unsafe statistics else { return invalid }
  let held = unsafe HeapState.heap.pointee.statistics
  unsafe statistics.pointee.allocations = UInt(truncatingIfNeeded: held.allocationCount)
  unsafe statistics.pointee.pages = UInt(truncatingIfNeeded: held.pageCount)
  unsafe statistics.pointee.index_pages = UInt(truncatingIfNeeded: held.indexPageCount)
  unsafe statistics.pointee.refused_pages = UInt(truncatingIfNeeded: held.refusedPageCount)
  return 0
}

/// See bootmem_heap.h.
@c @implementation
public func bootmem_heap_set_source(_ source: UnsafePointer<bootmem_heap_source>?) -> Int32 {
  guard let source = unsafe source else {
    unsafe HeapState.start(bootmem_heap_source())
    return 0
  }
  guard unsafe source.pointee.size == MemoryLayout<bootmem_heap_source>.size,
    unsafe source.pointee.flags & ~UInt32(BOOTMEM_HEAP_CLEARED) == 0,
    unsafe source.pointee.allocate != nil && source.pointee.free != nil
  else { return invalid }
  unsafe HeapState.start(source.pointee)
  return 0
}

/// Writes a line to `platform.write`, if there is one.
@inline(never)
private func report(_ call: StaticString, _ error: KernelHeapError) {
  let platform = unsafe bootmem_platform_pointer().unsafelyUnwrapped
  guard let write = unsafe platform.pointee.write else { return }
  var text = TextBuffer()
  text.write("bootmem: ")
  text.write(call)
  text.write("(): ")
  error.write(to: &text)
  text.write("\n")
  unsafe text.withBytes { bytes in
    unsafe write(
      platform.pointee.context,
      UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self), bytes.count)
  }
}

// Linux's error number.
private let invalid: Int32 = -22
