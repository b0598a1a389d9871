// SPDX-License-Identifier: MIT
import ArgumentParser
import MemoryReports

/// Nodes on the command line: their number, their sizes separated by commas, or a file.
enum NodesArgument: ExpressibleByArgument {
  case shares(NodeShares)
  case file(String)

  /// - Returns: nil for no nodes, and for more than are set up.
  init?(argument: String) {
    let sizes = argument.split(separator: ",", omittingEmptySubsequences: false)
      .map { Address(argument: String($0))?.rawValue }
    if argument.allSatisfy({ $0.isASCII && $0.isNumber }) {
      guard let count = Int(argument) else { return nil }
      self = .shares(.equal(count: count))
    } else if sizes.count > 1, sizes.allSatisfy({ $0 != nil }) {
      self = .shares(.sizes(sizes.compactMap(\.self)))
    } else {
      self = .file(argument)
    }
    if case .shares(let shares) = self, !(1...NodeShares.limit).contains(shares.count) {
      return nil
    }
  }
}
