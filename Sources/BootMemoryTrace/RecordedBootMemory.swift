// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory
import TextOutput

/// Boot memory whose calls are written down, each with its result, as a trace that can be replayed.
///
/// The trace, which ``TraceCall`` describes, stands between the lines `trace begin` and
/// `trace end`.  Nothing is written before ``startRecording()`` or after ``endRecording()``.
///
/// The trace replays with equal results.  No line says what is mapped, however, so results may
/// differ from the first allocation on that `mappedEnd` kept out of higher memory.
public struct RecordedBootMemory<Sink: TextSink>: ~Copyable {
  /// The boot memory, to look at and, after ``endRecording()``, to hand to a page allocator.
  ///
  /// A call made on it directly is not written down.
  public var base: BootMemory

  /// Where the trace goes.
  public internal(set) var sink: Sink

  /// Whether calls are being written down.
  public private(set) var isRecording = false

  /// Takes over `base`; what it records goes to `sink`.
  public init(_ base: consuming BootMemory, sink: Sink) {
    self.base = base
    self.sink = sink
  }

  /// Begins a trace; boot memory has no node yet.
  public mutating func startRecording() {
    isRecording = true
    let platform = base.platform
    sink.write("trace begin\nword ")
    sink.write(hexadecimal: UInt64(wordBitCount))
    sink.write("\npage_shift ")
    sink.write(hexadecimal: PageFrame.byteCountShift)
    sink.write("\nlow_limit ")
    sink.write(hexadecimal: platform.lowAddressLimit.map { number(ofLimit: $0) } ?? 0)
    sink.write("\nmax_dma32_pfn ")
    sink.write(hexadecimal: platform.maxDMA32PageFrame?.number ?? 0)
    sink.write("\nbootmem_low_limit ")
    sink.write(hexadecimal: platform.maxDMAAddress.rawValue)
    sink.write("\n")
  }

  /// Writes down the state of every node's bitmap.
  ///
  /// - Complexity: O(pages).
  public mutating func recordCheckpoint() {
    guard isRecording else { return }
    for number in 0..<base.nodeCapacity {
      let id = NodeID(number)
      guard let node = base.node(id), node.isRegistered else { continue }
      write(.checkpoint, id)
      writeArrow()
      LinuxBitmap(pageCount: node.span.pageCount, wordBitCount: wordBitCount)
        .writeSums(of: id, in: base, to: &sink)
      sink.write("\n")
    }
  }

  /// Ends the trace.
  public mutating func endRecording() {
    guard isRecording else { return }
    sink.write("trace end\n")
    isRecording = false
  }

  /// A limit as a trace has it, where 0 is none; a limit of 0 becomes 1, below which nothing lies
  /// either.
  func number(ofLimit limit: PhysicalAddress) -> UInt64 { max(limit.rawValue, 1) }

  /// The number of bits of an address on the machine.
  var wordBitCount: Int {
    switch base.platform.addressWidth {
    case .bits32: 32
    case .bits64: 64
    }
  }
}

/// The parts of a line.
extension RecordedBootMemory {
  mutating func write(_ call: TraceCall, _ node: NodeID? = nil) {
    sink.write(call.name)
    if let node { writeArgument(UInt64(node.rawValue)) }
  }

  @inline(never)
  mutating func write(_ call: TraceCall, _ node: NodeID?, _ range: AddressRange) {
    write(call, node)
    writeArgument(range.start.rawValue)
    writeArgument(range.byteCount)
  }

  @inline(never)
  mutating func writeArgument(_ value: UInt64) {
    sink.write(" ")
    sink.write(hexadecimal: value)
  }

  mutating func writeArrow() {
    sink.write(" -> ")
  }

  mutating func writeResult(_ text: StaticString) {
    writeArrow()
    sink.write(text)
    sink.write("\n")
  }

  mutating func writeResult(_ value: UInt64) {
    writeArrow()
    sink.write(hexadecimal: value)
    sink.write("\n")
  }
}
