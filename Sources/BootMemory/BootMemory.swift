// SPDX-License-Identifier: MIT
import PhysicalMemory

/// The memory of a machine at boot: which page frames are free, from the moment the firmware's map
/// is known until a page allocator takes over.
///
/// This is Linux's bootmem, as of Linux 4.19, with the same results address for address and its 25
/// known defects corrected.  First every node is registered, with all its pages reserved; then the
/// usable ranges are freed, and the parts of them that are already in use are reserved; then memory
/// is allocated; finally ``handOver(maximumOrder:_:)`` hands over every free page.
///
/// Nothing here is global, and nothing allocates: the storage of the nodes is the caller's, and
/// each node's bitmap lies in memory that the caller chooses.  A call that throws has changed
/// nothing, except for the hints that a failed exclusive reserve lowers, as in Linux.
///
/// Calls must not overlap in time: a kernel boots on one processor.
///
/// Methods that change nothing are mutating where their speed counts, since a mutating method gets
/// the address of the value, and any other a copy.
@safe public struct BootMemory: ~Copyable {
  package typealias NodePointer = UnsafeMutablePointer<BootMemoryNode>

  /// The node from which a call first tries the place of the last change: ``firstNode``, or nil if
  /// every call must search.
  ///
  /// The search checks more.  It is needed without nodes, with debugging output, for another
  /// machine's addresses, with a ``mappedEnd``, and after the hand-over.
  package private(set) var cursorNode: NodePointer?

  /// The registered node with the lowest start.
  package var firstNode: NodePointer? {
    didSet { updateCursorNode() }
  }

  /// The registered node with the highest start.
  package var lastNode: NodePointer?

  /// The pages from the first to the last of all bitmaps, with what lies between them.
  package var bitmapsSpan: Range<PageNumber> = 0..<0

  /// A registered node from which the next search for a page may begin: the last one found.
  var recentNode: NodePointer?

  /// Whether the memory has been handed over.
  public package(set) var isHandedOver = false {
    didSet { updateCursorNode() }
  }

  /// Whether the memory has been handed over to the module `PageAllocator`, which continues to use
  /// the bitmaps.
  package var arePagesKept = false

  /// What the kernel said about the machine.
  public let platform: BootMemoryPlatform

  // Copies of two of the platform's fields, since the compiler would copy all of it to read one.

  /// The page frame just past the platform's address space.
  let endPageFrame: PageFrame

  /// See ``BootMemoryPlatform/directMapOffset``.
  @usableFromInline let directMapOffset: UInt

  /// Takes a line for every operation; initially ``BootMemoryPlatform/debug``.
  var debugOutput: BootMemoryPlatform.Write? {
    didSet { updateCursorNode() }
  }

  /// The address that every allocation must lie below, whatever its own limit; nil for no such
  /// limit.
  ///
  /// It is the end of the mapped memory while the kernel's page tables do not map all memory yet.
  public var mappedEnd: PhysicalAddress? {
    didSet { updateCursorNode() }
  }

  /// Clears allocated memory.
  let clear: BootMemoryPlatform.Clear

  /// The storage of the nodes; the index is the node's number.
  let nodes: UnsafeMutableBufferPointer<BootMemoryNode>

  /// Makes boot memory without any node.
  ///
  /// - Parameters:
  ///   - platform: The machine.
  ///   - nodes: Storage for as many nodes as there may be, of any content; it must stay in place.
  /// - Complexity: O(storage).
  public init(platform: BootMemoryPlatform, nodes: UnsafeMutableBufferPointer<BootMemoryNode>) {
    precondition(platform.cacheLineByteCount.isPowerOfTwo)
    precondition(platform.addressWidth.endPageFrame <= AddressWidth.native.endPageFrame)
    unsafe cursorNode = nil
    unsafe firstNode = nil
    unsafe lastNode = nil
    unsafe recentNode = nil
    self.platform = platform
    endPageFrame = platform.addressWidth.endPageFrame
    directMapOffset = platform.directMapOffset
    unsafe debugOutput = platform.debug
    unsafe clear =
      unsafe platform.clear ?? { _, start, byteCount in
        unsafe start?.initializeMemory(
          as: UInt8.self, repeating: 0, count: Int(bitPattern: byteCount))
      }
    unsafe self.nodes = unsafe nodes
    unsafe nodes.initialize(repeating: BootMemoryNode())
  }

  /// The number of nodes that there is storage for.
  public var nodeCapacity: Int { unsafe nodes.count }

  private mutating func updateCursorNode() {
    let isNative = platform.addressWidth == .native
    let hasMore = isHandedOver || hasDebugOutput || mappedEnd != nil || !isNative
    unsafe cursorNode = hasMore ? nil : firstNode
  }

  /// The storage of a node; nil if there is none.
  func storage(of node: NodeID) -> NodePointer? {
    guard node.rawValue >= 0, node.rawValue < (unsafe nodes.count) else { return nil }
    // There is a first element, since there is this one.
    return unsafe nodes.baseAddress.unsafelyUnwrapped + node.rawValue
  }

  /// The storage of a node; throws if there is none.
  func pointer(to node: NodeID) throws(BootMemoryError) -> NodePointer {
    guard let pointer = unsafe storage(of: node) else { throw .misuse(.noSuchNode(node)) }
    return unsafe pointer
  }

  /// The number of a node.
  package func id(of node: NodePointer) -> NodeID {
    unsafe NodeID(node - nodes.baseAddress.unsafelyUnwrapped)
  }

  /// The first node from `first` on that ends above `page`, the only one that can contain it.
  func node(endingAbove page: PageNumber, from first: NodePointer) -> NodePointer? {
    // Mostly it is the first.
    if unsafe _fastPath(first.pointee.pages.upperBound > page) { return unsafe first }
    var next = unsafe first.pointee.next
    while let node = unsafe next, unsafe node.pointee.pages.upperBound <= page {
      unsafe next = node.pointee.next
    }
    return unsafe next
  }

  /// The registered node that contains `page`, from `first` on; nil if there is none.
  func node(containing page: PageNumber, from first: NodePointer?) -> NodePointer? {
    guard let first = unsafe first, let node = unsafe node(endingAbove: page, from: first),
      unsafe node.pointee.pages.lowerBound <= page
    else { return nil }
    return unsafe node
  }
}
