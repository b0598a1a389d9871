// SPDX-License-Identifier: MIT
import BootMemoryTrace
import Testing

@Suite struct ChecksumTests {
  /// FNV-1a of `foobar`, as its authors list it.
  @Test func bytes_haveTheSumThatIsPublished() {
    var sum = Checksum()
    for byte in "foobar".utf8 { sum.add(byte: byte) }
    #expect(sum.value == 0x8594_4171_f739_67e8)
  }

  @Test(arguments: [0, 1, 0xff00, 0x0102_0304_0506_0708, .max] as [UInt64], 1...8)
  func number_hasTheSumOfItsBytes(number: UInt64, byteCount: Int) {
    var sum = Checksum()
    sum.add(byte: 7)
    var bytes = sum
    sum.add(number, byteCount: byteCount)
    for index in 0..<byteCount {
      bytes.add(byte: UInt8(truncatingIfNeeded: number >> (8 * UInt64(index))))
    }
    #expect(sum.value == bytes.value)
  }
}
