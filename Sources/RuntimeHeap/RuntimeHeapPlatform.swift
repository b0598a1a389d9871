// SPDX-License-Identifier: MIT

/// What the heap of Swift's runtime asks of the kernel.
@safe public struct RuntimeHeapPlatform {
  /// Takes text: a context, the first byte, the number of bytes.
  public typealias Write =
    @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<UInt8>?, UInt) -> Void

  /// Fills memory with random bytes: a context, the first byte, the number of bytes.
  public typealias FillRandomly =
    @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UInt) -> Void

  /// Is called before or after each use of the heap, with a context.
  public typealias Lock = @convention(c) (UnsafeMutableRawPointer?) -> Void

  /// Handed to every callback.
  public var context: UnsafeMutableRawPointer?

  /// Takes a line, without a line feed, for each refusal; that of a free names the pointer.
  ///
  /// A kernel that stops here stops at the culprit; one that returns continues with nothing
  /// changed.  It is called outside of the lock, except for the findings of a debug heap.  nil for
  /// silence.
  public var report: Write?

  /// Takes what Swift's `print` writes; nil for silence.
  public var print: Write?

  /// The source of random numbers and of the seed of hash values, which may be a constant if no
  /// untrusted party chooses keys.  Without it, asking for bytes traps.
  public var fillRandomly: FillRandomly?

  /// Keeps other callers out of the heap and its source of pages: a spinlock, interrupts off.  nil
  /// on one processor whose interrupts do not allocate.
  public var lock: Lock?

  /// Lets other callers in again.
  public var unlock: Lock?

  /// A platform without callbacks.
  public init() {
    unsafe context = nil
    unsafe report = nil
    unsafe print = nil
    unsafe fillRandomly = nil
    unsafe lock = nil
    unsafe unlock = nil
  }
}
