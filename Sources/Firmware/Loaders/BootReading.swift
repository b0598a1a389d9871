// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// One pass over what a loader left: the memory that is read, what has been found there, and where
/// defects are reported.
///
/// It is all that a ``BootProtocol`` receives, and is passed down through the parts of a reader.
public struct BootReading<Memory: PhysicalMemoryReader, Sink: TextSink>: ~Copyable {
  /// The machine's memory.
  public let memory: Memory

  /// What has been found so far.
  public var information: BootInformation

  /// Takes a line for each defect; if there are very many, it passes on only the first ones.
  var reports: FirstLines<Sink>

  init(
    of memory: Memory, into information: consuming BootInformation, reportingTo sink: Sink
  ) {
    self.memory = memory
    self.information = information
    reports = FirstLines(to: sink)
  }

  /// Reports a defect that does not stop the reader.
  public mutating func report(_ problem: FirmwareProblem) {
    reports.report(problem)
  }

  /// Returns what was found, and gives back the sink.
  consuming func finish(reportingTo sink: inout Sink) -> BootInformation {
    sink = reports.finish()
    return information
  }
}

/// A protocol by which loaders hand over what they know; see ``BootInformation``.
public protocol BootProtocol {
  /// Reads the structure at `address` into the information of `reading`, which is empty.
  ///
  /// Nothing in the structure is trusted: sizes, counts and addresses are checked before use.
  ///
  /// - Throws: An error if there is no readable memory map.
  func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    at address: PhysicalAddress, with reading: inout BootReading<Memory, Sink>
  ) throws(FirmwareError)

  /// Where a machine with such a structure at `address` describes what is not in its memory map.
  func boardDescription(at address: PhysicalAddress) -> BoardDescription
}
