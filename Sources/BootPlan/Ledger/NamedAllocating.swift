// SPDX-License-Identifier: MIT
import BootMemory
import MemoryMap
import PhysicalMemory

/// Boot memory whose calls can be recorded in a ledger: ``/BootMemory/BootMemory`` itself, or a
/// wrapper around it.
///
/// The ledger is an ``OwnerTable``, in the simplest case the one that the nodes were set up with.
/// A refused call does not change it; a full ledger counts what does not fit, and the memory is
/// allocated all the same.
public protocol NamedAllocating: MappedMemory, ~Copyable {
  /// See ``/BootMemory/BootMemory/allocate(_:)``.
  mutating func allocate(_ request: AllocationRequest) throws(BootMemoryError) -> PhysicalAddress

  /// See ``/BootMemory/BootMemory/free(_:on:)-(AddressRange,_)``.
  mutating func free(_ range: AddressRange, on node: NodeID?) throws(BootMemoryError)

  /// See ``/BootMemory/BootMemory/reserve(_:on:exclusively:)-(AddressRange,_,_)``.
  mutating func reserve(
    _ range: AddressRange, on node: NodeID?, exclusively: Bool
  ) throws(BootMemoryError)

  /// See ``/BootMemory/BootMemory/handOver(maximumOrder:_:)``.
  @discardableResult
  mutating func handOver(
    maximumOrder: Int, _ release: (PageBlock) -> Void
  ) throws(BootMemoryError) -> UInt64

  /// See ``/BootMemory/BootMemory/releaseLate(_:_:)``.
  @discardableResult
  mutating func releaseLate(
    _ range: AddressRange, _ release: (PageBlock) -> Void
  ) throws(BootMemoryError) -> UInt64
}

extension BootMemory: NamedAllocating {}

extension NamedAllocating where Self: ~Copyable {
  /// Allocates memory for `owner`, and records it in the ledger.
  ///
  /// - Parameters:
  ///   - request: The size, alignment and placement.
  ///   - owner: Whose it is; a literal is a name.
  ///   - neededOnlyDuringBoot: Whether it can be released once the kernel has started.
  ///   - owners: The ledger.
  /// - Returns: The address of the first byte.
  /// - Throws: As ``/BootMemory/BootMemory/allocate(_:)``.
  /// - Complexity: O(1) more than there; in the debug mode O(n) for n ranges that were freed.
  public mutating func allocate(
    _ request: AllocationRequest, as owner: MemoryOwner, neededOnlyDuringBoot: Bool = false,
    in owners: inout OwnerTable
  ) throws(BootMemoryError) -> PhysicalAddress {
    let address = try owners.ledger.allocate(
      request.byteCount, clearing: request.clearsMemory, as: owner,
      neededOnlyDuringBoot: neededOnlyDuringBoot, in: &self
    ) { memory, byteCount, clearing throws(BootMemoryError) in
      var asked = request
      asked.byteCount = byteCount
      asked.clearsMemory = clearing
      return try memory.allocate(asked).rawValue
    }
    return PhysicalAddress(address)
  }

  /// Reserves a range for `owner`, and records it in the ledger.
  ///
  /// - Parameters:
  ///   - range: The range.
  ///   - owner: Whose it is; a literal is a name.
  ///   - node: The node that contains all the pages.
  ///   - exclusively: Whether it is an error if any page is reserved already;
  ///     ``OwnerTable/write(_:to:)`` then reports who holds it.
  ///   - neededOnlyDuringBoot: Whether it can be released once the kernel has started.
  ///   - owners: The ledger.
  /// - Throws: As ``/BootMemory/BootMemory/reserve(_:on:exclusively:)-(AddressRange,_,_)``.
  /// - Complexity: O(1) more than there; in the debug mode O(n) for n ranges that were freed.
  public mutating func reserve(
    _ range: AddressRange, as owner: MemoryOwner, on node: NodeID? = nil,
    exclusively: Bool = false, neededOnlyDuringBoot: Bool = false, in owners: inout OwnerTable
  ) throws(BootMemoryError) {
    try reserve(range, on: node, exclusively: exclusively)
    owners.ledger.noteReserved(
      range.start.rawValue, range.byteCount, as: owner,
      neededOnlyDuringBoot: neededOnlyDuringBoot)
  }

  /// Frees a range, and removes the pages that it contains entirely from the ledger.
  ///
  /// - Throws: As ``/BootMemory/BootMemory/free(_:on:)-(AddressRange,_)``.
  /// - Complexity: O(n) more than that call for n ranges in the ledger, plus O(n) for each one that
  ///   is split in two; in the debug mode O(bytes) as well.
  public mutating func free(
    _ range: AddressRange, on node: NodeID? = nil, in owners: inout OwnerTable
  ) throws(BootMemoryError) {
    try free(range, on: node)
    if let pages = range.wholePages { owners.ledger.noteFreed(pages, in: self) }
  }

  /// Hands over every free page, after the debug mode, if it is on, has checked all memory.
  ///
  /// - Parameters:
  ///   - maximumOrder: The largest order of a block.
  ///   - owners: The ledger; ``OwnerTable/checks`` has the number of violations afterwards.
  ///   - release: Receives each block.
  /// - Returns: The number of pages released.
  /// - Throws: As ``/BootMemory/BootMemory/handOver(maximumOrder:_:)``.
  /// - Complexity: As for ``/BootMemory/BootMemory/handOver(maximumOrder:_:)``, plus
  ///   ``checkMemory(in:)``.
  @discardableResult
  public mutating func handOver(
    maximumOrder: Int, in owners: inout OwnerTable, _ release: (PageBlock) -> Void
  ) throws(BootMemoryError) -> UInt64 {
    checkMemory(in: &owners)
    return try handOver(maximumOrder: maximumOrder, release)
  }

  /// Releases, after the hand-over, the pages that `owner` holds alone, and removes its ranges from
  /// the ledger.
  ///
  /// - Parameters:
  ///   - owner: The owner of the ranges, which must have been reserved all along.
  ///   - owners: The ledger.
  ///   - map: The memory of the machine: only usable pages are released.
  ///   - limit: The end of the kernel's reach.
  ///   - release: Receives each page.
  /// - Returns: The number of pages.
  /// - Throws: As ``/BootMemory/BootMemory/releaseLate(_:_:)``.
  /// - Complexity: As for ``OwnerTable/release(_:of:below:_:)``, plus O(pages × nodes).
  @discardableResult
  public mutating func releaseLate(
    _ owner: MemoryOwner, in owners: inout OwnerTable, of map: MemoryMap,
    below limit: PageFrame = .end, _ release: (PageBlock) -> Void
  ) throws(BootMemoryError) -> UInt64 {
    var pageCount: UInt64 = 0
    try owners.release(owner, of: map, below: limit) { pages throws(BootMemoryError) in
      // Usable pages all have addresses.
      guard let range = AddressRange(pages) else { return }
      pageCount += try releaseLate(range, release)
    }
    return pageCount
  }
}
