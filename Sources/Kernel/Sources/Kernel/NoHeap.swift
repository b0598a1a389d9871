// SPDX-License-Identifier: MIT
import DemonstrationKernel

/// Refuses `heap` on the command line, as this image has no heap.
func refuseHeap(_: inout RecordedMemory, _: inout Console) throws(KernelError) {
  throw .broken("this image has no heap; scripts/run --append heap builds one that has")
}
