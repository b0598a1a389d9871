// SPDX-License-Identifier: MIT
import FuzzKit
import TextOutput

/// Takes text and judges that it is ASCII, and not without end.
struct CountingSink: TextSink {
  private(set) var byteCount = 0

  mutating func write(byte: UInt8) {
    judge(byte == 0x0a || (0x20..<0x7f).contains(byte), "prints the byte \(byte)")
    byteCount += 1
    judge(byteCount < 1 << 20, "prints a megabyte")
  }
}
