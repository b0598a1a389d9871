import PhysicalMemory
import TextOutput

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
