// SPDX-License-Identifier: MIT
import Bootmem
import Machine

/// Does the work of a kernel, says how it went, and ends.
///
/// - Parameters:
///   - address: What the loader handed over.
///   - run: The work.
public func enter(
  informationAt address: UInt,
  _ run: (PhysicalAddress, inout Console) throws(BootError) -> Void
) -> Never {
  var console = Console()
  do throws(BootError) {
    try run(PhysicalAddress(UInt64(address)), &console)
  } catch {
    error.write(to: &console)
    console.write("\n")
    machine_exit(1)
  }
  console.write("ok\n")
  machine_exit(0)
}
