// SPDX-License-Identifier: MIT
import DemonstrationKernel

/// The kernel's first function, called like that of the kernel without a heap.
@c(KernelWithHeap_main)
func kernelMain(first: UInt, second: UInt) -> Never {
  enter(first, second, heap: HeapDemonstration.run)
}
