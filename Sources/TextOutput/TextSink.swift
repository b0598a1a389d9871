// SPDX-License-Identifier: MIT

/// A place that takes ASCII text a byte at a time: a serial port, a screen, a buffer.
///
/// Everything printed on the bare machine goes through this protocol, so no string is ever built
/// in memory and nothing here allocates.
public protocol TextSink {
  /// Takes one ASCII byte.
  mutating func write(byte: UInt8)
}

extension TextSink {
  /// Writes a string that is known at compile time.
  ///
  /// - Complexity: O(n) in the length of `text`.
  @inline(never)
  public mutating func write(_ text: StaticString) {
    for index in 0..<text.utf8CodeUnitCount {
      // A static string with a pointer representation is valid for `utf8CodeUnitCount` bytes.
      unsafe write(byte: text.utf8Start[index])
    }
  }

  /// Writes `value` in hexadecimal, lower case, without a prefix.
  ///
  /// - Parameters:
  ///   - value: The number.
  ///   - minimumDigitCount: Zeros are put in front up to this many digits.
  @inline(never)
  public mutating func write<Value: FixedWidthInteger & UnsignedInteger>(
    hexadecimal value: Value, minimumDigitCount: Int = 1
  ) {
    let value = UInt64(value)
    let significantDigitCount = (UInt64.bitWidth &- value.leadingZeroBitCount &+ 3) / 4
    var digit = Swift.max(significantDigitCount, Swift.max(minimumDigitCount, 1))
    while digit > 0 {
      digit &-= 1
      // Above the 16 digits that a number has there are zeros; below, the shift is less than 64.
      let shifted = digit < 16 ? value &>> UInt64(truncatingIfNeeded: digit &* 4) : 0
      let nibble = UInt8(truncatingIfNeeded: shifted) & 0xf
      write(byte: nibble < 10 ? 0x30 &+ nibble : 0x57 &+ nibble)
    }
  }

  /// Writes `value` in hexadecimal between two texts.  Messages do this often, and one call takes
  /// less code than three.
  @inline(never)
  public mutating func write(
    _ before: StaticString, hexadecimal value: UInt64, _ after: StaticString
  ) {
    write(before)
    write(hexadecimal: value)
    write(after)
  }

  /// Writes a text with numbers in it: each `%` stands for the next in hexadecimal, as above, each `#`
  /// for the next in decimal, with its sign.  Whoever writes many such texts has less code by this
  /// than by a call for each piece.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - numbers: As many as the text has places for; of what is decimal, the bits of an `Int`.
  @inline(never)
  package mutating func write(_ text: StaticString, with numbers: Span<UInt64>) {
    var index = 0
    for place in 0..<text.utf8CodeUnitCount {
      // As above.
      let byte = unsafe text.utf8Start[place]
      switch byte {
      case 0x25:
        write(hexadecimal: numbers[index])
        index &+= 1
      case 0x23:
        let number = Int(truncatingIfNeeded: numbers[index])
        if number < 0 { write(byte: 0x2d) }
        write(decimal: number.magnitude)
        index &+= 1
      default: write(byte: byte)
      }
    }
  }

  /// Writes `value` in decimal, right-aligned in `minimumWidth` columns.
  @inline(never)
  public mutating func write<Value: FixedWidthInteger & UnsignedInteger>(
    decimal value: Value, minimumWidth: Int = 1
  ) {
    // In the number's own width: a 32-bit processor divides 64 bits by a subroutine.  No product
    // is above `value`.
    var divisor: Value = 1
    var width = 1
    while value / divisor >= 10 {
      divisor *= 10
      width += 1
    }
    while width < minimumWidth {
      write(byte: 0x20)
      width += 1
    }
    while divisor > 0 {
      write(byte: 0x30 + UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }

  /// Writes a number of bytes as a person reads it: `640 KiB`, `3.9 GiB`.
  ///
  /// One decimal is kept where the number is not whole in its unit; it is cut, not rounded, so that
  /// the text never claims more memory than there is.
  public mutating func write(byteCount: UInt64) {
    // Its numbers are small: a word will do.
    guard byteCount >= 1024 else {
      write(decimal: UInt(truncatingIfNeeded: byteCount))
      write(" B")
      return
    }
    let unit = Swift.min((UInt64.bitWidth - 1 - byteCount.leadingZeroBitCount) / 10, 6)
    let shift = UInt64(unit * 10)
    let remainder = byteCount & ((1 << shift) - 1)
    write(decimal: UInt(truncatingIfNeeded: byteCount >> shift))
    // The remainder is below 2^60, so ten times it fits 64 bits.
    if remainder != 0 {
      write(byte: 0x2e)
      write(decimal: UInt(truncatingIfNeeded: (remainder * 10) >> shift))
    }
    write(byte: 0x20)
    switch unit {
    case 1: write("KiB")
    case 2: write("MiB")
    case 3: write("GiB")
    case 4: write("TiB")
    case 5: write("PiB")
    default: write("EiB")
    }
  }
}
