// SPDX-License-Identifier: MIT
import Foundation

/// A world so small that every state that calls can bring it to can be examined.
///
/// A state is all that the model knows and every byte of the allocator's, so what can follow
/// depends on the state alone.  When no new state is left, every sequence of calls has been seen,
/// however long.
public protocol ExplorableWorld: ~Copyable {
  associatedtype Call
  associatedtype State
  /// What distinguishes states.
  associatedtype Key: Hashable

  /// The calls that can be made in every state.
  var calls: [Call] { get }

  /// What tells this state apart.
  func key(of state: State) -> Key

  /// Makes a call, and returns the state that it leads to.
  mutating func make(_ call: Call, from state: State) throws(WorldDifference) -> State

  /// Examines a state that was not seen before.
  mutating func judge(_ state: State) throws(WorldDifference)
}

/// A disagreement between the allocator and the model.
///
/// A plain error: millions of expectations would take minutes.
public struct WorldDifference: Error, CustomStringConvertible {
  /// The call, what came of it, and from which state.
  public var description: String

  /// Makes a difference.
  public init(description: String) {
    self.description = description
  }
}

/// What was seen of a world.
public struct Exploration: CustomStringConvertible {
  /// The number of states up to the last whole level.
  public fileprivate(set) var stateCount = 1
  /// The number of calls.
  public fileprivate(set) var callCount = 0
  /// The greatest number of calls in a row of which every sequence was seen.
  public fileprivate(set) var depth = 0
  /// Whether no state is left from which a call has not been made.
  public fileprivate(set) var isComplete = false

  /// The figures, for the log.
  public var description: String {
    "\(stateCount) states, \(callCount) calls, depth \(depth)"
      + (isComplete ? ", which is all there is" : "")
  }

  /// How many calls are made in each world; `BOOTMEM_SMALL_WORLD_CALLS` sets another number.
  public static func maximumCallCount(debug: Int, release: Int) -> Int {
    let text = ProcessInfo.processInfo.environment["BOOTMEM_SMALL_WORLD_CALLS"]
    #if DEBUG
    let count = debug
    #else
    let count = release
    #endif
    return text.flatMap { Int($0) } ?? count
  }
}

extension ExplorableWorld where Self: ~Copyable {
  /// Makes every call from every state, breadth first, until all have been made or there were
  /// `maximumCallCount`.
  public mutating func explore(
    from first: State, maximumCallCount: Int
  ) throws(WorldDifference) -> Exploration {
    var exploration = Exploration()
    var seen: Set<Key> = [key(of: first)]
    var states = [first]
    try judge(first)
    while !states.isEmpty {
      var next: [State] = []
      for state in states {
        for call in calls {
          let made = try make(call, from: state)
          exploration.callCount += 1
          guard seen.insert(key(of: made)).inserted else { continue }
          try judge(made)
          next.append(made)
        }
        // Whole levels only, so that the depth is one to which every sequence was seen.
        if exploration.callCount > maximumCallCount { return exploration }
      }
      exploration.depth += 1
      exploration.stateCount = seen.count
      states = next
    }
    exploration.isComplete = true
    return exploration
  }
}

extension Hasher {
  /// Hashes all bytes at once, where an array hashes one after the other.
  public mutating func combineBytes(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe combine(bytes: $0) }
  }
}
