// SPDX-License-Identifier: MIT
import CBootmem
import PageCaches

/// See bootmem_caches.h.
@c @implementation
public func bootmem_set_caches(_ caches: UnsafePointer<bootmem_caches>?) -> Int32 {
  guard let caches = unsafe caches,
    unsafe caches.pointee.size == MemoryLayout<bootmem_caches>.size,
    unsafe caches.pointee.room != nil,
    unsafe caches.pointee.count <= BOOTMEM_CACHES_MAX_COUNT,
    unsafe (caches.pointee.lock == nil) == (caches.pointee.unlock == nil),
    unsafe caches.pointee.max_pages <= BOOTMEM_CACHES_MAX_PAGES,
    unsafe caches.pointee.max_large_blocks <= BOOTMEM_CACHES_MAX_LARGE_BLOCKS,
    CachesState.arePagesKept
  else { return invalid }
  unsafe CachesState.start(caches.pointee)
  return 0
}

/// See bootmem_caches.h.
@c @implementation @_optimize(speed)
public func bootmem_caches_allocate(_ order: UInt32, _ cpu: UInt32) -> UInt {
  if let page = unsafe CachesState.set.pointee.allocateQuickly(
    order: Int(truncatingIfNeeded: order), by: Int(truncatingIfNeeded: cpu))
  {
    return page
  }
  return allocateSlowly(order, cpu)
}

@inline(never)
private func allocateSlowly(_ order: UInt32, _ cpu: UInt32) -> UInt {
  // For an order that does not exist, the caches would be emptied.
  if order <= BOOTMEM_PAGES_MAX_ORDER,
    let page = unsafe CachesState.set.pointee.allocate(
      order: Int(truncatingIfNeeded: order), by: Int(truncatingIfNeeded: cpu), from: KeptPages())
  {
    return page
  }
  // This call writes why there is none.
  return locked { bootmem_pages_allocate(order, -1, 0) }
}

/// See bootmem_caches.h.
@c @implementation @_optimize(speed)
public func bootmem_caches_free(_ pfn: UInt, _ order: UInt32, _ cpu: UInt32) -> Int32 {
  guard order == 0 else { return freeLarge(pfn, order, cpu) }
  let isCached = unsafe CachesState.set.pointee.freeQuickly(
    pfn, order: 0, by: Int(truncatingIfNeeded: cpu))
  return isCached ? 0 : freeSlowly(pfn, order, cpu)
}

/// A separate function: inlined, it would end with a jump to the end of a single page's free.
@_optimize(speed) @inline(never)
private func freeLarge(_ pfn: UInt, _ order: UInt32, _ cpu: UInt32) -> Int32 {
  let isCached = unsafe CachesState.set.pointee.freeQuickly(
    pfn, order: Int(truncatingIfNeeded: order), by: Int(truncatingIfNeeded: cpu))
  return isCached ? 0 : freeSlowly(pfn, order, cpu)
}

@inline(never)
private func freeSlowly(_ pfn: UInt, _ order: UInt32, _ cpu: UInt32) -> Int32 {
  locked {
    let isCached = unsafe CachesState.set.pointee.free(
      pfn, order: Int(truncatingIfNeeded: order), by: Int(truncatingIfNeeded: cpu), to: KeptPages())
    return isCached ? 0 : bootmem_pages_free(pfn, order)
  }
}

/// See bootmem_caches.h.
@c @implementation
public func bootmem_caches_allocate_run(
  _ count: UInt, _ align: UInt, _ nid: Int32, _ limit_pfn: UInt, _ cpu: UInt32
) -> UInt {
  locked {
    repeat {
      let run = KeptPages.allocateRun(count, alignedTo: max(align, 1), on: nid, below: limit_pfn)
      if let run { return run }
    } while unsafe CachesState.set.pointee.giveBackAll(
      by: Int(truncatingIfNeeded: cpu), to: KeptPages())
    return bootmem_pages_allocate_run(count, align, nid, limit_pfn)
  }
}

/// See bootmem_caches.h.
@c @implementation
public func bootmem_caches_free_run(_ pfn: UInt, _ count: UInt) -> Int32 {
  locked { bootmem_pages_free_run(pfn, count) }
}

/// See bootmem_caches.h.
@c @implementation
public func bootmem_caches_drain(_ cpu: UInt32) {
  locked {
    _ = unsafe CachesState.set.pointee.giveBackAll(
      by: Int(truncatingIfNeeded: cpu), to: KeptPages())
  }
}

/// See bootmem_caches.h.
@c @implementation
public func bootmem_caches_count(
  _ nid: Int32, _ statistics: UnsafeMutablePointer<bootmem_pages_statistics>?, _ cpu: UInt32
) -> Int32 {
  locked {
    _ = unsafe CachesState.set.pointee.giveBackAll(
      by: Int(truncatingIfNeeded: cpu), to: KeptPages())
    return unsafe bootmem_pages_count(nid, statistics)
  }
}

@inline(__always)
private func locked<Result>(_ body: () -> Result) -> Result {
  unsafe CachesState.set.pointee.lock()
  defer { unsafe CachesState.set.pointee.unlock() }
  return body()
}

// Linux's error number.
private let invalid: Int32 = -22
