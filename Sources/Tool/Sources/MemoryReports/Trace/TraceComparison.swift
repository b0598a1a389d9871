// SPDX-License-Identifier: MIT
import BootMemoryTrace
import PhysicalMemory
import TraceReplay

/// The calls of a trace, made while it is read, and their results compared with those in the trace.
///
/// It needs as much memory as the bitmaps do, however long the trace is.
public struct TraceComparison {
  /// The number of calls to show before a difference.
  private static let contextCount = 4

  private var reader = TraceReader()
  private var replay: Replay?
  /// A difference before a `trace begin`; it counts only if none comes.
  private var difference: TraceError?
  private var isFramed = false

  /// The number of calls that had equal results.
  public private(set) var callCount = 0
  /// The number of bitmaps that were compared and equal.
  public private(set) var checkpointCount = 0
  /// The number of bits in a word of the machine.
  public var wordBitCount: Int { reader.header.wordBitCount }
  /// Whether the trace is wrong already, unless a `trace begin` is yet to come.
  public var isWrongWithoutBegin: Bool { difference != nil || reader.problem != nil }

  /// Makes a comparison that has read no line.
  public init() {}

  /// Reads the next line, and makes the call on it.
  ///
  /// - Parameter line: The bytes of the line without its end.
  /// - Throws: An error, with its line, between `trace begin` and `trace end`: for text that is no
  ///   trace, or for a result that differs, with the maps around it; errors elsewhere are thrown by
  ///   ``finish()``.
  public mutating func read(_ line: some Collection<UInt8>) throws(TraceError) {
    switch try reader.read(line) {
    case .nothing: break
    case .begin:
      isFramed = true
      (replay, difference, callCount, checkpointCount) = (nil, nil, 0, 0)
    case .call(let operation):
      guard difference == nil else { return }
      do throws(TraceError) {
        try make(operation)
      } catch {
        if isFramed { throw error }
        difference = error
      }
    }
  }

  /// Ends the trace.
  ///
  /// - Throws: The error in a text without `trace begin`, or one that says that `trace end` is
  ///   missing.
  public func finish() throws(TraceError) {
    if let difference { throw difference }
    try reader.finish()
  }

  private mutating func make(_ operation: Trace.Operation) throws(TraceError) {
    var replay = self.replay ?? Replay(reader.header)
    self.replay = nil
    defer { self.replay = replay }
    if let difference = try replay.make(operation) {
      throw TraceError(line: operation.line, message: replay.describe(difference))
    }
    callCount += 1
    if operation.call == .checkpoint { checkpointCount += 1 }
  }

  /// The memory, and what is needed to describe a difference.
  private struct Replay {
    /// The memory before the last call that `memory` has made.
    private let before: TraceReplayer
    private let memory: TraceReplayer
    /// The last calls, the latest of which `before` has not made.
    private var latest: [Trace.Operation] = []
    /// The pages of the last call that was about any.
    private var pages: PageRange?

    init(_ header: Trace.Header) {
      before = TraceReplayer(header)
      memory = TraceReplayer(header)
    }

    mutating func make(
      _ operation: Trace.Operation
    ) throws(TraceError) -> TraceReplayer.Difference? {
      if let last = latest.last {
        _ = try before.run(last)
        pages = last.pages(of: last.result) ?? pages
      }
      if let difference = try memory.run(operation) { return difference }
      if latest.count == TraceComparison.contextCount { latest.removeFirst() }
      latest.append(operation)
      return nil
    }

    /// The difference, the calls before it, and the maps around it.
    func describe(_ difference: TraceReplayer.Difference) -> String {
      let operation = difference.operation
      var text = "\(operation.text) -> \(difference.result), "
      text += "but the trace has \(operation.result)\n"
      if !latest.isEmpty { text += "the calls before it:\n" }
      for previous in latest {
        text += "  line \(previous.line): \(previous.text) -> \(previous.result)\n"
      }
      text += DifferencePicture(of: difference, elsewise: pages, before: before, after: memory).text
      return String(text.dropLast())
    }
  }
}
