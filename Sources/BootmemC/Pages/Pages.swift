// SPDX-License-Identifier: MIT
import BootMemory
import CBootmem
import PageAllocator
import PhysicalMemory
import TextOutput

/// See bootmem_pages.h.
@c @implementation
public func bootmem_keep_pages() -> Int32 {
  guard let memory = unsafe KeptPages.memory else { return invalid }
  do throws(PageAllocatorError) {
    unsafe try KeptPages.keep(memory)
    return 0
  } catch {
    report("bootmem_keep_pages", error)
    if case .noRoom = error { return outOfMemory }
    return invalid
  }
}

/// The limit that C calls `pfn`, 0 for none.
@inline(__always)
func limit(_ pfn: UInt) -> PageFrame { pfn == 0 ? .end : PageFrame(UInt64(pfn)) }

/// See bootmem_pages.h.
@c @implementation @_optimize(speed)
public func bootmem_pages_free(_ pfn: UInt, _ order: UInt32) -> Int32 {
  guard order == 0, let pages = unsafe KeptPages.pages else { return freeBlock(pfn, order) }
  switch unsafe pages.pointee.freeSinglePage(PageFrame(UInt64(pfn))) {
  case .done: return 0
  case .begun: return finishFree(pfn)
  case .begunFirst: return finishFirstFree(pfn)
  case .refused: return freeBlock(pfn, order)
  }
}

@inline(never)
private func finishFree(_ pfn: UInt) -> Int32 {
  // The pages exist, but a result that is not always the same makes this call a jump.
  guard let pages = unsafe KeptPages.pages else { return invalid }
  unsafe pages.pointee.finishFree(PageFrame(UInt64(pfn)))
  return 0
}

@inline(never)
private func finishFirstFree(_ pfn: UInt) -> Int32 {
  guard let pages = unsafe KeptPages.pages else { return invalid }
  unsafe pages.pointee.finishFirstFree(PageFrame(UInt64(pfn)))
  return 0
}

@_optimize(speed) @inline(never)
private func freeBlock(_ pfn: UInt, _ order: UInt32) -> Int32 {
  if let pages = unsafe KeptPages.pages,
    unsafe pages.pointee.freeOnRecentNode(
      PageFrame(UInt64(pfn)), order: Int(truncatingIfNeeded: order))
  {
    return 0
  }
  return free(pfn, order)
}

@inline(never)
private func free(_ pfn: UInt, _ order: UInt32) -> Int32 {
  guard let pages = unsafe KeptPages.pages else { return invalid }
  do throws(PageAllocatorError) {
    unsafe try pages.pointee.freeBlock(
      PageFrame(UInt64(pfn)), order: Int(truncatingIfNeeded: order))
    return 0
  } catch {
    report("bootmem_pages_free", error)
    return invalid
  }
}

/// See bootmem_pages.h.
@c @implementation
public func bootmem_pages_release(_ start_pfn: UInt, _ end_pfn: UInt) -> Int32 {
  guard let pages = unsafe KeptPages.pages,
    let range = PageRange(start: PageFrame(UInt64(start_pfn)), end: PageFrame(UInt64(end_pfn)))
  else { return invalid }
  do throws(PageAllocatorError) {
    unsafe try pages.pointee.release(range)
    return 0
  } catch {
    report("bootmem_pages_release", error)
    return invalid
  }
}

/// See bootmem_pages.h.
@c @implementation
public func bootmem_pages_count(
  _ nid: Int32, _ statistics: UnsafeMutablePointer<bootmem_pages_statistics>?
) -> Int32 {
  guard let pages = unsafe KeptPages.pages, let statistics = unsafe statistics else {
    return invalid
  }
  do throws(PageAllocatorError) {
    let counted = unsafe try pages.pointee.statistics(of: NodeID(Int(nid)))
    // Pages of this machine fit its words.
    unsafe statistics.pointee.free_pages = UInt(truncatingIfNeeded: counted.freePageCount)
    unsafe withUnsafeMutableBytes(of: &statistics.pointee.free_blocks) { bytes in
      let blocks = unsafe bytes.assumingMemoryBound(to: UInt.self)
      for order in blocks.indices {
        unsafe blocks[order] = UInt(truncatingIfNeeded: counted.freeBlockCount(ofOrder: order))
      }
    }
    return 0
  } catch {
    report("bootmem_pages_count", error)
    return invalid
  }
}

/// Writes why a call was refused.
@inline(never)
func report(_ call: StaticString, _ error: PageAllocatorError) {
  var text = TextBuffer()
  text.write("bootmem: ")
  text.write(call)
  text.write("(): ")
  error.write(to: &text)
  writeLine(&text)
}

/// Writes a text and a line feed to `platform.write`, if there is one.
@inline(never)
func writeLine(_ text: inout TextBuffer) {
  let platform = unsafe bootmem_platform_pointer().unsafelyUnwrapped
  guard let write = unsafe platform.pointee.write else { return }
  text.write("\n")
  unsafe text.withBytes { bytes in
    unsafe write(
      platform.pointee.context,
      UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self), bytes.count)
  }
}

// Linux's error numbers.
let outOfMemory: Int32 = -12
let invalid: Int32 = -22
