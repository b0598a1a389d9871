// SPDX-License-Identifier: MIT
import DemonstrationKernel

/// What `heap` on the command line gets from an image without one.
func refuseHeap(_: inout RecordedMemory, _: inout Console) throws(KernelError) {
  throw .broken("this image has no heap; scripts/run --append heap builds one that has")
}
