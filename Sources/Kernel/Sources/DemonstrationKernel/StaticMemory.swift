// SPDX-License-Identifier: MIT
import Board

/// Memory of the image itself for tables that the kernel needs before it can allocate any.
///
/// Storage is taken from front to back and never given back.
struct StaticMemory {
  private var next = board_kernel_tables()
  private let end = board_kernel_tables_end()

  /// Takes room for `count` elements, not initialised.
  ///
  /// - Precondition: There is room; how much is wanted is known when the kernel is built.
  mutating func take<Element>(
    _ type: Element.Type, count: Int, alignment: UInt = UInt(MemoryLayout<Element>.alignment)
  ) -> UnsafeMutableBufferPointer<Element> {
    let start = (next + alignment - 1) & ~(alignment - 1)
    next = start + UInt(MemoryLayout<Element>.stride * count)
    precondition(next <= end)
    let pointer = unsafe UnsafeMutablePointer<Element>(bitPattern: start)
    return unsafe UnsafeMutableBufferPointer(start: pointer, count: count)
  }
}
