import BootMemory
import PhysicalMemory
import TextOutput

extension RecordedBootMemory {
  /// Allocates memory, cleared unless the request says otherwise.
  public mutating func allocate(
    _ request: AllocationRequest
  ) throws(BootMemoryError) -> PhysicalAddress {
    guard isRecording else { return try base.allocate(request) }
    do {
      let address = try base.allocate(request)
      writeCall(of: request, at: address, isFatal: false)
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
      writeCall(of: request, at: address, isFatal: true)
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
    // Linux knows no call for one node and no other; one that failed has changed nothing.
    if request.node != nil, request.nodePolicy == .only { sink.write("# on that node only: ") }
    let closed = writeCall(of: request, at: nil, isFatal: isFatal)
    if case .outOfMemory = error { return writeResult(closed) }
    writeResult(error, closed: closed)
  }

  /// Writes the call of Linux's that does what `request` says.
  ///
  /// - Parameters:
  ///   - address: Where memory was allocated; nil if none was.
  ///   - isFatal: Whether the call is the one that stops the kernel when it fails.
  /// - Returns: What that call answers when it fails.
  @discardableResult
  private mutating func writeCall(
    of request: AllocationRequest, at address: PhysicalAddress?, isFatal: Bool
  ) -> StaticString {
    let node = request.node?.rawValue
    var limit: UInt64?
    var answer: StaticString = isFatal ? "PANIC" : "NULL"
    switch (request.limit, node) {
    case (.address(let address), nil) where address.rawValue != 0:
      // Linux asks for a limit on a node only.  Without a goal, on the lowest node, that is the same.
      limit = address.rawValue
      answer = "NULL"
      if goal(of: request, at: nil) == 0, let lowest = lowestNode {
        writeCall("alloc_node_limit", lowest)
      } else {
        writeCall("alloc_limit")
      }
    case (.address(let address), _) where address.rawValue != 0:
      limit = address.rawValue
      answer = "NULL"
      if request.nodePolicy == .high { sink.write("# above 4 GiB first: ") }
      writeCall("alloc_node_limit", node)
    case (.low, nil):
      writeCall(isFatal ? "alloc_low" : "alloc_low_nopanic")
    case (.low, _):
      answer = "PANIC"
      if request.nodePolicy == .high { sink.write("# above 4 GiB first: ") }
      writeCall("alloc_low_node", node)
    case (_, nil):
      writeCall(isFatal ? "alloc" : "alloc_nopanic")
    default:
      if request.nodePolicy == .high {
        answer = "PANIC"
        writeCall("alloc_node_high", node)
      } else {
        writeCall(isFatal ? "alloc_node" : "alloc_node_nopanic", node)
      }
    }
    writeArgument(request.byteCount)
    writeArgument(
      request.alignment == 0 ? base.platform.cacheLineByteCount : request.alignment)
    writeArgument(goal(of: request, at: address))
    if let limit { writeArgument(limit) }
    return answer
  }

  /// The goal as Linux's call has to have it.
  ///
  /// A request for one node and no other drops the goal before it would leave the node, which no call
  /// of Linux's does.  Where the memory found lies below the goal, that has happened, and the call
  /// without a goal finds the same.
  private func goal(of request: AllocationRequest, at address: PhysicalAddress?) -> UInt64 {
    let goal =
      switch request.goal {
      case .preservingDMA: base.platform.maxDMAAddress
      case .address(let address): address
      }
    guard request.nodePolicy == .only, let address, let id = request.node,
      let span = base.node(id)?.span, span.contains(goal.pageFrame),
      address.pageFrame < goal.pageFrame
    else { return goal.rawValue }
    return 0
  }

  /// The registered node that starts lowest, of those with any pages.
  private var lowestNode: Int? {
    var lowest: (number: Int, start: PageFrame)?
    for number in 0..<base.nodeCapacity {
      guard let node = base.node(NodeID(number)), node.isRegistered, !node.span.isEmpty else {
        continue
      }
      if node.span.start < lowest?.start ?? PageFrame.end {
        lowest = (number, node.span.start)
      }
    }
    return lowest?.number
  }
}
