// SPDX-License-Identifier: MIT
import PageBitmap
import PhysicalMemory

/// A memory node: a span of page frames with a bitmap and the place where the search continues.
///
/// Its storage belongs to the caller (see ``BootMemory/init(platform:nodes:)``); its contents do
/// not.
@safe public struct BootMemoryNode {
  /// The pages that the node spans; none if the node is not registered.
  var pages: Range<PageNumber>

  /// The pages that may be freed and reserved without a check for bitmaps: all of the node's pages,
  /// or those on one side of the bitmaps.
  var plainPages: Range<PageNumber>

  /// The page at which memory begins that no 32-bit device reaches, if the node has enough of it;
  /// otherwise 0.
  var highPage: PageNumber

  /// The page at which the search continues.
  var nextPage: PageNumber

  /// The address just past the last allocation, see ``lastEnd``.
  ///
  /// At the very top of the address space this is 0, which is also a page boundary.
  var lastEndAddress: UInt

  /// The next node in ascending order of start.
  package var next: UnsafeMutablePointer<BootMemoryNode>?

  /// Which pages are free.
  package var bitmap: PageBitmap

  /// The pages that hold the bitmap, which the hand-over releases; none for memory that stays the
  /// caller's.
  public internal(set) var bitmapPages: PageRange

  /// Whether the node is registered.
  public internal(set) var isRegistered: Bool

  /// Pads nodes to 256 bytes: a power of two, so that a node's number and its address are converted
  /// into each other by a shift.
  private let room = Room(repeating: 0)

  /// A node that is not registered.
  public init() {
    pages = 0..<0
    plainPages = 0..<0
    highPage = 0
    isRegistered = false
    bitmapPages = PageRange(emptyAt: PageFrame(0))
    nextPage = 0
    lastEndAddress = 0
    unsafe next = nil
    bitmap = PageBitmap()
  }

  #if _pointerBitWidth(_32)
  private typealias Room = InlineArray<39, UInt32>
  #elseif BOOTMEM_NARROW_WORDS
  private typealias Room = InlineArray<21, UInt32>
  #else
  private typealias Room = InlineArray<9, UInt>
  #endif

  /// The page frames that the node spans; none if the node is not registered.
  public var span: PageRange { PageRange(numbers: pages) }

  /// The page at which the search continues (Linux: `hint_idx`).
  package var hint: PageFrame { PageFrame(UInt64(nextPage)) }

  /// The end of the node's last allocation (Linux: `last_end_off`).
  ///
  /// If it lies inside a page, an allocation behind it may share that page; any page boundary means
  /// that none may.
  package var lastEnd: PhysicalAddress { PhysicalAddress(UInt64(lastEndAddress)) }

  /// The bit of the bitmap that stands for `page`, which must lie in the span or just behind it.
  func bit(of page: PageNumber) -> UInt {
    // Bit 0 is not above the start of the span, so this is not negative.
    page &- bitmap.firstPageNumber
  }

  /// The page that a bit of the bitmap stands for.
  func page(ofBit bit: UInt) -> PageNumber { bit &+ bitmap.firstPageNumber }

  /// The first free page of `part`, which must lie in the span.
  @inline(never)
  mutating func firstFree(in part: Range<PageNumber>) -> PageNumber? {
    let end = bit(of: part.upperBound)
    guard let bit = bitmap.firstFree(from: bit(of: part.lowerBound), below: end) else { return nil }
    return page(ofBit: bit)
  }

  /// The first reserved page of `part`, which must lie in the span.
  @inline(never)
  mutating func firstReserved(in part: Range<PageNumber>) -> PageNumber? {
    let end = bit(of: part.upperBound)
    guard let bit = bitmap.firstReserved(from: bit(of: part.lowerBound), below: end) else {
      return nil
    }
    return page(ofBit: bit)
  }
}
