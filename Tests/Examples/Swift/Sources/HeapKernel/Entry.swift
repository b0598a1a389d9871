// SPDX-License-Identifier: MIT
import Bootmem
import Machine
import MachineSupport

/// What `start.S` calls, with the address of what the loader handed over.
@c(HeapKernel_main)
public func kernelMain(address: UInt) -> Never {
  var console = Console()
  do throws(BootError) {
    try run(informationAt: PhysicalAddress(UInt64(address)), console: &console)
  } catch {
    error.write(to: &console)
    console.write("\n")
    machine_exit(1)
  }
  console.write("ok\n")
  machine_exit(0)
}
