#if hasFeature(Embedded)
import PhysicalMemory
import TextOutput

/// A line of a trace on the serial port: a call, its arguments in hexadecimal, and its result.
struct TraceLine {
  private var port = SerialPort()

  /// Starts the line, behind whatever text has begun one.
  init(_ call: StaticString) {
    if unsafe !SerialPort.isAtLineStart { port.write(byte: UInt8(ascii: "\n")) }
    unsafe SerialPort.writesComments = false
    port.write(call)
  }

  /// Adds an argument.
  mutating func add(_ value: UInt64) {
    port.write(" ")
    port.write(hexadecimal: value)
  }

  /// Adds a range as its address and size.
  mutating func add(_ range: AddressRange) {
    add(range.start.rawValue)
    add(range.byteCount)
  }

  /// Ends the line with a result; text that follows is a comment.
  mutating func end(_ result: StaticString) {
    port.write(" -> ")
    port.write(result)
    end()
  }

  /// Ends the line with a number as the result.
  mutating func end(_ result: UInt64) {
    port.write(" -> ")
    port.write(hexadecimal: result)
    end()
  }

  /// Ends the line with two numbers, the second with all of its 16 digits.
  mutating func end(_ result: UInt64, checksum: UInt64) {
    port.write(" -> ")
    port.write(hexadecimal: result)
    port.write(" ")
    port.write(hexadecimal: checksum, minimumDigitCount: 16)
    end()
  }

  /// Ends the line with the blocks of a hand-over.
  mutating func end(_ blocks: LinuxBlocks) {
    port.write(" -> ")
    port.write(hexadecimal: blocks.pageCount)
    port.write(" blocks ")
    port.write(hexadecimal: blocks.singleCount + blocks.wordCount)
    port.write(" fnv ")
    port.write(hexadecimal: blocks.checksum.value, minimumDigitCount: 16)
    if blocks.singleCount > 0 {
      port.write(" o0 ")
      port.write(hexadecimal: blocks.singleCount)
    }
    if blocks.wordCount > 0 {
      port.write(" o")
      port.write(hexadecimal: LinuxBlocks.wordOrder)
      port.write(" ")
      port.write(hexadecimal: blocks.wordCount)
    }
    end()
  }

  /// Ends a line that has no result.
  mutating func end() {
    port.write("\n")
    unsafe SerialPort.writesComments = true
  }
}
#endif
