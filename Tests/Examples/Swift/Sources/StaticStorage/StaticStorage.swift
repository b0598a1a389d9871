// SPDX-License-Identifier: MIT
import ImageStorage

/// Room in the kernel's image for the tables that boot memory works on, taken from front to back.
///
/// A global of Swift's would do for a plain structure only: one of an array, even an inline one, is
/// initialised on first use, behind a check in every access.
@safe public struct StaticStorage: ~Copyable {
  private var next = unsafe image_storage_start()!

  /// All of the image's storage; make it once.
  public init() {}

  /// Takes room for `count` elements, not initialised.
  ///
  /// - Precondition: There is room; how much is wanted is known when the kernel is built.
  public mutating func take<Element>(
    _ type: Element.Type = Element.self, count: Int
  ) -> UnsafeMutableBufferPointer<Element> {
    let start = unsafe next.alignedUp(for: type)
    unsafe next = start + MemoryLayout<Element>.stride * count
    precondition(unsafe next <= image_storage_end())
    let first = unsafe start.bindMemory(to: type, capacity: count)
    return unsafe UnsafeMutableBufferPointer(start: first, count: count)
  }
}
