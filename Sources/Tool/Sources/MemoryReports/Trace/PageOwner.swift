// SPDX-License-Identifier: MIT
import BootMemoryTrace
import BootPlan
import TraceReplay

/// The owner of a page while the calls of a trace are made.
public enum PageOwner: Int, CaseIterable, Sendable {
  /// No node.
  case nobody
  /// The firmware, or unknown: the page was never free.
  case firmware
  /// None: the page is free.
  case free
  /// The caller that reserved it.
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

  /// The meaning of the owner, for a legend.
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

  /// The colour of this owner's stretches; they are pale if they are its own only in part.
  var colour: PaletteColour {
    switch self {
    case .nobody: .paper
    case .firmware: .grey
    case .free: .green
    case .reserved: .red
    case .allocated: .blue
    case .allocatedLow: .purple
    case .allocatedOnNode: .teal
    case .released: .yellow
    }
  }
}
