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
      address = allocate(search, on: try index(of: node), request.nodePolicy)
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

  /// Allocates on any node (Linux: `___alloc_bootmem_nopanic`).
  @inline(__always)
  private mutating func allocate(_ request: AllocationSearch) -> PhysicalAddress? {
    if let address = allocateOnAnyNode(request) { return address }
    guard request.goal != 0 else { return nil }
    return allocateOnAnyNode(request.withoutGoal)
  }

  /// Allocates on a node first (Linux: `___alloc_bootmem_node_nopanic`).
  private mutating func allocate(
    _ request: AllocationSearch, on node: Int, _ policy: AllocationRequest.NodePolicy
  ) -> PhysicalAddress? {
    if policy == .high, let high = highRequest(for: request, on: node),
      let address = allocate(high, in: node)
    {
      return address
    }
    var request = request
    while true {
      if let address = allocate(request, in: node) { return address }
      if policy != .only, let address = allocateOnAnyNode(request) { return address }
      guard request.goal != 0 else { return nil }
      request = request.withoutGoal
    }
  }

  /// The request for the memory that no 32-bit device reaches, if the node has enough of it and the
  /// goal does not say the same (Linux: `__alloc_bootmem_node_high`).
  private func highRequest(for request: AllocationSearch, on node: Int) -> AllocationSearch? {
    let border = platform.maxDMA32PageFrame
    // 128 MiB.
    let threshold: UInt64 = 128 << (20 - PageFrame.byteCountShift)
    let end = unsafe pointer(to: node).pointee.span.end
    guard border.number != 0, border < end, end.number - border.number > threshold,
      request.goalPage < border.number, let goal = border.firstAddress
    else { return nil }
    var high = request
    high.goal = goal.rawValue
    return high
  }

  /// One walk over the nodes, in ascending order (Linux: `alloc_bootmem_core`).
  @inline(__always)
  private mutating func allocateOnAnyNode(_ request: AllocationSearch) -> PhysicalAddress? {
    var index = firstNode
    while index >= 0 {
      let node = unsafe pointer(to: index)
      if unsafe node.pointee.span.start.number >= request.limitPage { return nil }
      if unsafe request.goal == 0 || node.pointee.span.end.number > request.goalPage {
        if let address = allocate(request, in: index) { return address }
      }
      index = unsafe node.pointee.next
    }
    return nil
  }

  @inline(__always)
  private mutating func allocate(_ request: AllocationSearch, in index: Int) -> PhysicalAddress? {
    if hasDebugOutput { debugAllocate(index, request) }
    let address = unsafe pointer(to: index).pointee.allocate(request)
    if hasDebugOutput, let address { debugAllocated(index, address) }
    return address
  }

  @inline(__always)
  private func clear(_ address: PhysicalAddress, byteCount: UInt64) {
    let memory = unsafe pointer(to: address)
    // It lies in a node, so it is no larger than the address space.
    let byteCount = UInt(truncatingIfNeeded: byteCount)
    if let clear = unsafe platform.clear {
      unsafe clear(platform.context, memory, byteCount)
    } else if let memory = unsafe memory {
      unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: Int(byteCount))
    }
  }
}
