// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// One reading of what a loader left: the memory that is looked at, what has been found there, and
/// where defects are reported.
///
/// It is all that a ``BootProtocol`` is given, and is handed down through the parts of a reader.
public struct BootReading<Memory: PhysicalMemoryReader, Sink: TextSink>: ~Copyable {
  /// The machine's memory.
  public let memory: Memory

  /// What has been found so far.
  public var information: BootInformation

  /// Takes a line for each defect; of very many it passes on the first ones.
  var reports: FirstLines<Sink>

  init(
    of memory: Memory, into information: consuming BootInformation, reportingTo sink: Sink
  ) {
    self.memory = memory
    self.information = information
    reports = FirstLines(to: sink)
  }

  /// Reports a defect in spite of which the reader goes on.
  public mutating func report(_ problem: FirmwareProblem) {
    reports.report(problem)
  }

  /// Gives back what was found, and the sink.
  consuming func finish(reportingTo sink: inout Sink) -> BootInformation {
    sink = reports.finish()
    return information
  }
}

/// A way in which loaders hand over what they know; see ``BootInformation``.
public protocol BootProtocol {
  /// Reads the structure at `address` into the information of `reading`, which is empty.
  ///
  /// Nothing in the structure is trusted: sizes, counts and addresses are checked before use.
  ///
  /// - Throws: An error if there is no memory map to be had.
  func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    at address: PhysicalAddress, with reading: inout BootReading<Memory, Sink>
  ) throws(FirmwareError)

  /// Where a machine with such a structure at `address` says what is not in its memory map.
  func boardDescription(at address: PhysicalAddress) -> BoardDescription
}
