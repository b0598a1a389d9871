// SPDX-License-Identifier: MIT

/// A value that stays at one address for as long as the kernel runs: boot memory or the page
/// allocator, which other parts, such as the heap, refer to.
///
/// A variable cannot serve for that, since its value is gone when its scope ends.  Code that keeps
/// a reference therefore asks for a `Placed`, which `TableStorage.place(_:)` makes:
///
/// ```swift
/// let memory = unsafe storage.place(
///   BootMemory(platform: BootMemoryPlatform(), nodes: storage.take(count: 8)))
/// ```
@safe public struct Placed<Value: ~Copyable> {
  /// A pointer to the value.
  public let pointer: UnsafeMutablePointer<Value>

  /// Refers to a value in the kernel's memory.
  ///
  /// - Parameter pointer: Points to an initialised value, which must stay there for as long as
  ///   anything refers to it; it must not point to a local variable.
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
