// SPDX-License-Identifier: MIT
#if arch(arm64) || arch(riscv64)
import Board
import Firmware
import PhysicalMemory
import TextOutput

/// Runs the kernel, with the address of the device tree.
///
/// Without a tree the run ends as a failure.
///
/// All of the kernel is compiled here, once, for every image that enters it.
@export(interface)
package func enter(_ deviceTree: UInt, _: UInt, heap: HeapUse) -> Never {
  var stopwatch = Stopwatch(entry: board_time_stamp())
  let memory = FirmwareMemory(below: Paging.firmwareEnd, firstPageAddress: 0)
  let address = PhysicalAddress(UInt64(deviceTree))
  let tree: DeviceTree<FirmwareMemory>
  do throws(FirmwareError) {
    // Nothing else is mapped yet.
    guard Paging.firmwareWindow.contains(address.pageFrame) else {
      throw .unreadable(
        FirmwareProblem("device tree", at: address, "is out of the kernel's reach"))
    }
    tree = try DeviceTree(at: address, in: memory)
  } catch {
    SerialPort.setUpForFailure()
    var console = Console()
    console.write("error: ")
    error.write(to: &console)
    console.write("\n")
    Outcome.failure.exit()
  }
  Outcome.setUp(tree)
  var console = Console()
  // If the tree names no port that exists, any known port will do.
  let hasPort =
    SerialPort.setUp(tree.standardOutput(reportingTo: &console))
    || SerialPort.setUp(tree.device(compatibleWith: "arm,pl011"))
    || SerialPort.setUp(tree.device(compatibleWith: "ns16550a"))
  stopwatch.startMapping()
  Paging.protect(devices: Console.devicePages, readable: tree.range.touchedPages)
  stopwatch.endMapping()
  if hasPort {
    // Defects of the tree are reported now that there is a place to report them.
    _ = tree.standardOutput(reportingTo: &console)
  }
  Kernel(loader: Loader(deviceTree: address), firstPageAddress: 0)
    .main(stopwatch: stopwatch, console: console, heap: heap)
}
#endif
