// SPDX-License-Identifier: MIT
import Board
import TextOutput

/// Counts what the kernel itself takes, by the processor's counter of cycles or of instructions: under
/// QEMU's `-icount shift=0` both are instructions, the same in every run.
struct Stopwatch {
  private let entry: UInt64
  private var pauseStart: UInt64 = 0
  private var paused: UInt64 = 0
  private var mappingStart: UInt64 = 0
  private var mapping: UInt64 = 0
  private var firstAllocation: UInt64 = 0

  /// Starts at `entry`, the counter's value when the kernel was entered; 0 if there is no counter.
  init(entry: UInt64) {
    self.entry = entry
  }

  /// Text output is not counted: it costs far more than the work that it reports.
  mutating func pause() { pauseStart = board_time_stamp() }

  /// Counts on after ``pause()``.
  mutating func resume() { paused += board_time_stamp() &- pauseStart }

  /// Page tables grow with the memory, so they are counted apart.
  mutating func startMapping() { mappingStart = board_time_stamp() }

  /// The page tables are done.
  mutating func endMapping() { mapping += board_time_stamp() &- mappingStart }

  /// The first allocation has been made.
  mutating func noteFirstAllocation() {
    firstAllocation = board_time_stamp() &- entry &- paused &- mapping
  }

  /// Writes the counts up to the first allocation, text and page tables aside; for the page tables;
  /// and for all with text.  Nothing on a processor without a counter.
  func write(to sink: inout some TextSink) {
    guard entry != 0 else { return }
    sink.write("time stamps: first allocation ")
    sink.write(decimal: firstAllocation)
    sink.write(", page tables ")
    sink.write(decimal: mapping)
    sink.write(", end ")
    sink.write(decimal: board_time_stamp() &- entry)
    sink.write("\n")
  }
}
