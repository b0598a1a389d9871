// SPDX-License-Identifier: MIT

/// Why a kernel has no memory to allocate, whatever the stage that failed.
public enum BootError: Error {
  /// What firmware or loader handed over could not be read.
  case firmware(FirmwareError)

  /// No map could be made of it.
  case memoryMap(MemoryMapError)

  /// Boot memory could not be set up by the map.
  case bootPlan(BootPlanError)

  /// Boot memory refused a call.
  case bootMemory(BootMemoryError)

  /// Prints the error as a sentence without a line end.
  public func write(to sink: inout some TextSink) {
    switch self {
    case .firmware(let error): error.write(to: &sink)
    case .memoryMap(let error): error.write(to: &sink)
    case .bootPlan(let error): error.write(to: &sink)
    case .bootMemory(let error): error.write(to: &sink)
    }
  }
}
