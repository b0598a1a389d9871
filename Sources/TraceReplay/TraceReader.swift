// SPDX-License-Identifier: MIT
import BootMemoryTrace
import PhysicalMemory

/// Reads a trace line by line, with no more memory than a line takes, however long the trace is.
///
/// If there are lines `trace begin` and `trace end`, only the lines between them count, so that the
/// output of a kernel can be read as it is.
public struct TraceReader: Sendable {
  /// What a line is.
  public enum Line: Equatable, Sendable {
    /// No call: a line of the header, a comment, or text outside of `begin` and `end`.
    case nothing
    /// The first `trace begin`: whatever came before it does not belong to the trace.
    case begin
    /// A call with its result.
    case call(Trace.Operation)
  }

  private static let callsByName = Dictionary(
    uniqueKeysWithValues: TraceCall.allCases.map { ("\($0.name)", $0) })

  /// The figures of the machine; complete with the first call.
  public private(set) var header = Trace.Header()
  /// The number of lines so far.
  public private(set) var lineCount = 0
  /// What is wrong before a `trace begin`; it counts only if there is no such line.
  public private(set) var problem: TraceError?
  private var hasCalls = false
  private var isFramed = false
  private var isInside = false

  /// A reader before the first line.
  public init() {}

  /// Reads the next line, given without its end.
  ///
  /// - Throws: An error with the line's number if the line is neither header nor call, and lies
  ///   inside `trace begin` and `trace end`; elsewhere ``finish()`` throws it.
  public mutating func read(_ line: some Collection<UInt8>) throws(TraceError) -> Line {
    lineCount += 1
    let text = Self.trim(line.prefix { $0 != UInt8(ascii: "#") })
    if text.elementsEqual("trace begin".utf8) {
      let isFirst = !isFramed
      if isFirst { (header, hasCalls, problem) = (Trace.Header(), false, nil) }
      isFramed = true
      isInside = true
      return isFirst ? .begin : .nothing
    }
    if text.elementsEqual("trace end".utf8) {
      isInside = false
      return .nothing
    }
    // A line that begins with an equals sign is a block of the hand-over before, whose hash has it
    // as well.
    guard isInside || !isFramed, problem == nil, let first = text.first,
      first != UInt8(ascii: "=")
    else { return .nothing }
    do throws(TraceError) {
      return try parse(text)
    } catch let error {
      if isFramed { throw error }
      problem = error
      return .nothing
    }
  }

  /// Ends the trace.
  ///
  /// - Throws: An error for the first line that is neither header nor call, if there was no
  ///   `trace begin`; an error for a missing `trace end`.
  public func finish() throws(TraceError) {
    if let problem { throw problem }
    if isInside { throw TraceError(line: lineCount, message: "the trace has no end") }
  }

  private mutating func parse(_ text: some Collection<UInt8>) throws(TraceError) -> Line {
    let words = text.split(separator: UInt8(ascii: " "))
      .map { String(decoding: $0, as: UTF8.self) }
    guard let arrow = words.firstIndex(of: "->") else {
      try readHeader(words)
      return .nothing
    }
    let name = words[0]
    guard let call = Self.callsByName[name] else {
      throw error("no such operation: \(name)")
    }
    guard arrow == call.argumentCount + 1 else {
      throw error("\(name) takes \(call.argumentCount) arguments, not \(arrow - 1)")
    }
    var arguments: [UInt64] = []
    arguments.reserveCapacity(arrow - 1)
    for word in words[1..<arrow] {
      guard let value = UInt64(word, radix: 16) else {
        throw error("no hexadecimal number: \(word)")
      }
      arguments.append(value)
    }
    hasCalls = true
    let result = words[(arrow + 1)...].joined(separator: " ")
    return .call(
      Trace.Operation(line: lineCount, call: call, arguments: arguments, result: result))
  }

  private mutating func readHeader(_ words: [String]) throws(TraceError) {
    guard words.count == 2, !hasCalls, let value = UInt64(words[1], radix: 16) else {
      throw error("neither a call with its result nor a line of the header")
    }
    switch words[0] {
    case "word":
      guard value == 64 || value == 32 else {
        throw error("words have 40 or 20 bits, not \(words[1])")
      }
      header.wordBitCount = Int(value)
    case "page_shift":
      guard value == PageFrame.byteCountShift else {
        let shift = String(PageFrame.byteCountShift, radix: 16)
        throw error("pages have a shift of \(shift), not \(words[1])")
      }
    case "low_limit": header.lowAddressLimit = value
    case "max_dma32_pfn": header.maxDMA32PageFrameNumber = value
    case "bootmem_low_limit": break
    default: throw error("no such header: \(words[0])")
    }
  }

  private func error(_ message: String) -> TraceError {
    TraceError(line: lineCount, message: message)
  }

  /// `text` without white space at its ends.
  private static func trim<Text: Collection<UInt8>>(_ text: Text) -> Text.SubSequence {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
    let start = text.drop(while: isSpace)
    var end = start.startIndex
    var index = start.startIndex
    while index < start.endIndex {
      let next = start.index(after: index)
      if !isSpace(start[index]) { end = next }
      index = next
    }
    return start[..<end]
  }
}
