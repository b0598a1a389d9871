// SPDX-License-Identifier: MIT
import BootMemory
import Foundation
import PageAllocator
import PageCaches
import PhysicalMemory
import TraceReplay

/// Caches over a page allocator with one node, of which page 0 and others stay reserved.
///
/// Physical memory is an arena; what the page allocator needs for itself is behind the pages.
@safe final class CachedMachine: @unchecked Sendable {
  let caches: PageCaches
  let storage: UnsafeMutableBufferPointer<PageCache>

  /// Lines that were reported.
  var reports: [String] { shared.reports }

  let pages: UnsafeMutablePointer<PageAllocator>

  /// The number of the page after the last.
  let end: Int

  private let nodes: NodeStorage
  private let pageNodes: UnsafeMutableBufferPointer<PageNode>
  private let arena: Arena
  private let bitmap: Arena
  private let shared = Shared()

  /// The lock, and what was reported.
  private final class Shared {
    let mutex = NSLock()
    var reports: [String] = []
    var isLocked = false
  }

  /// - Parameters:
  ///   - pageCount: How many pages are free.
  ///   - processorCount: How many caches there are.
  init(pageCount: Int, processorCount: Int, limits: PageCacheLimits = PageCacheLimits()) {
    let reservedCount = 64
    end = pageCount + 2 * reservedCount
    arena = Arena(byteCount: end << Int(PageFrame.byteCountShift))!
    bitmap = Arena(byteCount: Int(BootMemory.bitmapByteCount(forPageCount: UInt64(end))))!
    // The second has no memory.
    nodes = NodeStorage(count: 2)
    unsafe pageNodes = .allocate(capacity: 2)
    unsafe storage = .allocate(capacity: processorCount)
    var platform = BootMemoryPlatform()
    unsafe platform.directMapOffset = UInt(bitPattern: arena.start)
    platform.maxDMAAddress = PhysicalAddress(0)
    var memory = unsafe BootMemory(platform: platform, nodes: nodes.nodes)
    let all = PageRange(start: PageFrame(0), pageCount: UInt64(end))!
    unsafe try! memory.registerNode(
      NodeID(0), spanning: all,
      bitmap: UnsafeMutableRawBufferPointer(start: bitmap.start, count: bitmap.byteCount))
    // Room for the allocator's own needs, and then what is given out.
    let own = PageRange(
      start: PageFrame(UInt64(end - reservedCount)), pageCount: UInt64(reservedCount))!
    try! memory.free(own)
    unsafe pages = .allocate(capacity: 1)
    unsafe pages.initialize(to: try! PageAllocator(takingOver: &memory, nodes: pageNodes))
    while (unsafe try? pages.pointee.allocate(order: 0)) != nil {}
    unsafe try! pages.pointee.release(
      PageRange(start: PageFrame(UInt64(reservedCount)), pageCount: UInt64(pageCount))!)
    var cachesPlatform = PageCachesPlatform()
    unsafe cachesPlatform.context = Unmanaged.passUnretained(shared).toOpaque()
    unsafe cachesPlatform.lock = { context in
      let shared = unsafe Unmanaged<Shared>.fromOpaque(context!).takeUnretainedValue()
      shared.mutex.lock()
      precondition(!shared.isLocked)
      shared.isLocked = true
    }
    unsafe cachesPlatform.unlock = { context in
      let shared = unsafe Unmanaged<Shared>.fromOpaque(context!).takeUnretainedValue()
      precondition(shared.isLocked)
      shared.isLocked = false
      shared.mutex.unlock()
    }
    unsafe cachesPlatform.report = { context, bytes, count in
      let shared = unsafe Unmanaged<Shared>.fromOpaque(context!).takeUnretainedValue()
      precondition(shared.isLocked)
      let text = unsafe UnsafeBufferPointer(start: bytes, count: Int(count))
      unsafe shared.reports.append(String(decoding: text, as: UTF8.self))
    }
    caches = unsafe PageCaches(
      of: pages, storage: storage, limits: limits, platform: cachesPlatform)
  }

  deinit {
    unsafe pages.deinitialize(count: 1)
    unsafe pages.deallocate()
    unsafe pageNodes.deallocate()
    unsafe storage.deallocate()
  }

  /// The page frame numbers that are given out.
  var firstPage: Int { 64 }

  func allocate(_ order: Int = 0, by processor: Int = 0) throws(PageAllocatorError) -> Int {
    Int(try caches.allocate(order: order, by: ProcessorID(processor)).number)
  }

  func free(_ page: Int, _ order: Int = 0, by processor: Int = 0) throws(PageAllocatorError) {
    try caches.free(PageFrame(UInt64(page)), order: order, by: ProcessorID(processor))
  }

  func error(freeing page: Int, _ order: Int = 0, by processor: Int = 0) -> PageAllocatorError? {
    do throws(PageAllocatorError) { try free(page, order, by: processor) } catch { return error }
    return nil
  }

  func error(allocating order: Int, by processor: Int = 0) -> PageAllocatorError? {
    do throws(PageAllocatorError) { _ = try allocate(order, by: processor) } catch { return error }
    return nil
  }

  /// What is free in the page allocator alone.
  var uncachedPageCount: UInt64 {
    try! caches.withPages { pages throws(PageAllocatorError) in
      try pages.statistics(of: NodeID(0)).freePageCount
    }
  }

  /// What is free, in caches too.
  var freePageCount: UInt64 {
    try! caches.statistics(of: NodeID(0), by: ProcessorID(0)).freePageCount
  }
}
