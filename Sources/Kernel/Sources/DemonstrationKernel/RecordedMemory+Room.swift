// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import MemoryMap
import PhysicalMemory
import BootMemoryTrace

/// What a machine has: a demonstration leaves out only what the machine lacks.
extension RecordedBootMemory<TracePort> {
  /// Allocates under a name; nil where no free pages satisfy the request.
  ///
  /// - Throws: An error where there are such pages, but no memory was allocated.
  mutating func allocateIfThereIsRoom(
    _ request: AllocationRequest, as owner: MemoryOwner, neededOnlyDuringBoot: Bool = false,
    in owners: inout OwnerTable
  ) throws(KernelError) -> PhysicalAddress? {
    do {
      return try allocate(
        request, as: owner, neededOnlyDuringBoot: neededOnlyDuringBoot, in: &owners)
    } catch {
      guard case .outOfMemory = error else { throw .bootMemory(error) }
      guard !hasRoom(for: request) else {
        throw .broken("an allocation failed though there is room for it")
      }
      return nil
    }
  }

  /// Whether a run of free pages satisfies the request.
  ///
  /// - Complexity: O(runs of free pages).
  func hasRoom(for request: AllocationRequest) -> Bool {
    let limit =
      switch request.limit {
      case .none: PageFrame.end
      case .low: base.platform.lowAddressLimit?.pageFrame ?? .end
      case .address(let address): address.pageFrame
      }
    let pageCount = PageFrame.pageCount(holdingByteCount: request.byteCount)
    let alignment = max(request.alignment >> PageFrame.byteCountShift, 1)
    for number in 0..<nodeCapacity {
      let node = NodeID(number)
      if request.nodePolicy == .only, let wanted = request.node, wanted != node { continue }
      var page = PageFrame(0)
      while let run = nextFreeRun(on: node, from: page) {
        page = run.end
        // Rounds up to a multiple of a power of two, for a page number far below 2^63.
        let start = (run.start.number + alignment - 1) & ~(alignment - 1)
        let end = min(run.end, limit).number
        if start < end, end - start >= pageCount { return true }
      }
    }
    return false
  }

  /// Whether `pages` is not empty and lies in one node.
  func hasNode(with pages: PageRange) -> Bool {
    guard !pages.isEmpty else { return false }
    for number in 0..<nodeCapacity {
      if let node = node(NodeID(number)), node.isRegistered, node.span.contains(pages) {
        return true
      }
    }
    return false
  }
}
