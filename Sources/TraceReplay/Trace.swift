// SPDX-License-Identifier: MIT
import BootMemoryTrace
/// A recorded scenario: calls of a boot-memory allocator, each with its result.
///
/// ``/BootMemoryTrace/TraceCall`` describes the text.
public struct Trace: Sendable {
  /// The figures of the machine that the calls were made on.
  public struct Header: Equatable, Sendable {
    /// The number of bits of an address and of a word of the bitmap: 64 or 32.
    public var wordBitCount = 64
    /// `ARCH_LOW_ADDRESS_LIMIT`.
    public var lowAddressLimit: UInt64 = 0xffff_ffff
    /// `MAX_DMA32_PFN`; 0 for none.
    public var maxDMA32PageFrameNumber: UInt64 = 0x10_0000

    /// The header of a trace that has none.
    public init() {}
  }

  /// One call.
  public struct Operation: Equatable, Sendable {
    /// The number of the line it stands on, from 1.
    public var line: Int
    /// Which call it is.
    public var call: TraceCall
    /// Its arguments.
    public var arguments: [UInt64]
    /// Its result: the text after the arrow.
    public var result: String

    /// The call as it stands in a trace, without the result.
    public var text: String {
      (["\(call.name)"] + arguments.map { String($0, radix: 16) }).joined(separator: " ")
    }
  }

  /// The figures of the machine.
  public var header = Header()
  /// The calls in order.
  public var operations: [Operation] = []

  /// A scenario without calls.
  public init() {}

  /// Appends what a line that was read says.
  public mutating func append(_ line: TraceReader.Line) {
    switch line {
    case .nothing: break
    case .begin: operations = []
    case .call(let operation): operations.append(operation)
    }
  }
}

/// Why a text is not a trace.
public struct TraceError: Error, Equatable, CustomStringConvertible, Sendable {
  /// The number of the line, from 1.
  public var line: Int
  /// What is wrong there.
  public var message: String

  /// An error on a line.
  public init(line: Int, message: String) {
    self.line = line
    self.message = message
  }

  /// The message with its place.
  public var description: String { "\(line): error: \(message)" }
}
