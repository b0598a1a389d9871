// SPDX-License-Identifier: MIT

/// What boot memory has cleared, of memory that need not exist.
@safe final class ClearedMemory {
  struct Call: Equatable {
    var start: UInt
    var byteCount: UInt
  }

  /// The last call; nil for none since this was set.
  var call: Call?

  /// For `BootMemoryPlatform.context`; whoever has it must keep this object.
  var context: UnsafeMutableRawPointer { unsafe Unmanaged.passUnretained(self).toOpaque() }

  /// For `BootMemoryPlatform.clear`.
  static let clear:
    @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UInt) -> Void = {
      context, start, byteCount in
      let cleared = unsafe Unmanaged<ClearedMemory>.fromOpaque(context!).takeUnretainedValue()
      judgeOnce(cleared.call)
      cleared.call = Call(start: UInt(bitPattern: start), byteCount: byteCount)
    }

  private static func judgeOnce(_ call: Call?) {
    precondition(call == nil, "cleared twice")
  }
}
