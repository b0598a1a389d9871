// SPDX-License-Identifier: MIT
import BootMemory
import CBootmem
import PhysicalMemory

/// The library's state, its only global state: the ``BootMemory`` that every call works on, and the
/// platform that `bootmem_setup` was given.
///
/// Its storage is defined in C, so that no call has to check whether it has been initialized.
enum LibraryState {
  /// The allocator.
  ///
  /// Before `bootmem_setup` it is all zeros: it has no nodes, and so does nothing that it is asked
  /// for; and as there is no `fault` to report that to either, no call has to check.
  @inline(__always)
  static var memory: UnsafeMutablePointer<BootMemory> {
    let state = unsafe bootmem_state_pointer().unsafelyUnwrapped
    if bootmem_debug_value() != (unsafe state.pointee.debug) { followDebugVariable() }
    return unsafe storage
  }

  /// Allocates where the last change was; nil if the request needs a search, or is refused.
  @inline(__always)
  static func allocateAtCursor(
    _ size: UInt, _ align: UInt, _ goal: UInt, _ limit: UInt
  ) -> UInt? {
    // The search follows that variable.
    guard bootmem_debug_value() == 0 else { return nil }
    return unsafe storage.pointee.allocateAtCursor(
      size, alignment: align, goal: goal, limit: limit)
  }

  /// Allocates on a node where the last change was; nil if the request needs a search, or is
  /// refused.
  @inline(__always)
  static func allocateAtCursor(
    _ size: UInt, _ align: UInt, _ goal: UInt, _ limit: UInt, on node: BootMemory.NodePointer,
    isHigh: Bool, storingAt place: UnsafeMutablePointer<UInt>? = nil
  ) -> UInt? {
    guard bootmem_debug_value() == 0 else { return nil }
    return unsafe storage.pointee.allocateAtCursor(
      size, alignment: align, goal: goal, limit: limit, on: node, isHigh: isHigh,
      storingAt: place)
  }

  /// The node at which calls begin that try the place of the last change first, see ``BootMemory``.
  @inline(__always)
  static var cursorNode: BootMemory.NodePointer? { unsafe storage.pointee.cursorNode }

  /// The alignment of requests that give none; 0 before `bootmem_setup`.
  @inline(__always)
  static var cacheLine: UInt {
    unsafe UInt(truncatingIfNeeded: storage.pointee.platform.cacheLineByteCount)
  }

  /// Clears memory that was allocated.
  ///
  /// - Returns: What C gets for the address: nil where that is the nil pointer.
  @inline(__always)
  static func cleared(_ address: UInt, _ size: UInt) -> UnsafeMutableRawPointer? {
    let pointer = unsafe storage.pointee.pointer(to: PhysicalAddress(UInt64(address)))
    unsafe storage.pointee.clear(pointer, byteCount: UInt64(size))
    return unsafe pointer
  }

  /// The node that a pointer from `bootmem_node` points to; nil for any other pointer.
  @inline(__always)
  static func node(_ pointer: OpaquePointer?) -> BootMemory.NodePointer? {
    let offset = UInt(bitPattern: pointer) &- UInt(bitPattern: unsafe bootmem_nodes_pointer())
    // After the rotation, an offset that is no multiple of the distance is too large, as is that of
    // a pointer below the storage, including NULL.
    let shift = UInt(BOOTMEM_NODE_SHIFT)
    let number = offset &>> shift | offset &<< (UInt(UInt.bitWidth) &- shift)
    guard number < UInt(BOOTMEM_MAX_NODES) else { return nil }
    return unsafe BootMemory.NodePointer(pointer.unsafelyUnwrapped)
  }

  /// What `bootmem_node` returns for a number below ``BOOTMEM_MAX_NODES``.
  static func pointer(toNode number: Int) -> OpaquePointer? {
    unsafe OpaquePointer(nodes + number)
  }

  /// The limit of the `low` functions; 0 for none.
  @inline(__always)
  static var lowLimit: UInt { unsafe platform.pointee.low_address_limit }

  /// The platform; all zeros before `bootmem_setup`.
  @inline(__always)
  static var platform: UnsafeMutablePointer<bootmem_platform> {
    unsafe bootmem_platform_pointer().unsafelyUnwrapped
  }

  /// The alignment of requests that give none.
  static var cacheLineByteCount: UInt {
    let byteCount = unsafe platform.pointee.cache_line_size
    return byteCount == 0 ? 64 : byteCount
  }

  /// The storage of the nodes: what a `pg_data_t *` points into.
  @inline(__always)
  static var nodes: UnsafeMutablePointer<BootMemoryNode> {
    unsafe bootmem_nodes_pointer().unsafelyUnwrapped.assumingMemoryBound(to: BootMemoryNode.self)
  }

  @inline(__always)
  private static var storage: UnsafeMutablePointer<BootMemory> {
    unsafe bootmem_core_pointer().unsafelyUnwrapped.assumingMemoryBound(to: BootMemory.self)
  }

  /// Starts anew, without nodes, with a platform that has been checked.
  static func setUp(_ given: UnsafePointer<bootmem_platform>, cacheLineByteCount: UInt) {
    if MemoryLayout<BootMemory>.size > BOOTMEM_CORE_SIZE
      || MemoryLayout<BootMemoryNode>.stride != BOOTMEM_NODE_SIZE
    {
      bootmem_room_is_too_small()
    }
    if BOOTMEM_PAGE_SHIFT != PageFrame.byteCountShift { bootmem_page_sizes_differ() }
    bootmem_choose_clear()
    unsafe bootmem_start_state(given)
    let platform = unsafe self.platform.pointee
    unsafe bootmem_set_defaults(platform.max_dma_address, cacheLineByteCount)
    var core = BootMemoryPlatform()
    unsafe core.directMapOffset = platform.direct_map_offset
    core.keepsBitmapsReserved = false
    core.cacheLineByteCount = UInt64(cacheLineByteCount)
    // The goal and the low limit come with each call in C.  0 is none.
    let border = unsafe platform.max_dma32_pfn
    core.maxDMA32PageFrame = border == 0 ? nil : PageFrame(UInt64(border))
    unsafe core.context = platform.context
    // The two types differ only in the sign of a size, which is the same to C's calling convention.
    unsafe core.clear = unsafeBitCast(
      platform.clear ?? bootmem_clear, to: BootMemoryPlatform.Clear.self)
    let slots = unsafe UnsafeMutableBufferPointer(start: nodes, count: Int(BOOTMEM_MAX_NODES))
    unsafe storage.initialize(to: BootMemory(platform: core, nodes: slots))
  }

  /// Whether `bootmem_setup` has been called.
  static var isSetUp: Bool { unsafe platform.pointee.fault != nil }

  /// Switches the core's debugging output on or off, as the variable `bootmem_debug` says.
  @inline(never)
  private static func followDebugVariable() {
    guard isSetUp else { return }
    let state = unsafe bootmem_state_pointer().unsafelyUnwrapped
    unsafe state.pointee.debug = bootmem_debug_value()
    let write = unsafe state.pointee.debug == 0 ? nil : state.pointee.platform.write
    // The two types differ only in the signs of a character and of a size.
    unsafe storage.pointee.setDebugOutput(
      unsafeBitCast(write, to: BootMemoryPlatform.Write?.self))
  }
}
