// SPDX-License-Identifier: MIT
import BootMemory
import CBootmem
import PhysicalMemory

extension NodeID {
  /// The node that a `pg_data_t *` points to, or stands for.
  @inline(__always)
  init(_ pointer: OpaquePointer?) throws(Refusal) {
    if let node = unsafe LibraryState.node(pointer) {
      self.init(unsafe node - LibraryState.nodes)
    } else {
      self = unsafe try Self(ofKernelNode: pointer)
    }
  }
}

/// See bootmem.h.
@c @implementation
public func bootmem_setup(_ platform: UnsafePointer<bootmem_platform>?) -> Int32 {
  guard let platform = unsafe platform, unsafe bootmem_knows_platform(platform),
    unsafe platform.pointee.fault != nil,
    unsafe platform.pointee.max_order < PageFrame.numberBitCount
  else { return ErrorNumber.invalid }
  let cacheLine = unsafe platform.pointee.cache_line_size
  let cacheLineByteCount = cacheLine == 0 ? 64 : cacheLine
  guard UInt64(cacheLineByteCount).isPowerOfTwo else { return ErrorNumber.invalid }
  unsafe LibraryState.setUp(platform, cacheLineByteCount: cacheLineByteCount)
  return 0
}

/// See bootmem.h.
@c @implementation
public func bootmem_node(_ nid: Int32) -> OpaquePointer? {
  guard nid >= 0, nid < BOOTMEM_MAX_NODES else { return nil }
  return unsafe LibraryState.pointer(toNode: Int(nid))
}

/// See bootmem.h.
@c @implementation
public func bootmem_map_word(_ pgdat: OpaquePointer?, _ index: UInt) -> UInt {
  // After the hand-over the bitmap belongs to the page allocator.
  let memory = unsafe LibraryState.memory
  guard unsafe !memory.pointee.isHandedOver, let node = try? unsafe NodeID(pgdat)
  else { return .max }
  return unsafe memory.pointee.bitmapWord(index, of: node)
}

/// See bootmem.h.
@c @implementation
public func bootmem_bootmap_pages(_ pages: UInt) -> UInt {
  // More pages than a 32-bit machine has are no error: Linux knows the size of their bitmap too.
  guard pages <= UInt.max - 64, UInt64(pages) <= PageFrame.end.number else {
    Call("bootmem_bootmap_pages", pages).refuse(.beyondAddressSpace)
    return 0
  }
  return UInt(BootMemory.bitmapPageCount(forPageCount: UInt64(pages)))
}

/// See bootmem.h.
@c @implementation
public func init_bootmem_node(
  _ pgdat: OpaquePointer?, _ mapfn: UInt, _ startpfn: UInt, _ endpfn: UInt
) -> UInt {
  let call = Call("init_bootmem_node", mapfn, startpfn, endpfn)
  return unsafe register(call, pgdat, startpfn, endpfn, .pages(PageFrame(UInt64(mapfn))))
}

/// See bootmem.h.
@c @implementation
public func init_bootmem(_ mapfn: UInt, _ pages: UInt) -> UInt {
  let call = Call("init_bootmem", mapfn, pages)
  let byteCount = unsafe register(
    call, bootmem_node(0), 0, pages, .pages(PageFrame(UInt64(mapfn))))
  if byteCount != 0 { bootmem_set_low_pfns(mapfn, pages) }
  return byteCount
}

/// See bootmem.h.
@c @implementation
public func bootmem_init_node_at(
  _ pgdat: OpaquePointer?, _ map: UnsafeMutableRawPointer?, _ startpfn: UInt, _ endpfn: UInt
) -> UInt {
  let call = Call("bootmem_init_node_at", UInt(bitPattern: map), startpfn, endpfn)
  return unsafe register(call, pgdat, startpfn, endpfn, .memory(map))
}

/// Where a node's bitmap is to lie.
@unsafe private enum BitmapPlace {
  case pages(PageFrame)
  case memory(UnsafeMutableRawPointer?)
}

/// Registers a node; 0 if that was refused.
@inline(never)
private func register(
  _ call: Call, _ pgdat: OpaquePointer?, _ start: UInt, _ end: UInt, _ bitmap: BitmapPlace
) -> UInt {
  let memory = unsafe LibraryState.memory
  do throws(Refusal) {
    let node = try unsafe NodeID(pgdat)
    let first = PageFrame(UInt64(start))
    guard let span = PageRange(start: first, end: PageFrame(UInt64(end))) else {
      throw .reversedSpan
    }
    let byteCount = try wrapping { () throws(BootMemoryError) in
      switch unsafe bitmap {
      case .pages(let page):
        return try unsafe memory.pointee.registerNode(node, spanning: span, bitmapAt: page)
      case .memory(let place):
        guard let place = unsafe place else { throw .misuse(.bitmapMisplaced(0)) }
        // The caller has been told the size, and only the caller knows whether that much is there.
        let bitmap = unsafe UnsafeMutableRawBufferPointer(start: place, count: .max)
        return try unsafe memory.pointee.registerNode(node, spanning: span, bitmap: bitmap)
      }
    }
    return UInt(byteCount)
  } catch {
    call.refuse(error)
    return 0
  }
}

/// The result of `body`, with its error wrapped as a ``Refusal``.
@inline(__always)
func wrapping<Result>(
  _ body: () throws(BootMemoryError) -> Result
) throws(Refusal) -> Result {
  do {
    return try body()
  } catch {
    throw .memory(error)
  }
}
