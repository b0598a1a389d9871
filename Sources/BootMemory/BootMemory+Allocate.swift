import PhysicalMemory

/// Allocating memory.
extension BootMemory {
  /// Allocates memory, cleared unless the request says otherwise.
  ///
  /// The search is next fit: in each node it goes on where the last allocation ended, and once
  /// more from the goal if nothing is found.  It first looks at or above the goal, in the node asked
  /// for and then in all in ascending order, and only then anywhere.  An allocation that would
  /// start in the page behind one that ended inside a page starts in the rest of that page.
  ///
  /// - Complexity: O(levels), and so much again for each run of free pages that is too short, see
  ///   the discussion of the bitmap.
  public mutating func allocate(
    _ request: AllocationRequest
  ) throws(BootMemoryError) -> PhysicalAddress {
    guard !isHandedOver else { throw .handedOver }
    guard request.byteCount != 0 else { throw .misuse(.zeroByteCount) }
    let alignment = request.alignment == 0 ? platform.cacheLineByteCount : request.alignment
    guard alignment.isPowerOfTwo else { throw .misuse(.alignmentNotPowerOfTwo(alignment)) }
    let goal =
      switch request.goal {
      case .preservingDMA: platform.maxDMAAddress.rawValue
      case .address(let address): address.rawValue
      }
    let limit =
      switch request.limit {
      case .none: 0 as UInt64
      case .low: platform.lowAddressLimit.rawValue
      case .address(let address): address.rawValue
      }
    let search = AllocationSearch(
      byteCount: request.byteCount, alignment: alignment, goal: goal, limit: limit)
    let address: PhysicalAddress?
    if let node = request.node {
      address = unsafe allocate(search, on: try pointer(to: node), request.nodePolicy)
    } else {
      address = allocate(search)
    }
    guard let address else { throw .outOfMemory(byteCount: request.byteCount) }
    if request.clearsMemory { clear(address, byteCount: request.byteCount) }
    return address
  }

  /// Allocates memory as ``allocate(_:)`` does, and stops the program where that would throw:
  /// running out of memory this early is fatal to most kernels.
  public mutating func allocateOrTrap(_ request: AllocationRequest) -> PhysicalAddress {
    do {
      return try allocate(request)
    } catch {
      fatalError("boot memory: an allocation failed that the kernel cannot do without")
    }
  }

  /// Allocates cleared memory on any node, if it is at most a page and its place is in the word of
  /// the bitmap that was used last: the short cut of nearly every allocation.
  ///
  /// - Parameters:
  ///   - byteCount: The size.
  ///   - alignment: The alignment; at most a page for the short cut.
  ///   - goal: Where to look first; address 0 is anywhere.
  /// - Returns: nil if that was not so, or the parameters are wrong; nothing has changed then, and
  ///   ``prepareNextPage(goal:)`` may help, or ``allocate(_:)``.
  /// - Complexity: O(nodes below the goal).
  @inline(__always)
  public mutating func allocateNextPage(
    byteCount: UInt64, alignment: UInt64, goal: PhysicalAddress
  ) -> PhysicalAddress? {
    // 0 wraps around to more than a page, each time.
    guard byteCount &- 1 < PageFrame.byteCount, alignment &- 1 < PageFrame.byteCount,
      alignment & (alignment &- 1) == 0, let node = unsafe shortcutNode(above: goal)
    else { return nil }
    let address = unsafe node.pointee.allocateNextPage(
      byteCount: byteCount, alignment: alignment, goalPage: goal.pageFrame.number)
    guard let address else { return nil }
    clear(address, byteCount: byteCount)
    return address
  }

  /// Goes on to the word of the bitmap with the next free page, for
  /// ``allocateNextPage(byteCount:alignment:goal:)``.
  ///
  /// - Returns: Whether there is one from where the search goes on.
  /// - Complexity: O(levels + nodes below the goal).
  public mutating func prepareNextPage(goal: PhysicalAddress) -> Bool {
    guard let node = unsafe shortcutNode(above: goal) else { return false }
    return unsafe node.pointee.prepareNextPage(goalPage: goal.pageFrame.number)
  }

  /// The first node that ends above `goal`.
  @inline(__always)
  private func shortcutNode(above goal: PhysicalAddress) -> NodePointer? {
    var next = unsafe shortcutNode
    while let node = unsafe next, unsafe node.pointee.span.end <= goal.pageFrame {
      unsafe next = node.pointee.next
    }
    return unsafe next
  }

  /// Allocates on any node (Linux: `___alloc_bootmem_nopanic`).
  @inline(never)
  private mutating func allocate(_ request: AllocationSearch) -> PhysicalAddress? {
    if let address = allocateOnAnyNode(request) { return address }
    guard request.goal != 0 else { return nil }
    return allocateOnAnyNode(request.withoutGoal)
  }

  /// Allocates on a node first (Linux: `___alloc_bootmem_node_nopanic`).
  private mutating func allocate(
    _ request: AllocationSearch, on node: NodePointer, _ policy: AllocationRequest.NodePolicy
  ) -> PhysicalAddress? {
    if policy == .high, let high = unsafe highRequest(for: request, on: node),
      let address = unsafe allocate(high, in: node)
    {
      return address
    }
    var request = request
    while true {
      if let address = unsafe allocate(request, in: node) { return address }
      if policy != .only, let address = allocateOnAnyNode(request) { return address }
      guard request.goal != 0 else { return nil }
      request = request.withoutGoal
    }
  }

  /// The request for the memory that no 32-bit device reaches, if the node has enough of it and the
  /// goal does not say the same (Linux: `__alloc_bootmem_node_high`).
  @inline(never)
  private func highRequest(for request: AllocationSearch, on node: NodePointer) -> AllocationSearch?
  {
    let border = platform.maxDMA32PageFrame
    // 128 MiB.
    let threshold: UInt64 = 128 << (20 - PageFrame.byteCountShift)
    let end = unsafe node.pointee.span.end
    guard border.number != 0, border < end, end.number - border.number > threshold,
      request.goalPage < border.number, let goal = border.firstAddress
    else { return nil }
    var high = request
    high.goal = goal.rawValue
    return high
  }

  /// One walk over the nodes, in ascending order (Linux: `alloc_bootmem_core`).
  @inline(never)
  private mutating func allocateOnAnyNode(_ request: AllocationSearch) -> PhysicalAddress? {
    var next = unsafe firstNode
    while let node = unsafe next {
      let span = unsafe node.pointee.span
      if span.start.number >= request.limitPage { return nil }
      if request.goal == 0 || span.end.number > request.goalPage,
        let address = unsafe allocate(request, in: node)
      {
        return address
      }
      unsafe next = node.pointee.next
    }
    return nil
  }

  @inline(never)
  private mutating func allocate(
    _ request: AllocationSearch, in node: NodePointer
  ) -> PhysicalAddress? {
    if hasDebugOutput { unsafe debugAllocate(node, request) }
    let address = unsafe node.pointee.allocate(request)
    if hasDebugOutput, let address { unsafe debugAllocated(node, address) }
    return address
  }

  @inline(__always)
  private func clear(_ address: PhysicalAddress, byteCount: UInt64) {
    // It lies in a node, so it is no larger than the address space.
    unsafe clear(
      platform.context, pointer(to: address), UInt(truncatingIfNeeded: byteCount))
  }
}
