// SPDX-License-Identifier: MIT
import BootMemoryTrace
import TraceReplay

/// Who has a page while the calls of a trace are made.
public enum PageOwner: Int, CaseIterable, Sendable {
  /// No node.
  case nobody
  /// The firmware, or nobody knows: the page was never free.
  case firmware
  /// Nobody: it is free.
  case free
  /// Whoever reserved it.
  case reserved
  /// An allocation on any node.
  case allocated
  /// An allocation from low memory.
  case allocatedLow
  /// An allocation that asked for a node.
  case allocatedOnNode
  /// The page allocator.
  case released

  /// The owner of what `call` allocates.
  init(allocatingCall call: TraceCall) {
    if call.isLow {
      self = .allocatedLow
    } else {
      self = call.namesNode ? .allocatedOnNode : .allocated
    }
  }

  /// What a legend says.
  public var meaning: String {
    switch self {
    case .nobody: "no node"
    case .firmware: "never free"
    case .free: "free"
    case .reserved: "reserved"
    case .allocated: "allocated"
    case .allocatedLow: "allocated, low"
    case .allocatedOnNode: "allocated on a node"
    case .released: "handed over"
    }
  }

  /// The colour of a stretch that is this owner's for the most part, and of one that is in part.
  public var colours: (full: String, part: String) {
    switch self {
    case .nobody: ("#ffffff", "#ffffff")
    case .firmware: ("#9e9e9e", "#bdbdbd")
    case .free: ("#e8f5e9", "#e8f5e9")
    case .reserved: ("#e57373", "#ffcdd2")
    case .allocated: ("#1e88e5", "#90caf9")
    case .allocatedLow: ("#8e24aa", "#ce93d8")
    case .allocatedOnNode: ("#00897b", "#80cbc4")
    case .released: ("#fbc02d", "#fff59d")
    }
  }
}
