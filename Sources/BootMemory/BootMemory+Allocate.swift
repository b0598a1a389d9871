// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Allocating memory.
extension BootMemory {
  /// Allocates memory, cleared unless the request says otherwise.
  ///
  /// The search is next fit: in each node it continues where the last allocation ended, and starts
  /// over from the goal if it finds nothing.  It first looks at or above the goal, in the requested
  /// node and then in all nodes in ascending order, and only then anywhere.  If the last allocation
  /// ended inside a page and this one would start in the next page, this one starts in the rest of
  /// that page.
  ///
  /// - Parameter request: The size, alignment and placement.
  /// - Returns: The address of the first byte.
  /// - Throws: ``BootMemoryError/outOfMemory(byteCount:)`` if nothing fits, which includes a node
  ///   that was never registered, with the policy `only`, and a limit with no page below it;
  ///   ``BootMemoryMisuse/zeroByteCount``, ``BootMemoryMisuse/alignmentNotPowerOfTwo(_:)`` or
  ///   ``BootMemoryMisuse/noSuchNode(_:)``; ``BootMemoryError/handedOver``.  Nothing has changed
  ///   then.
  /// - Complexity: O(nodes below the goal) for up to a page after the last change.  Otherwise
  ///   O(levels + nodes), and as much again for each run of free pages that is too short, see
  ///   <doc:Bitmap>.
  @_optimize(speed) @inline(never)
  public mutating func allocate(
    _ request: AllocationRequest
  ) throws(BootMemoryError) -> PhysicalAddress {
    let address: UInt
    if let found = allocateAtCursor(request) {
      address = found
    } else {
      address = try Self.search(in: &self, for: request).get()
    }
    if request.clearsMemory {
      unsafe clear(pointer(to: PhysicalAddress(UInt64(address))), byteCount: request.byteCount)
    }
    return PhysicalAddress(UInt64(address))
  }

  /// Allocates memory, and stops the program where ``allocate(_:)`` would throw: running out of
  /// memory this early is fatal to most kernels.
  public mutating func allocateOrTrap(_ request: AllocationRequest) -> PhysicalAddress {
    do {
      return try allocate(request)
    } catch {
      fatalError("boot memory: an allocation failed that the kernel cannot do without")
    }
  }

  /// Allocates at the place of the last change, as the request says.
  ///
  /// - Returns: The address; nil if ``search(in:for:)`` is needed.
  @inline(__always)
  private mutating func allocateAtCursor(_ request: AllocationRequest) -> UInt? {
    var limit: UInt64 = 0
    switch request.limit {
    case .none: break
    case .low:
      if let low = platform.lowAddressLimit {
        guard low.rawValue != 0 else { return nil }
        limit = low.rawValue
      }
    case .address(let address):
      guard address.rawValue != 0 else { return nil }
      limit = address.rawValue
    }
    let alignment = request.alignment == 0 ? platform.cacheLineByteCount : request.alignment
    // What does not fit in a word is left to the search.
    guard let byteCount = UInt(exactly: request.byteCount),
      let goal = UInt(exactly: goal(of: request)), let limit = UInt(exactly: limit),
      let alignment = UInt(exactly: alignment)
    else { return nil }
    if let id = request.node {
      guard let node = unsafe storage(of: id) else { return nil }
      return unsafe allocateAtCursor(
        byteCount, alignment: alignment, goal: goal, limit: limit, on: node,
        isHigh: request.nodePolicy == .high)
    }
    return allocateAtCursor(byteCount, alignment: alignment, goal: goal, limit: limit)
  }

  /// Allocates up to a page at the place of the last change: the path of nearly every allocation,
  /// from Swift and from C.
  ///
  /// - Parameters:
  ///   - byteCount: The size.
  ///   - alignment: The alignment in bytes.
  ///   - goal: The address to look at or above first; 0 means anywhere.
  ///   - limit: The address that the memory must lie below; 0 for no limit.
  /// - Returns: The address of the memory, which is not cleared; nil if a search is needed, or the
  ///   request is to be refused, and nothing has changed.
  @inline(__always)
  package mutating func allocateAtCursor(
    _ byteCount: UInt, alignment: UInt, goal: UInt, limit: UInt
  ) -> UInt? {
    guard Self.isSmall(byteCount, alignment), var node = unsafe cursorNode else { return nil }
    let goalPage = goal &>> PageFrame.numberShift
    // A node whose search continues at or above the goal ends above the goal, if it has a page
    // there.
    if unsafe _slowPath(goalPage > node.pointee.nextPage) {
      // A goal too close to the limit is ignored, and leads to another node.
      guard limit == 0, let next = unsafe self.node(endingAbove: goalPage, from: node),
        unsafe goalPage <= next.pointee.nextPage
      else { return nil }
      unsafe node = next
    }
    return unsafe node.pointee.allocateAtCursor(
      byteCount, alignment: alignment, limit: limit)
  }

  /// Allocates up to a page at the place of the last change of one node.
  ///
  /// - Parameters:
  ///   - node: The node.
  ///   - isHigh: Whether to look first in memory of the node that 32-bit devices cannot reach.
  ///   - place: Also receives the address, as soon as it is known.
  @inline(__always)
  package mutating func allocateAtCursor(
    _ byteCount: UInt, alignment: UInt, goal: UInt, limit: UInt, on node: NodePointer,
    isHigh: Bool, storingAt place: UnsafeMutablePointer<UInt>? = nil
  ) -> UInt? {
    // If the search continues at or above the goal and that boundary, neither changes anything.
    guard Self.isSmall(byteCount, alignment), unsafe cursorNode != nil,
      unsafe goal &>> PageFrame.numberShift <= node.pointee.nextPage,
      unsafe !isHigh || node.pointee.highPage <= node.pointee.nextPage
    else { return nil }
    return unsafe node.pointee.allocateAtCursor(
      byteCount, alignment: alignment, limit: limit, storingAt: place)
  }

  /// Whether size and alignment are each from 1 up to a page, and the alignment is a power of two.
  @inline(__always)
  private static func isSmall(_ byteCount: UInt, _ alignment: UInt) -> Bool {
    // For 0, either subtraction wraps around to more than a page.
    (byteCount &- 1) | (alignment &- 1) <= PageFrame.offsetMask
      && alignment & (alignment &- 1) == 0
  }

  /// The address to look at or above first.
  @inline(__always)
  private func goal(of request: AllocationRequest) -> UInt64 {
    switch request.goal {
    case .preservingDMA: platform.maxDMAAddress.rawValue
    case .address(let address): address.rawValue
    }
  }

  /// Checks a request of any kind and searches for memory; the memory is not cleared.
  ///
  /// It does not throw, since a register kept for an error would be saved in every call, even in
  /// those that need none.
  @inline(never)
  package static func search(
    in memory: inout BootMemory, for asked: AllocationRequest
  ) -> Result<UInt, BootMemoryError> {
    guard !memory.isHandedOver else { return .failure(.handedOver) }
    guard asked.byteCount != 0 else { return .failure(.misuse(.zeroByteCount)) }
    let alignment =
      asked.alignment == 0 ? memory.platform.cacheLineByteCount : asked.alignment
    guard alignment.isPowerOfTwo else {
      return .failure(.misuse(.alignmentNotPowerOfTwo(alignment)))
    }
    var node: NodePointer? = nil
    if let id = asked.node {
      guard let named = unsafe memory.storage(of: id) else {
        return .failure(.misuse(.noSuchNode(id)))
      }
      unsafe node = named
    }
    guard let size = UInt(exactly: asked.byteCount) else {
      return .failure(.outOfMemory(byteCount: asked.byteCount))
    }
    var request = ResolvedRequest(
      byteCount: size, alignment: alignment, goal: memory.goal(of: asked))
    switch asked.limit {
    case .none: break
    case .low: memory.platform.lowAddressLimit.map { request.lowerLimit(to: $0.rawValue) }
    case .address(let address): request.lowerLimit(to: address.rawValue)
    }
    if let mappedEnd = memory.mappedEnd { request.lowerLimit(to: mappedEnd.rawValue) }
    guard let address = unsafe memory.search(request, on: node, asked.nodePolicy) else {
      return .failure(.outOfMemory(byteCount: asked.byteCount))
    }
    return .success(address)
  }

  /// Searches at or above the goal and then anywhere, each time in the requested node and then in
  /// all (Linux: `___alloc_bootmem_node_nopanic`, `___alloc_bootmem_nopanic`).
  @inline(__always)
  private mutating func search(
    _ request: ResolvedRequest, on node: NodePointer?, _ policy: AllocationRequest.NodePolicy
  ) -> UInt? {
    var request = request
    if policy == .high, let node = unsafe node, unsafe request.goalPage < node.pointee.highPage {
      var high = request
      // The page lies in the node.
      high.goal = unsafe UInt64(node.pointee.highPage) << PageFrame.byteCountShift
      if let address = unsafe take(high, from: node) { return address }
    }
    while true {
      if let node = unsafe node {
        if let address = unsafe take(request, from: node) { return address }
      }
      if unsafe node == nil || policy != .only, let address = takeFromAnyNode(request) {
        return address
      }
      guard request.goal != 0 else { return nil }
      request.goal = 0
    }
  }

  /// Searches all nodes once, in ascending order (Linux: `alloc_bootmem_core`).
  @inline(never)
  private mutating func takeFromAnyNode(_ request: ResolvedRequest) -> UInt? {
    let goalPage = request.goalPage
    var next = unsafe firstNode
    while let node = unsafe next {
      let pages = unsafe node.pointee.pages
      if pages.lowerBound >= request.limitPage { return nil }
      if goalPage == 0 || pages.upperBound > goalPage,
        let address = unsafe take(request, from: node)
      {
        return address
      }
      unsafe next = node.pointee.next
    }
    return nil
  }

  @inline(never)
  private mutating func take(_ request: ResolvedRequest, from node: NodePointer) -> UInt? {
    if hasDebugOutput { unsafe debugAllocate(node, request) }
    let address = unsafe node.pointee.allocate(request)
    if hasDebugOutput, let address { unsafe debugAllocated(node, address) }
    return address
  }

  /// Clears memory that has been allocated.
  @inline(__always)
  package func clear(_ start: UnsafeMutableRawPointer?, byteCount: UInt64) {
    unsafe clear(platform.context, start, UInt(truncatingIfNeeded: byteCount))
  }
}
