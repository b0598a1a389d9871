// SPDX-License-Identifier: MIT

/// How large the nodes of a ``BootMemoryPair`` are.
package enum ScenarioSize: CaseIterable {
  case tiny
  case small
  case medium
  case large
  case huge
  case vast

  /// log2 of the largest number of pages of a node; the last one is 4 PiB.
  package var pageCountBits: Int {
    switch self {
    case .tiny: 7
    case .small: 10
    case .medium: 16
    case .large: 24
    case .huge: 32
    case .vast: 40
    }
  }

  /// Few enough that every size has its turn in a short run.
  package var operationCount: Int { 1500 }

  /// How many calls pass between two comparisons of all bits and two checks of all invariants.
  var comparisonInterval: Int {
    switch self {
    case .tiny: 8
    case .small: 32
    case .medium, .large, .huge, .vast: 250
    }
  }
}
