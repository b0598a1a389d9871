// SPDX-License-Identifier: MIT

/// What the caches of processors ask of the kernel.
@safe public struct PageCachesPlatform {
  /// Is called with a context.
  public typealias Callback = @convention(c) (UnsafeMutableRawPointer?) -> Void

  /// Takes text: a context, the first byte, the number of bytes.
  public typealias Write =
    @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<UInt8>?, UInt) -> Void

  /// Handed to every callback.
  public var context: UnsafeMutableRawPointer?

  /// Keeps all other callers out of the page allocator: a spinlock.  It also keeps interrupts off
  /// where their handlers allocate or free pages.  nil on one processor without such handlers.
  public var lock: Callback?

  /// Lets other callers in again.
  public var unlock: Callback?

  /// Returns when every other processor has executed a full memory barrier since the call, by an
  /// interrupt whose handler returns at once, for instance.  It is called under the lock, so it has
  /// to reach processors that wait for the lock too.  nil where there is no such thing: then each
  /// call executes a barrier, which takes longer than all the rest of it.
  public var fenceOthers: Callback?

  /// Takes what was refused when a cache gave its pages back, a line without a line feed, and with
  /// the page's number: a page that was freed twice, or never allocated.  It is called under the
  /// lock.  nil for silence.
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
