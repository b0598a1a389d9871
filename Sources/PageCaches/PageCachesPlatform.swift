// SPDX-License-Identifier: MIT

/// What the caches of processors ask of the kernel.
@safe public struct PageCachesPlatform {
  /// A callback that takes a context.
  public typealias Callback = @convention(c) (UnsafeMutableRawPointer?) -> Void

  /// Takes text: a context, the first byte, the number of bytes.
  public typealias Write =
    @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<UInt8>?, UInt) -> Void

  /// Handed to every callback.
  public var context: UnsafeMutableRawPointer?

  /// Keeps all other callers out of the page allocator: a spinlock.
  ///
  /// It also keeps interrupts off if their handlers allocate or free pages.  nil on one processor
  /// without such handlers.
  public var lock: Callback?

  /// Lets other callers in again.
  public var unlock: Callback?

  /// Returns once every other processor has executed a full memory barrier since the call, for
  /// instance through an interrupt whose handler returns at once.
  ///
  /// It is called under the lock, so it must also reach processors that wait for the lock.  nil if
  /// the kernel has no such function: then each call executes a barrier, which takes longer than
  /// all the rest of the call.
  public var fenceOthers: Callback?

  /// Takes a line, without a line feed, for each block that was refused when a cache gave it back.
  ///
  /// The line has the page's number: the page was freed twice, or never allocated.  It is called
  /// under the lock.  nil for silence.
  public var report: Write?

  /// A platform without callbacks.
  public init() {
    unsafe context = nil
    unsafe lock = nil
    unsafe unlock = nil
    unsafe fenceOthers = nil
    unsafe report = nil
  }
}
