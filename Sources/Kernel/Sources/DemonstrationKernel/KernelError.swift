// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import Bootmem
import PageAllocator
import TextOutput

/// Why the kernel gave up.
package enum KernelError: Error {
  case boot(BootError)
  case bootPlan(BootPlanError)
  case bootMemory(BootMemoryError)
  case pageAllocator(PageAllocatorError)

  /// The demonstration found something that must not happen.
  case broken(StaticString)

  func write(to sink: inout some TextSink) {
    switch self {
    case .boot(let error): error.write(to: &sink)
    case .bootPlan(let error): error.write(to: &sink)
    case .bootMemory(let error): error.write(to: &sink)
    case .pageAllocator(let error): error.write(to: &sink)
    case .broken(let text): sink.write(text)
    }
  }
}
