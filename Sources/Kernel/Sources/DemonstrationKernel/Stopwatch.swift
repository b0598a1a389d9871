// SPDX-License-Identifier: MIT
import Board
import TextOutput

/// Measures the kernel's own work by the processor's counter of cycles or of instructions: under
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

  /// Stops counting for text output, which costs far more than the work that it reports.
  mutating func pause() { pauseStart = board_time_stamp() }

  /// Resumes counting after ``pause()``.
  mutating func resume() { paused += board_time_stamp() &- pauseStart }

  /// Starts to count page tables apart, as they grow with the memory.
  mutating func startMapping() { mappingStart = board_time_stamp() }

  /// Stops counting page tables, which are done.
  mutating func endMapping() { mapping += board_time_stamp() &- mappingStart }

  /// Notes that the first allocation has been made.
  mutating func noteFirstAllocation() {
    firstAllocation = board_time_stamp() &- entry &- paused &- mapping
  }

  /// Writes three counts: up to the first allocation, without text and page tables; for the page
  /// tables; and for everything, text included.  Nothing on a processor without a counter.
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
