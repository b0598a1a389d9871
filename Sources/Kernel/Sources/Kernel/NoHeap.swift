// SPDX-License-Identifier: MIT
import DemonstrationKernel

/// An image without a heap.
enum NoHeap: HeapUse {
  static func run(on memory: inout RecordedMemory, console: inout Console) throws(KernelError) {
    throw .broken("this image has no heap; scripts/run --append heap builds one that has")
  }
}
