// SPDX-License-Identifier: MIT
import CBootmem
import PageAllocator
import PhysicalMemory

/// See bootmem_pages.h.
@c @implementation
public func bootmem_pages_allocate_run(
  _ count: UInt, _ align: UInt, _ nid: Int32, _ limit_pfn: UInt
) -> UInt {
  guard let pages = unsafe KeptPages.pages else { return .max }
  do throws(PageAllocatorError) {
    let run = unsafe try pages.pointee.allocate(
      pageCount: UInt64(count), alignedTo: UInt64(max(align, 1)),
      on: nid == -1 ? nil : NodeID(Int(nid)), below: limit(limit_pfn))
    return UInt(truncatingIfNeeded: run.start.number)
  } catch {
    report("bootmem_pages_allocate_run", error)
    return .max
  }
}

/// See bootmem_pages.h.
@c @implementation
public func bootmem_pages_free_run(_ pfn: UInt, _ count: UInt) -> Int32 {
  guard let pages = unsafe KeptPages.pages,
    let run = PageRange(start: PageFrame(UInt64(pfn)), pageCount: UInt64(count))
  else { return invalid }
  do throws(PageAllocatorError) {
    unsafe try pages.pointee.free(run)
    return 0
  } catch {
    report("bootmem_pages_free_run", error)
    return invalid
  }
}

/// See bootmem_pages.h.
@c @implementation
public func bootmem_pages_resize_run(
  _ pfn: UInt, _ count: UInt, _ new_count: UInt, _ limit_pfn: UInt
) -> Int32 {
  guard let pages = unsafe KeptPages.pages,
    let run = PageRange(start: PageFrame(UInt64(pfn)), pageCount: UInt64(count))
  else { return invalid }
  do throws(PageAllocatorError) {
    _ = unsafe try pages.pointee.resize(
      run, toPageCount: UInt64(new_count), below: limit(limit_pfn))
    return 0
  } catch {
    report("bootmem_pages_resize_run", error)
    if case .cannotGrow = error { return outOfMemory }
    return invalid
  }
}

/// See bootmem_pages.h.
@c @implementation
public func bootmem_pages_prepare() {
  unsafe KeptPages.pages?.pointee.prepare()
}
