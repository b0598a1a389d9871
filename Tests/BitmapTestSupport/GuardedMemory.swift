// SPDX-License-Identifier: MIT
import Glibc
import Testing
import TraceReplay

/// Memory for a bitmap, of any content, between two guards: bytes that must never be written.
///
/// The guards are checked at the end, and whenever a test asks.
@safe public final class GuardedMemory {
  /// The memory, with exactly the size that was asked for.
  public let bytes: UnsafeMutableRawBufferPointer

  /// The memory with its guards.
  private let arena: Arena

  private static let guardByteCount = 4096
  private static let guardByte: UInt8 = 0x5c

  /// How many of the first bytes, where the upper levels lie, and of the last are filled with the
  /// content.
  ///
  /// A bitmap of terabytes is left as the host gives it, zero, so that it costs no memory.
  private static let filledByteCount = 1 << 20

  /// Makes memory of `byteCount` bytes of `content`.
  public init(byteCount: UInt64, content: UInt8 = 0xa5) {
    let byteCount = Int(byteCount)
    let arena = Arena(byteCount: byteCount + 2 * Self.guardByteCount)!
    self.arena = arena
    let start = unsafe arena.start + Self.guardByteCount
    unsafe bytes = unsafe UnsafeMutableRawBufferPointer(start: start, count: byteCount)
    if content != 0 {
      let count = min(byteCount, Self.filledByteCount)
      unsafe start.initializeMemory(as: UInt8.self, repeating: content, count: count)
      unsafe (start + (byteCount - count)).initializeMemory(
        as: UInt8.self, repeating: content, count: count)
    }
    unsafe arena.start.initializeMemory(
      as: UInt8.self, repeating: Self.guardByte, count: Self.guardByteCount)
    unsafe (start + byteCount).initializeMemory(
      as: UInt8.self, repeating: Self.guardByte, count: Self.guardByteCount)
  }

  /// Whether nothing has been written before or after the memory.
  public var isGuardIntact: Bool {
    unsafe Self.isIntact(arena.start) && Self.isIntact(bytes.baseAddress! + bytes.count)
  }

  /// Whether a guard's bytes are all what they were made.
  private static func isIntact(_ bytes: UnsafeRawPointer) -> Bool {
    unsafe bytes.load(as: UInt8.self) == guardByte
      && memcmp(bytes, bytes + 1, guardByteCount - 1) == 0
  }

  deinit {
    if !isGuardIntact { Issue.record("bytes beside a bitmap were written to") }
  }
}
