// SPDX-License-Identifier: MIT
import BootMemoryTrace
import BootMemory
import PhysicalMemory

extension Trace {
  /// What a call does to the memory if it ends as it did in the trace.
  public enum Effect: Equatable, Sendable {
    /// Nothing changes.
    case nothing
    /// A node of these pages comes into being, all of them reserved.
    case registers(PageRange)
    /// These pages become free.
    case frees(PageRange)
    /// These pages are reserved.
    case reserves(PageRange)
    /// These bytes are allocated.
    case allocates(AddressRange)
    /// All free pages go to the page allocator.
    case handsOver
    /// These pages go to the page allocator.
    case releases(PageRange)
  }
}

extension Trace.Operation {
  /// The arguments after the node, if the call names one.
  var argumentsBehindNode: [UInt64] { Array(arguments.dropFirst(call.namesNode ? 1 : 0)) }

  /// The node that the call names; node 0 where it names none.
  public var node: NodeID {
    // A number that does not fit is no node's number either way.
    NodeID(call.namesNode ? Int(clamping: arguments[0]) : 0)
  }

  /// The pages of the node that the call registers; nil if it is another call, or an invalid one.
  var span: PageRange? {
    switch call {
    case .registerNode: PageRange(start: PageFrame(arguments[2]), end: PageFrame(arguments[3]))
    case .registerOnlyNode: PageRange(start: PageFrame(0), end: PageFrame(arguments[1]))
    default: nil
    }
  }

  /// The range that the call frees or reserves; nil if it is another call, or an invalid one.
  private var range: AddressRange? {
    switch call {
    case .free, .freeOnNode, .reserve, .reserveOnNode, .releaseLate:
      let arguments = argumentsBehindNode
      return AddressRange(start: PhysicalAddress(arguments[0]), byteCount: arguments[1])
    default: return nil
    }
  }

  /// What the call does if it ends with `result`.
  public func effect(of result: String) -> Trace.Effect {
    switch call {
    case .registerNode, .registerOnlyNode:
      guard let span, result != "BUG" else { return .nothing }
      return .registers(span)
    case .free, .freeOnNode:
      guard result == "ok", let pages = range?.wholePages else { return .nothing }
      return .frees(pages)
    case .reserve, .reserveOnNode:
      guard result == "0", let pages = range?.touchedPages, !pages.isEmpty else {
        return .nothing
      }
      return .reserves(pages)
    case .releaseLate:
      guard let pages = range?.wholePages else { return .nothing }
      return .releases(pages)
    case .handOver:
      return .handsOver
    case .pageFrameLimits, .bitmapPageCount, .checkpoint:
      return .nothing
    case .allocate, .allocateOrFail, .allocateLow, .allocateLowOrFail, .allocateBelow,
      .allocateOnNode, .allocateOnNodeOrFail, .allocateOnNodeBelow, .allocateOnNodeHigh,
      .allocateOnNodeHighBelow, .allocateOnNodeLow:
      guard let start = UInt64(result, radix: 16),
        let range = AddressRange(
          start: PhysicalAddress(start), byteCount: argumentsBehindNode[0])
      else { return .nothing }
      return .allocates(range)
    }
  }

  /// The pages that the call is about if it ends with `result`; nil if it is about none in
  /// particular.
  public func pages(of result: String) -> PageRange? {
    switch effect(of: result) {
    case .frees(let pages), .reserves(let pages), .releases(let pages): pages
    case .allocates(let range): range.touchedPages
    case .nothing, .registers, .handsOver: call == .releaseLate ? nil : range?.touchedPages
    }
  }
}
