// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory
import TextOutput

extension RecordedBootMemory {
  /// Allocates memory, cleared unless the request says otherwise.
  ///
  /// - Throws: As ``/BootMemory/BootMemory/allocate(_:)``.
  public mutating func allocate(
    _ request: AllocationRequest
  ) throws(BootMemoryError) -> PhysicalAddress {
    guard isRecording else { return try base.allocate(request) }
    do {
      let address = try base.allocate(request)
      _ = writeCall(of: request, at: address, isFatal: false)
      writeResult(address.rawValue)
      return address
    } catch {
      writeFailure(error, of: request, isFatal: false)
      throw error
    }
  }

  /// Allocates memory as ``allocate(_:)`` does, and stops the program where that would throw.
  public mutating func allocateOrTrap(_ request: AllocationRequest) -> PhysicalAddress {
    guard isRecording else { return base.allocateOrTrap(request) }
    do {
      let address = try base.allocate(request)
      _ = writeCall(of: request, at: address, isFatal: true)
      writeResult(address.rawValue)
      return address
    } catch {
      writeFailure(error, of: request, isFatal: true)
      fatalError("boot memory: an allocation failed that the kernel cannot do without")
    }
  }

  private mutating func writeFailure(
    _ error: BootMemoryError, of request: AllocationRequest, isFatal: Bool
  ) {
    // Linux has no call for one node and no other, so it becomes a comment; it failed, and so has
    // changed nothing.
    if request.node != nil, request.nodePolicy == .only { sink.write("# on that node only: ") }
    writeResult(writeCall(of: request, at: nil, isFatal: isFatal).answer(to: error))
  }

  /// Writes the Linux call that does what `request` says.
  ///
  /// - Parameters:
  ///   - address: Where memory was allocated; nil if none was.
  ///   - isFatal: Whether the call is the one that stops the kernel when it fails.
  /// - Returns: That call.
  private mutating func writeCall(
    of request: AllocationRequest, at address: PhysicalAddress?, isFatal: Bool
  ) -> TraceCall {
    var request = request
    if request.nodePolicy == .high, request.node != nil, request.limit == .low {
      // No call has both; the address says the same.
      request.limit = base.platform.lowAddressLimit.map { .address($0) } ?? .none
    }
    let (call, node) = call(of: request, isFatal: isFatal)
    write(call, node)
    writeArgument(request.byteCount)
    writeArgument(
      request.alignment == 0 ? base.platform.cacheLineByteCount : request.alignment)
    writeArgument(goal(of: request, at: address))
    if case .address(let limit) = request.limit { writeArgument(number(ofLimit: limit)) }
    return call
  }

  /// The Linux call that does what `request` says, and the node that it names.
  private func call(
    of request: AllocationRequest, isFatal: Bool
  ) -> (call: TraceCall, node: NodeID?) {
    switch (request.limit, request.node) {
    case (.address, nil):
      // Linux takes a limit only with a node.  Without a goal, on the lowest node, that is the
      // same.
      guard goal(of: request, at: nil) == 0, let lowestNode else { return (.allocateBelow, nil) }
      return (.allocateOnNodeBelow, lowestNode)
    case (.address, let node):
      return (request.nodePolicy == .high ? .allocateOnNodeHighBelow : .allocateOnNodeBelow, node)
    case (.low, nil):
      return (isFatal ? .allocateLow : .allocateLowOrFail, nil)
    case (.low, let node):
      return (.allocateOnNodeLow, node)
    case (.none, nil):
      return (isFatal ? .allocate : .allocateOrFail, nil)
    case (.none, let node) where request.nodePolicy == .high:
      return (.allocateOnNodeHigh, node)
    case (.none, let node):
      return (isFatal ? .allocateOnNode : .allocateOnNodeOrFail, node)
    }
  }

  /// The goal to give to Linux's call.
  ///
  /// A request for one node and no other drops the goal rather than leave the node, which no Linux
  /// call does.  If the pages found lie below the goal, that has happened, and the call without a
  /// goal finds the same pages.
  private func goal(of request: AllocationRequest, at address: PhysicalAddress?) -> UInt64 {
    let goal =
      switch request.goal {
      case .preservingDMA: base.platform.maxDMAAddress
      case .address(let address): address
      }
    // Memory that begins inside a page shares that page; the pages found are those after it.
    guard request.nodePolicy == .only, let address, let id = request.node,
      let span = base.node(id)?.span, span.contains(goal.pageFrame),
      PageFrame.pageCount(holdingByteCount: address.rawValue) < goal.pageFrame.number
    else { return goal.rawValue }
    return 0
  }

  /// The lowest registered node that has any pages.
  private var lowestNode: NodeID? {
    var lowest: (node: NodeID, start: PageFrame)?
    for number in 0..<base.nodeCapacity {
      guard let node = base.node(NodeID(number)), node.isRegistered, !node.span.isEmpty else {
        continue
      }
      if node.span.start < lowest?.start ?? PageFrame.end {
        lowest = (NodeID(number), node.span.start)
      }
    }
    return lowest?.node
  }
}
