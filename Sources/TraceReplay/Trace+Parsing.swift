// SPDX-License-Identifier: MIT
import BootMemoryTrace
import PhysicalMemory

extension Trace {
  private static let callsByName = Dictionary(
    uniqueKeysWithValues: TraceCall.allCases.map { ("\($0.name)", $0) })

  /// Reads a trace.
  ///
  /// Lines between `trace begin` and `trace end` count alone where there are such lines, so that
  /// the output of a kernel can be read as it is.
  ///
  /// - Throws: The first line that is neither header nor call, with its number.
  public init(parsing text: String) throws(TraceError) {
    try self.init(parsing: text.utf8)
  }

  /// Reads a trace, as above, from the bytes of a text.
  ///
  /// - Throws: The first line that is neither header nor call, with its number.
  public init(parsing bytes: some Collection<UInt8>) throws(TraceError) {
    header = Header()
    operations = []
    var number = 0
    var isFramed = false
    var isInside = false
    // What is wrong in front of a frame counts only where no frame comes.
    var error: TraceError?
    var rest = bytes[...]
    while !rest.isEmpty {
      let bytes = rest.prefix { $0 != UInt8(ascii: "\n") }
      rest = rest[bytes.endIndex...].dropFirst()
      number += 1
      let text = String(decoding: bytes, as: UTF8.self)
      let line = Self.trim(text.prefix { $0 != "#" })
      if line == "trace begin" {
        if !isFramed { (header, operations, error) = (Header(), [], nil) }
        isFramed = true
        isInside = true
      } else if line == "trace end" {
        isInside = false
      } else if !isFramed || isInside, error == nil, !line.isEmpty {
        do throws(TraceError) {
          try add(line, number: number)
        } catch let problem {
          if isFramed { throw problem }
          error = problem
        }
      }
    }
    if let error { throw error }
    if isInside { throw TraceError(line: number, message: "the trace has no end") }
  }

  private mutating func add(_ line: Substring, number: Int) throws(TraceError) {
    // A block of the hand-over before; the blocks are in its hash as well.
    if line.hasPrefix("=") { return }
    let words = line.utf8.split(separator: UInt8(ascii: " ")).map { Substring($0) }
    guard let arrow = words.firstIndex(of: "->") else {
      try addHeader(words, number: number)
      return
    }
    let name = words.first.map(String.init) ?? ""
    guard let call = Self.callsByName[name] else {
      throw TraceError(line: number, message: "no such operation: \(name)")
    }
    guard arrow == call.argumentCount + 1 else {
      throw TraceError(
        line: number, message: "\(name) takes \(call.argumentCount) arguments, not \(arrow - 1)")
    }
    var arguments: [UInt64] = []
    for word in words[1..<arrow] {
      guard let value = UInt64(word, radix: 16) else {
        throw TraceError(line: number, message: "no hexadecimal number: \(word)")
      }
      arguments.append(value)
    }
    let result = words[(arrow + 1)...].joined(separator: " ")
    operations.append(Operation(line: number, call: call, arguments: arguments, result: result))
  }

  private mutating func addHeader(_ words: [Substring], number: Int) throws(TraceError) {
    guard words.count == 2, operations.isEmpty, let value = UInt64(words[1], radix: 16) else {
      throw TraceError(
        line: number, message: "neither a call with its result nor a line of the header")
    }
    switch words[0] {
    case "word":
      guard value == 64 || value == 32 else {
        throw TraceError(line: number, message: "words have 40 or 20 bits, not \(words[1])")
      }
      header.wordBitCount = Int(value)
    case "page_shift":
      guard value == PageFrame.byteCountShift else {
        let shift = String(PageFrame.byteCountShift, radix: 16)
        throw TraceError(line: number, message: "pages have a shift of \(shift), not \(words[1])")
      }
    case "low_limit": header.lowAddressLimit = value
    case "max_dma32_pfn": header.maxDMA32PageFrameNumber = value
    case "bootmem_low_limit": break
    default: throw TraceError(line: number, message: "no such header: \(words[0])")
    }
  }

  private static func trim(_ text: Substring) -> Substring {
    var text = text.drop(while: \.isWhitespace)
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return text
  }
}
