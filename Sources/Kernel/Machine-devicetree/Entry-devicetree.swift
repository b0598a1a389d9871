#if hasFeature(Embedded) && (arch(arm64) || arch(riscv64))
import Board
import Firmware
import PhysicalMemory

/// The kernel's first function, called by `boot/` with the address of the device tree.
///
/// Without a tree there is no console to say so on: the run ends as a failure.
///
/// The symbol is the one that the package manager demands of an executable of this name.
@c(Kernel_main)
func kernelMain(deviceTree: UInt) -> Never {
  var stopwatch = Stopwatch(entry: board_time_stamp())
  let memory = FirmwareMemory(below: Paging.firmwareEnd, firstPageAddress: 0)
  let address = PhysicalAddress(UInt64(deviceTree))
  // Nothing else is mapped yet.
  guard Paging.firmwareWindow.contains(address.pageFrame) else { Outcome.failure.exit() }
  let tree: DeviceTree<FirmwareMemory>
  do { tree = try DeviceTree(at: address, in: memory) } catch { Outcome.failure.exit() }
  Outcome.setUp(powerOff: tree.psciConduit)
  var console = Console()
  let device = tree.standardOutput(reportingTo: &console)
  SerialPort.setUp(device)
  stopwatch.startMapping()
  Paging.protect(devices: Console.devicePages, readable: tree.range.touchedPages)
  stopwatch.endMapping()
  if device != nil {
    // What is wrong with it is said now that there is a place for it.
    _ = tree.standardOutput(reportingTo: &console)
  }
  Kernel(loader: Loader(deviceTree: address), firstPageAddress: 0)
    .main(stopwatch: stopwatch, console: console)
}
#endif
