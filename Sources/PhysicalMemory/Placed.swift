// SPDX-License-Identifier: MIT

/// A value that stays where it is for as long as the kernel runs: boot memory or the page allocator, which
/// others, such as the heap, find there.
///
/// A variable does not do for that: its value is gone when its scope ends.  So those who keep a reference
/// ask for one of these, and `TableStorage.place(_:)` makes it:
///
/// ```swift
/// let memory = unsafe storage.place(
///   BootMemory(platform: BootMemoryPlatform(), nodes: storage.take(count: 8)))
/// ```
@safe public struct Placed<Value: ~Copyable> {
  /// Where it is.
  public let pointer: UnsafeMutablePointer<Value>

  /// Refers to a value in memory of the kernel's.
  ///
  /// - Parameter pointer: An initialised value, which must stay there for as long as anybody refers to it:
  ///   not that of a local variable.
  @unsafe @inlinable
  public init(_ pointer: UnsafeMutablePointer<Value>) {
    unsafe self.pointer = unsafe pointer
  }

  /// The value, to be read and changed in place.
  @inlinable
  public var value: Value {
    unsafeAddress { unsafe UnsafePointer(pointer) }
    nonmutating unsafeMutableAddress { unsafe pointer }
  }
}
