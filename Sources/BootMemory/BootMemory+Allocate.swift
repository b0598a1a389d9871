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

  /// Allocates memory as ``allocate(_:)`` does, and stops the program where that would throw:
  /// running out of memory this early is fatal to most kernels.
  public mutating func allocateOrTrap(_ request: AllocationRequest) -> PhysicalAddress {
    do {
      return try allocate(request)
    } catch {
      fatalError("boot memory: an allocation failed that the kernel cannot do without")
    }
  }

  /// Allocates where the last change was, as the request says.
  ///
  /// - Returns: The address; nil where that takes ``search(in:for:)``.
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
    // What does not fit a word is searched for.
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

  /// Allocates up to a page where the last change was: what nearly every allocation comes to, from
  /// Swift and from C.
  ///
  /// - Parameters:
  ///   - byteCount: The size.
  ///   - alignment: The alignment in bytes.
  ///   - goal: The address to look at or above first; 0 is anywhere.
  ///   - limit: What the memory must lie below; 0 for no limit.
  /// - Returns: The address, not cleared; nil if that takes a search, or is refused, and nothing has
  ///   changed.
  @inline(__always)
  package mutating func allocateAtCursor(
    _ byteCount: UInt, alignment: UInt, goal: UInt, limit: UInt
  ) -> UInt? {
    guard Self.isSmall(byteCount, alignment), var node = unsafe cursorNode else { return nil }
    let goalPage = goal &>> PageFrame.numberShift
    // A node where the search goes on at or above the goal ends above it, if it has a page there.
    if unsafe _slowPath(goalPage > node.pointee.nextPage) {
      // A goal too near to the limit counts as none, and leads to another node.
      guard limit == 0, let next = unsafe self.node(endingAbove: goalPage, from: node),
        unsafe goalPage <= next.pointee.nextPage
      else { return nil }
      unsafe node = next
    }
    return unsafe node.pointee.allocateAtCursor(
      byteCount, alignment: alignment, limit: limit)
  }

  /// The same on a node.
  ///
  /// - Parameters:
  ///   - node: The node.
  ///   - isHigh: Whether that is first meant above what 32-bit devices reach.
  ///   - place: Gets the address, too, as soon as it is known.
  @inline(__always)
  package mutating func allocateAtCursor(
    _ byteCount: UInt, alignment: UInt, goal: UInt, limit: UInt, on node: NodePointer,
    isHigh: Bool, storingAt place: UnsafeMutablePointer<UInt>? = nil
  ) -> UInt? {
    // Where the search goes on above the goal, or above that border, neither changes anything.
    guard Self.isSmall(byteCount, alignment), unsafe cursorNode != nil,
      unsafe goal &>> PageFrame.numberShift <= node.pointee.nextPage,
      unsafe !isHigh || node.pointee.highPage <= node.pointee.nextPage
    else { return nil }
    return unsafe node.pointee.allocateAtCursor(
      byteCount, alignment: alignment, limit: limit, storingAt: place)
  }

  /// Whether size and alignment are from 1 up to a page, and as they must be.
  @inline(__always)
  private static func isSmall(_ byteCount: UInt, _ alignment: UInt) -> Bool {
    // 0 wraps around to more than a page, each time.
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

  /// Checks a request and searches for it, which every one can take; the memory is not cleared.
  ///
  /// Without throwing, as a register kept for an error would be saved in every call, even where none
  /// is needed.
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

  /// Searches at or above the goal and then anywhere, each time on the node that is asked for and
  /// then on all (Linux: `___alloc_bootmem_node_nopanic`, `___alloc_bootmem_nopanic`).
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

  /// Clears memory that has been allocated.
  @inline(__always)
  package func clear(_ start: UnsafeMutableRawPointer?, byteCount: UInt64) {
    unsafe clear(platform.context, start, UInt(truncatingIfNeeded: byteCount))
  }
}
