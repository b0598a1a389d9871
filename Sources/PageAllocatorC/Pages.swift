import BootMemory
import CBootMemory
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

/// See bootmem_pages.h.
@c @implementation @_optimize(speed)
public func bootmem_pages_allocate(_ order: UInt32, _ nid: Int32, _ limit_pfn: UInt) -> UInt {
  allocate(order, nid, limit_pfn, .preferred)
}

/// See bootmem_pages.h.
@c @implementation
public func bootmem_pages_allocate_on(_ order: UInt32, _ nid: Int32, _ limit_pfn: UInt) -> UInt {
  allocate(order, nid, limit_pfn, .only)
}

@inline(__always)
private func allocate(
  _ order: UInt32, _ nid: Int32, _ limit: UInt, _ policy: PageAllocator.NodePolicy
) -> UInt {
  guard let pages = unsafe KeptPages.pages else { return .max }
  do throws(PageAllocatorError) {
    let page = unsafe try pages.pointee.allocate(
      order: Int(order), on: nid == -1 ? nil : NodeID(Int(nid)), policy: policy,
      below: limit == 0 ? .end : PageFrame(UInt64(limit)))
    return UInt(truncatingIfNeeded: page.number)
  } catch {
    report("bootmem_pages_allocate", error)
    return .max
  }
}

/// See bootmem_pages.h.
@c @implementation @_optimize(speed)
public func bootmem_pages_free(_ pfn: UInt, _ order: UInt32) -> Int32 {
  guard let pages = unsafe KeptPages.pages else { return invalid }
  do throws(PageAllocatorError) {
    unsafe try pages.pointee.free(PageFrame(UInt64(pfn)), order: Int(order))
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

/// Writes a line to `platform.write`, if there is one.
@inline(never)
private func report(_ call: StaticString, _ error: PageAllocatorError) {
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

// Linux's error numbers.
private let outOfMemory: Int32 = -12
private let invalid: Int32 = -22
