// SPDX-License-Identifier: MIT
import PhysicalMemory

/// A block of memory from which tables are taken, front to back, and never returned.
///
/// A kernel keeps its lists here before it can allocate.
@safe
public struct TableStorage: ~Copyable {
  private var next: UnsafeMutableRawPointer
  private let end: UnsafeMutableRawPointer

  /// Takes over a block, which must stay valid, and untouched by others, as long as any of the tables
  /// is used.  It need not be initialised.
  @unsafe
  public init(start: UnsafeMutableRawPointer, end: UnsafeMutableRawPointer) {
    unsafe next = start
    unsafe self.end = end
  }

  /// Takes room for `count` elements, not initialised.
  ///
  /// - Precondition: There is room; the amount needed is known when the kernel is built.
  /// - Complexity: O(1).
  public mutating func take<Element: ~Copyable>(
    _ type: Element.Type = Element.self, count: Int
  ) -> UnsafeMutableBufferPointer<Element> {
    let start = unsafe next.alignedUp(for: type)
    unsafe next = start + MemoryLayout<Element>.stride * count
    precondition(unsafe next <= end)
    let first = unsafe start.bindMemory(to: type, capacity: count)
    return unsafe UnsafeMutableBufferPointer(start: first, count: count)
  }
  /// Moves a value to its permanent place, so that other code can keep a reference to it.
  ///
  /// - Precondition: There is room.
  /// - Complexity: O(1).
  public mutating func place<Value: ~Copyable>(_ value: consuming Value) -> Placed<Value> {
    let storage = unsafe take(Value.self, count: 1)
    unsafe storage.initializeElement(at: 0, to: value)
    // One element has an address.
    return unsafe Placed(storage.baseAddress.unsafelyUnwrapped)
  }
}
