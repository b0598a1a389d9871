// SPDX-License-Identifier: MIT

/// What boot memory has cleared, of memory that need not exist.
@safe final class ClearedMemory {
  struct Call: Equatable {
    var start: UInt
    var byteCount: UInt
  }

  private(set) var calls: [Call] = []

  /// The calls since the last time.
  func takeCalls() -> [Call] {
    defer { calls.removeAll(keepingCapacity: true) }
    return calls
  }

  /// For ``BootMemoryPlatform/context``; whoever has it must keep this object.
  var context: UnsafeMutableRawPointer { unsafe Unmanaged.passUnretained(self).toOpaque() }

  /// For ``BootMemoryPlatform/clear``.
  static let clear:
    @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UInt) -> Void = {
      context, start, byteCount in
      let cleared = unsafe Unmanaged<ClearedMemory>.fromOpaque(context!).takeUnretainedValue()
      cleared.calls.append(Call(start: UInt(bitPattern: start), byteCount: byteCount))
    }
}
