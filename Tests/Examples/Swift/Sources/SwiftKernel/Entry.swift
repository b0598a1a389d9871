// SPDX-License-Identifier: MIT
import MachineSupport

/// What `start.S` calls, with the address of what the loader handed over.
///
/// The symbol is the one that the package manager demands of an executable of this name.
@c(SwiftKernel_main)
public func kernelMain(address: UInt) -> Never { enter(informationAt: address, run) }
