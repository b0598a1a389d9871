import MemoryMap
import PhysicalMemory
import TextOutput

/// What a loader handed over, in the same shape whatever the protocol.
///
/// The regions of memory are copied into storage of the caller; command line, name and modules
/// stay where the loader put them, and ``loaderRanges`` says which memory that is.
public struct BootInformation: ~Copyable {
  /// The firmware's memory map as the loader gave it.  A region's being usable does not say that it
  /// is free: see ``loaderRanges``.
  public var regions: MemoryRegionList

  /// The memory that holds what the loader handed over.
  public internal(set) var loaderRanges: LoaderRangeList

  /// The number of modules; the contents of each are in ``loaderRanges``, save for empty modules.
  public internal(set) var moduleCount = 0

  /// The text of the kernel's command line without its final zero; nil if there is none.
  public internal(set) var commandLine: AddressRange?

  /// The text of the loader's name without its final zero; nil if there is none.
  public internal(set) var loaderName: AddressRange?

  /// Where the loader says that ACPI's root pointer (RSDP) lies; nil if it does not say.
  public internal(set) var rootPointer: PhysicalAddress?

  /// Makes an empty result.
  public init(regions: consuming MemoryRegionList, loaderRanges: consuming LoaderRangeList) {
    self.regions = regions
    self.loaderRanges = loaderRanges
  }

  /// Reads what a loader left at `address`, replacing what was here before.
  ///
  /// What can be read in spite of a defect is read, and the defect reported as a line on `sink`.
  ///
  /// - Throws: An error if there is no memory map to be had, or too little storage; nothing is kept
  ///   then.
  public mutating func read(
    _ loader: some BootProtocol, at address: PhysicalAddress, in memory: some PhysicalMemoryReader,
    reportingTo sink: inout some TextSink
  ) throws(FirmwareError) {
    removeAll()
    do throws(FirmwareError) {
      try loader.read(at: address, in: memory, into: &self, reportingTo: &sink)
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
    try loaderRanges.checkCapacity()
  }

  private mutating func removeAll() {
    regions.removeAll()
    loaderRanges.removeAll()
    moduleCount = 0
    commandLine = nil
    loaderName = nil
    rootPointer = nil
  }
}
