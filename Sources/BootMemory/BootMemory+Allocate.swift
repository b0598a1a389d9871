// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Allocating memory.
extension BootMemory {
  /// Allocates memory, cleared unless the request says otherwise.
  ///
  /// The search is next fit: in each node it goes on where the last allocation ended, and once
  /// more from the goal if nothing is found.  It first looks at or above the goal, in the node asked
  /// for and then in all in ascending order, and only then anywhere.  An allocation that would
  /// start in the page behind one that ended inside a page shares that page.
  ///
  /// - Parameter request: How much, how aligned, where.
  /// - Returns: The address of the first byte.
  /// - Throws: ``BootMemoryError/outOfMemory(byteCount:)`` if nothing fits, as on a node that was
  ///   never registered with the policy `only`, or below a limit under which there is no page;
  ///   ``BootMemoryMisuse/zeroByteCount``, ``BootMemoryMisuse/alignmentNotPowerOfTwo(_:)`` or
  ///   ``BootMemoryMisuse/noSuchNode(_:)``; ``BootMemoryError/handedOver``.  Nothing has changed
  ///   then.
  /// - Complexity: O(nodes below the goal) for up to a page behind the last change.  Else O(levels +
  ///   nodes), and so much again for each run of free pages that is too short, see <doc:Bitmap>.
  @_optimize(speed) @inline(never)
  public mutating func allocate(
    _ request: AllocationRequest
  ) throws(BootMemoryError) -> PhysicalAddress {
    try inlinedAllocate(request)
  }

  /// ``allocate(_:)`` as a part of its caller, where a call more would count.
  @inline(__always)
  package mutating func inlinedAllocate(
    _ request: AllocationRequest
  ) throws(BootMemoryError) -> PhysicalAddress {
    let alignment = request.alignment == 0 ? platform.cacheLineByteCount : request.alignment
    var goal =
      switch request.goal {
      case .preservingDMA: platform.maxDMAAddress.rawValue
      case .address(let address): address.rawValue
      }
    let limit: UInt64? =
      switch request.limit {
      case .none: nil
      case .low: platform.lowAddressLimit?.rawValue
      case .address(let address): address.rawValue
      }
    var limitPage = PageNumber.max
    if let limit {
      limitPage = PageNumber(clamping: limit >> PageFrame.byteCountShift)
      // A goal from which the size reaches beyond the limit counts as none.
      let (end, overflow) = goal.addingReportingOverflow(request.byteCount)
      if overflow || end > limit { goal = 0 }
    }
    // One by one: as a structure they would be stored for the search, even where none is needed.
    let address: UInt
    let found = allocateAtCursor(
      request.byteCount, alignment, goal, limitPage, request.node, request.nodePolicy)
    if let found {
      address = found
    } else {
      address = try Self.search(
        in: &self, request.byteCount, alignment, goal, limitPage, request.node, request.nodePolicy
      ).get()
    }
    if request.clearsMemory { clear(address, byteCount: request.byteCount) }
    return PhysicalAddress(UInt64(address))
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

  /// Allocates up to a page where the last change was; nil if that takes a search, or is refused.
  @inline(__always)
  private mutating func allocateAtCursor(
    _ byteCount: UInt64, _ alignment: UInt64, _ goal: UInt64, _ limitPage: PageNumber,
    _ id: NodeID?, _ policy: AllocationRequest.NodePolicy
  ) -> UInt? {
    // 0 wraps around to more than a page, each time.
    guard byteCount &- 1 < PageFrame.byteCount, alignment &- 1 < PageFrame.byteCount,
      alignment & (alignment &- 1) == 0, var node = unsafe cursorNode
    else { return nil }
    var goalPage = PageNumber(clamping: goal >> PageFrame.byteCountShift)
    if let id {
      guard policy != .high, let named = unsafe storage(of: id) else { return nil }
      unsafe node = named
      if unsafe goalPage >= node.pointee.pages.upperBound { goalPage = 0 }
    } else {
      guard let first = unsafe self.node(endingAbove: goalPage, from: node) else { return nil }
      unsafe node = first
    }
    return unsafe node.pointee.allocateAtCursor(
      UInt(truncatingIfNeeded: byteCount),
      alignmentMask: UInt(truncatingIfNeeded: alignment &- 1), goalPage: goalPage,
      limitPage: limitPage)
  }

  /// Checks a request and searches for it; without throwing, as a register kept for an error would
  /// be saved in every call, even where none is needed.
  @inline(never)
  private static func search(
    in memory: inout BootMemory, _ byteCount: UInt64, _ alignment: UInt64, _ goal: UInt64,
    _ limitPage: PageNumber, _ id: NodeID?, _ policy: AllocationRequest.NodePolicy
  ) -> Result<UInt, BootMemoryError> {
    guard !memory.isHandedOver else { return .failure(.handedOver) }
    guard byteCount != 0 else { return .failure(.misuse(.zeroByteCount)) }
    guard alignment.isPowerOfTwo else {
      return .failure(.misuse(.alignmentNotPowerOfTwo(alignment)))
    }
    var node: NodePointer? = nil
    if let id {
      guard let named = unsafe memory.storage(of: id) else {
        return .failure(.misuse(.noSuchNode(id)))
      }
      unsafe node = named
    }
    guard let size = UInt(exactly: byteCount) else {
      return .failure(.outOfMemory(byteCount: byteCount))
    }
    var request = ResolvedRequest(
      byteCount: size, alignment: alignment, goal: goal, limitPage: limitPage)
    if let mappedEnd = memory.mappedEnd { request.lowerLimit(to: mappedEnd.rawValue) }
    guard let address = unsafe memory.search(request, on: node, policy) else {
      return .failure(.outOfMemory(byteCount: byteCount))
    }
    return .success(address)
  }

  /// Searches at or above the goal and then anywhere, each time on the node that is asked for and
  /// then on all (Linux: `___alloc_bootmem_node_nopanic`, `___alloc_bootmem_nopanic`).
  @inline(__always)
  private mutating func search(
    _ request: ResolvedRequest, on node: NodePointer?, _ policy: AllocationRequest.NodePolicy
  ) -> UInt? {
    var request = request
    if policy == .high, let node = unsafe node, let goal = unsafe highGoal(for: request, on: node) {
      var high = request
      high.goal = goal
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

  /// The border above which lies memory that no 32-bit device reaches, as a goal, if the node has
  /// enough of it and the goal does not say the same (Linux: `__alloc_bootmem_node_high`).
  @inline(never)
  private func highGoal(for request: ResolvedRequest, on node: NodePointer) -> UInt64? {
    // 128 MiB.
    let threshold: PageNumber = 128 << (20 - PageFrame.numberShift)
    guard let border = platform.maxDMA32PageFrame, let goal = border.firstAddress else {
      return nil
    }
    let borderPage = PageNumber(clamping: border.number)
    let end = unsafe node.pointee.pages.upperBound
    guard borderPage < end, end - borderPage > threshold, request.goalPage < borderPage else {
      return nil
    }
    return goal.rawValue
  }

  /// One walk over the nodes, in ascending order (Linux: `alloc_bootmem_core`).
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

  @inline(__always)
  private func clear(_ address: UInt, byteCount: UInt64) {
    unsafe clear(
      platform.context, pointer(to: PhysicalAddress(UInt64(address))),
      UInt(truncatingIfNeeded: byteCount))
  }
}
