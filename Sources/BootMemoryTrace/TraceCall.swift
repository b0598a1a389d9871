// SPDX-License-Identifier: MIT
import BootMemory

/// A call that a trace can have; nearly all stand for a Linux function.
///
/// A trace is text: a header of `key value` lines, then `NAME ARGUMENTS -> RESULT` for every call,
/// all numbers hexadecimal.  `#` starts a comment.  The first argument is the number of a node if
/// ``namesNode`` says so.
public enum TraceCall: Sendable {
  /// `init NODE MAP START END`: `init_bootmem_node`, all of them page frame numbers.
  case registerNode
  /// `uma MAP END`: `init_bootmem`, node 0 from page 0 on.
  case registerOnlyNode
  /// `pfn_limits`: `min_low_pfn` and `max_low_pfn`, which `uma` sets.
  case pageFrameLimits
  /// `map_pages PAGES`: `bootmem_bootmap_pages`
  case bitmapPageCount
  /// `free START BYTES`: `free_bootmem`
  case free
  /// `free_node NODE START BYTES`: `free_bootmem_node`
  case freeOnNode
  /// `reserve START BYTES FLAGS`: `reserve_bootmem`
  case reserve
  /// `reserve_node NODE START BYTES FLAGS`: `reserve_bootmem_node`
  case reserveOnNode
  /// `alloc BYTES ALIGNMENT GOAL`: `__alloc_bootmem`
  case allocate
  /// `alloc_nopanic BYTES ALIGNMENT GOAL`: `__alloc_bootmem_nopanic`
  case allocateOrFail
  /// `alloc_low BYTES ALIGNMENT GOAL`: `__alloc_bootmem_low`
  case allocateLow
  /// `alloc_low_nopanic BYTES ALIGNMENT GOAL`: `__alloc_bootmem_low_nopanic`
  case allocateLowOrFail
  /// `alloc_limit BYTES ALIGNMENT GOAL LIMIT`: not in Linux; `alloc_node_limit` on any node.
  case allocateBelow
  /// `alloc_node NODE BYTES ALIGNMENT GOAL`: `__alloc_bootmem_node`
  case allocateOnNode
  /// `alloc_node_nopanic NODE BYTES ALIGNMENT GOAL`: `__alloc_bootmem_node_nopanic`
  case allocateOnNodeOrFail
  /// `alloc_node_limit NODE BYTES ALIGNMENT GOAL LIMIT`: `___alloc_bootmem_node_nopanic`
  case allocateOnNodeBelow
  /// `alloc_node_high NODE BYTES ALIGNMENT GOAL`: `__alloc_bootmem_node_high`
  case allocateOnNodeHigh
  /// `alloc_node_high_limit NODE BYTES ALIGNMENT GOAL LIMIT`: not in Linux; `alloc_node_high` below
  /// a limit.
  case allocateOnNodeHighBelow
  /// `alloc_low_node NODE BYTES ALIGNMENT GOAL`: `__alloc_bootmem_low_node`
  case allocateOnNodeLow
  /// `map NODE`: the number of ones in the bitmap, and its sum.
  case checkpoint
  /// `free_all`: `free_all_bootmem`
  case handOver
  /// `free_late START BYTES`: `free_bootmem_late`
  case releaseLate
}

#if !hasFeature(Embedded) || BOOTMEM_HEAP
extension TraceCall: CaseIterable {}
#endif

extension TraceCall {
  /// The word at the front of a line.
  @inline(never)
  public var name: StaticString {
    switch self {
    case .registerNode: "init"
    case .registerOnlyNode: "uma"
    case .pageFrameLimits: "pfn_limits"
    case .bitmapPageCount: "map_pages"
    case .free: "free"
    case .freeOnNode: "free_node"
    case .reserve: "reserve"
    case .reserveOnNode: "reserve_node"
    case .allocate: "alloc"
    case .allocateOrFail: "alloc_nopanic"
    case .allocateLow: "alloc_low"
    case .allocateLowOrFail: "alloc_low_nopanic"
    case .allocateBelow: "alloc_limit"
    case .allocateOnNode: "alloc_node"
    case .allocateOnNodeOrFail: "alloc_node_nopanic"
    case .allocateOnNodeBelow: "alloc_node_limit"
    case .allocateOnNodeHigh: "alloc_node_high"
    case .allocateOnNodeHighBelow: "alloc_node_high_limit"
    case .allocateOnNodeLow: "alloc_low_node"
    case .checkpoint: "map"
    case .handOver: "free_all"
    case .releaseLate: "free_late"
    }
  }

  /// The number of arguments.
  public var argumentCount: Int {
    switch self {
    case .pageFrameLimits, .handOver: 0
    case .bitmapPageCount, .checkpoint: 1
    case .registerOnlyNode, .free, .releaseLate: 2
    case .freeOnNode, .reserve, .allocate, .allocateOrFail, .allocateLow, .allocateLowOrFail: 3
    case .registerNode, .reserveOnNode, .allocateBelow, .allocateOnNode, .allocateOnNodeOrFail,
      .allocateOnNodeHigh, .allocateOnNodeLow:
      4
    case .allocateOnNodeBelow, .allocateOnNodeHighBelow: 5
    }
  }

  /// Whether the first argument is the number of a node.
  public var namesNode: Bool {
    switch self {
    case .registerNode, .freeOnNode, .reserveOnNode, .allocateOnNode, .allocateOnNodeOrFail,
      .allocateOnNodeBelow, .allocateOnNodeHigh, .allocateOnNodeHighBelow, .allocateOnNodeLow,
      .checkpoint:
      true
    case .registerOnlyNode, .pageFrameLimits, .bitmapPageCount, .free, .reserve, .allocate,
      .allocateOrFail, .allocateLow, .allocateLowOrFail, .allocateBelow, .handOver, .releaseLate:
      false
    }
  }

  /// Whether the call allocates memory: its arguments, after the node, are a size, an alignment, a
  /// goal, and perhaps a limit.
  public var isAllocation: Bool {
    switch self {
    case .allocate, .allocateOrFail, .allocateLow, .allocateLowOrFail, .allocateBelow,
      .allocateOnNode, .allocateOnNodeOrFail, .allocateOnNodeBelow, .allocateOnNodeHigh,
      .allocateOnNodeHighBelow, .allocateOnNodeLow:
      true
    case .registerNode, .registerOnlyNode, .pageFrameLimits, .bitmapPageCount, .free, .freeOnNode,
      .reserve, .reserveOnNode, .checkpoint, .handOver, .releaseLate:
      false
    }
  }

  /// Whether the call asks first for what lies above 4 GiB.
  public var isHigh: Bool { self == .allocateOnNodeHigh || self == .allocateOnNodeHighBelow }

  /// Whether the call allocates below the limit of low addresses.
  public var isLow: Bool {
    self == .allocateLow || self == .allocateLowOrFail || self == .allocateOnNodeLow
  }

  /// Whether the call is an allocation that stops the kernel when it fails.
  public var stopsKernel: Bool {
    switch self {
    case .allocate, .allocateLow, .allocateOnNode, .allocateOnNodeHigh, .allocateOnNodeLow: true
    default: false
    }
  }

  /// What Linux answers where boot memory throws `error`.
  @inline(never)
  public func answer(to error: BootMemoryError) -> StaticString {
    switch error {
    case .outOfMemory: return stopsKernel ? "PANIC" : "NULL"
    case .alreadyReserved, .bitmapReserved: return "EBUSY"
    case .misuse: return "BUG"
    case .handedOver: break
    }
    // After the hand-over Linux does nothing and says that all is well (D19).
    switch self {
    case .reserve, .reserveOnNode: return "0"
    case .free, .freeOnNode: return "ok"
    case _ where isAllocation: return stopsKernel ? "PANIC" : "NULL"
    default: return "BUG"
    }
  }
}
