// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// What a loader handed over, in the same shape whatever the protocol.
///
/// The regions of memory are copied into storage of the caller; command line, name and modules
/// stay where the loader put them, and ``heldRanges`` says which memory that is.
public struct BootInformation: ~Copyable {
  /// The firmware's memory map as the loader gave it.  A region's being usable does not say that it
  /// is free: see ``heldRanges``.
  public var regions: MemoryRegionList

  /// The memory that holds what the loader handed over, and ACPI's tables once
  /// ``noteTables(_:reportingTo:)`` has seen them.
  public internal(set) var heldRanges: OwnedRangeList

  /// The number of modules; the contents of each are in ``heldRanges``, save for empty modules.
  public internal(set) var moduleCount = 0

  /// The text of the kernel's command line without its final zero; nil if there is none.
  public internal(set) var commandLine: AddressRange?

  /// The text of the loader's name without its final zero; nil if there is none.
  public internal(set) var loaderName: AddressRange?

  /// Where the loader says that ACPI's root pointer (RSDP) lies; nil if it does not say.
  public internal(set) var rootPointer: PhysicalAddress?

  /// Makes an empty result.
  public init(regions: consuming MemoryRegionList, heldRanges: consuming OwnedRangeList) {
    self.regions = regions
    self.heldRanges = heldRanges
  }

  /// Reads what a loader left at `address`, replacing what was here before.
  ///
  /// What can be read in spite of a defect is read, and the defect reported as a line on `sink`; of
  /// very many the first ones.
  ///
  /// - Throws: An error if there is no memory map to be had, or too little storage; nothing is kept
  ///   then.
  public mutating func read(
    _ loader: some BootProtocol, at address: PhysicalAddress, in memory: some PhysicalMemoryReader,
    reportingTo sink: inout some TextSink
  ) throws(FirmwareError) {
    removeAll()
    var reports = FirstLines(to: sink)
    defer { sink = reports.finish() }
    do throws(FirmwareError) {
      try loader.read(at: address, in: memory, into: &self, reportingTo: &reports)
      try checkCapacity()
    } catch {
      removeAll()
      throw error
    }
  }

  private borrowing func checkCapacity() throws(FirmwareError) {
    do throws(MemoryMapError) {
      try regions.checkCapacity()
    } catch {
      throw .memoryMap(error)
    }
    try checkHeldRanges()
  }

  /// Says with an error that there was no room for all ranges, and how much is needed.
  borrowing func checkHeldRanges() throws(FirmwareError) {
    guard heldRanges.isComplete else {
      throw .heldRangesFull(capacity: heldRanges.capacity, needed: heldRanges.neededCapacity)
    }
  }

  private mutating func removeAll() {
    regions.removeAll()
    heldRanges.removeAll()
    moduleCount = 0
    commandLine = nil
    loaderName = nil
    rootPointer = nil
  }
}

/// A way in which loaders hand over what they know; see ``BootInformation``.
public protocol BootProtocol {
  /// Reads the structure at `address` into `information`, which is empty.
  ///
  /// Nothing in the structure is trusted: sizes, counts and addresses are checked before use.
  ///
  /// - Throws: An error if there is no memory map to be had.
  func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    at address: PhysicalAddress, in memory: Memory, into information: inout BootInformation,
    reportingTo sink: inout Sink
  ) throws(FirmwareError)
}
