// SPDX-License-Identifier: MIT

/// A destination for ASCII text, written a byte at a time: a serial port, a screen, a buffer.
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
  ///   - minimumDigitCount: Shorter numbers get leading zeros up to this many digits.
  @inline(never)
  public mutating func write<Value: FixedWidthInteger & UnsignedInteger>(
    hexadecimal value: Value, minimumDigitCount: Int = 1
  ) {
    let value = UInt64(value)
    let significantDigitCount = (UInt64.bitWidth &- value.leadingZeroBitCount &+ 3) / 4
    var digit = Swift.max(significantDigitCount, Swift.max(minimumDigitCount, 1))
    while digit > 0 {
      digit &-= 1
      // Digits beyond the 16 of a number are zeros; for the others, the shift is less than 64.
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

  /// Writes a text with numbers in it.
  ///
  /// Each `%` stands for the next number in hexadecimal, lower case and without a prefix, each `#`
  /// for the next number in decimal, with its sign.  Code that writes many such texts is smaller
  /// this way than with a call for each piece.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - numbers: At least as many as the text has places for; a decimal one is given as the bits
  ///     of an `Int`.
  @inline(never)
  package mutating func write(_ text: StaticString, with numbers: Span<UInt64>) {
    var index = 0
    for place in 0..<text.utf8CodeUnitCount {
      // A static string with a pointer representation is valid for `utf8CodeUnitCount` bytes.
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
    // In the number's own width, since a 32-bit processor needs a subroutine to divide 64 bits.  No
    // product is above `value`.
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

  /// Writes a number of bytes in human-readable form: `640 KiB`, `3.9 GiB`.
  ///
  /// One decimal is written if the number is not a whole number of units; it is truncated, not
  /// rounded, so that the text never claims more memory than there is.
  public mutating func write(byteCount: UInt64) {
    // The numbers written here are small enough for a machine word.
    guard byteCount >= 1024 else {
      write(decimal: UInt(truncatingIfNeeded: byteCount))
      write(" B")
      return
    }
    let unit = Swift.min((UInt64.bitWidth - 1 - byteCount.leadingZeroBitCount) / 10, 6)
    let shift = UInt64(unit * 10)
    let remainder = byteCount & ((1 << shift) - 1)
    write(decimal: UInt(truncatingIfNeeded: byteCount >> shift))
    // The remainder is below 2^60, so ten times it fits in 64 bits.
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
