// SPDX-License-Identifier: MIT
import TextOutput

/// Passes text on one line at a time, with its line feed; a line that is too long is cut off.
@safe package struct LineSink: TextSink {
  private let context: UnsafeMutableRawPointer?
  private let write: BootMemoryPlatform.Write?
  private var line = TextBuffer()
  private var byteCount = 0

  /// Makes a sink that passes lines and `context` to `write`; nil for nowhere.
  package init(context: UnsafeMutableRawPointer?, write: BootMemoryPlatform.Write?) {
    unsafe self.context = unsafe context
    unsafe self.write = unsafe write
  }

  /// Takes one ASCII byte.
  @inline(never)
  package mutating func write(byte: UInt8) {
    let isEnd = byte == 0x0a
    // One place is left for the line feed.
    if isEnd || byteCount < TextBuffer.capacity - 1 {
      line.write(byte: byte)
      byteCount &+= 1
    }
    if !isEnd { return }
    if let write = unsafe write {
      unsafe line.withBytes { bytes in
        unsafe write(context, bytes.baseAddress, UInt(bytes.count))
      }
    }
    line = TextBuffer()
    byteCount = 0
  }
}
