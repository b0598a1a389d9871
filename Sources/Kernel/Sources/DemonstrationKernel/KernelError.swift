// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import Firmware
import MemoryMap
import PageAllocator
import TextOutput

/// Why the kernel gave up.
package enum KernelError: Error {
  case firmware(FirmwareError)
  case memoryMap(MemoryMapError)
  case bootPlan(BootPlanError)
  case bootMemory(BootMemoryError)
  case pageAllocator(PageAllocatorError)

  /// The demonstration saw something that must not be.
  case broken(StaticString)

  func write(to sink: inout some TextSink) {
    switch self {
    case .firmware(let error): error.write(to: &sink)
    case .memoryMap(let error): error.write(to: &sink)
    case .bootPlan(let error): error.write(to: &sink)
    case .bootMemory(let error): error.write(to: &sink)
    case .pageAllocator(let error): error.write(to: &sink)
    case .broken(let text): sink.write(text)
    }
  }
}
