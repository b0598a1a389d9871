// SPDX-License-Identifier: MIT

/// Why a kernel did not get the memory it asked for, for a failure at any stage.
public enum BootError: Error {
  /// The data that firmware or loader handed over could not be read.
  case firmware(FirmwareError)

  /// No map could be made from that data.
  case memoryMap(MemoryMapError)

  /// Boot memory could not be set up from the map.
  case bootPlan(BootPlanError)

  /// Boot memory refused a call.
  case bootMemory(BootMemoryError)

  /// The page allocator refused a call, or could not take over.
  case pageAllocator(PageAllocatorError)

  /// The heap refused a call.
  case kernelHeap(KernelHeapError)

  /// Prints the error as a sentence without a newline.
  public func write(to sink: inout some TextSink) {
    switch self {
    case .firmware(let error): error.write(to: &sink)
    case .memoryMap(let error): error.write(to: &sink)
    case .bootPlan(let error): error.write(to: &sink)
    case .bootMemory(let error): error.write(to: &sink)
    case .pageAllocator(let error): error.write(to: &sink)
    case .kernelHeap(let error): error.write(to: &sink)
    }
  }
}
