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
  /// Whether the call's first argument is a node.
  var isOfNode: Bool { name.contains("node") }

  /// The arguments behind the node.
  var argumentsBehindNode: ArraySlice<UInt64> { arguments.dropFirst(isOfNode ? 1 : 0) }

  /// The node that the call names; node 0 where it names none.
  var node: NodeID {
    let isNodeNamed = isOfNode || name == "init" || name == "map"
    // A number that does not fit is that of no node either.
    return NodeID(isNodeNamed ? Int(clamping: arguments[0]) : 0)
  }

  /// The pages of the node that the call registers; nil if it is another call, or a wrong one.
  var span: PageRange? {
    switch name {
    case "init": PageRange(start: PageFrame(arguments[2]), end: PageFrame(arguments[3]))
    case "uma": PageRange(start: PageFrame(0), end: PageFrame(arguments[1]))
    default: nil
    }
  }

  /// What the call does if it ends with `result`.
  public func effect(of result: String) -> Trace.Effect {
    let arguments = Array(argumentsBehindNode)
    func range(_ start: UInt64, _ byteCount: UInt64) -> AddressRange? {
      AddressRange(start: PhysicalAddress(start), byteCount: byteCount)
    }
    switch name {
    case "init", "uma":
      guard let span, result != "BUG" else { return .nothing }
      return .registers(span)
    case "free", "free_node":
      guard result == "ok", let range = range(arguments[0], arguments[1]) else { return .nothing }
      return range.wholePages.map { .frees($0) } ?? .nothing
    case "reserve", "reserve_node":
      guard result == "0", let range = range(arguments[0], arguments[1]) else { return .nothing }
      return range.touchedPages.isEmpty ? .nothing : .reserves(range.touchedPages)
    case "free_late":
      guard let range = range(arguments[0], arguments[1]) else { return .nothing }
      return range.wholePages.map { .releases($0) } ?? .nothing
    case "free_all":
      return .handsOver
    default:
      guard name.hasPrefix("alloc"), let start = UInt64(result, radix: 16),
        let range = range(start, arguments[0])
      else { return .nothing }
      return .allocates(range)
    }
  }

  /// The pages that the call is about if it ends with `result`; nil if it is about none in
  /// particular.
  public func pages(of result: String) -> PageRange? {
    switch effect(of: result) {
    case .frees(let pages), .reserves(let pages), .releases(let pages): return pages
    case .allocates(let range): return range.touchedPages
    case .nothing, .registers, .handsOver: break
    }
    guard ["free", "free_node", "reserve", "reserve_node"].contains(name) else { return nil }
    let arguments = Array(argumentsBehindNode)
    return AddressRange(start: PhysicalAddress(arguments[0]), byteCount: arguments[1])?.touchedPages
  }
}
