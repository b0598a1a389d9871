// SPDX-License-Identifier: MIT
import DemonstrationKernel

/// The kernel's first function, called by `boot/` with what the loader left in the two registers
/// that loaders use; a loader that uses only one leaves anything in the other.
///
/// The symbol is the one that the package manager calls `main` in an executable of this name.
@c(Kernel_main)
func kernelMain(first: UInt, second: UInt) -> Never { enter(first, second, heap: refuseHeap) }
