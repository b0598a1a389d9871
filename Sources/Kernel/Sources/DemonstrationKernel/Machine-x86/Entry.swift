// SPDX-License-Identifier: MIT
#if arch(i386) || arch(x86_64)
import Board
import Firmware
import PhysicalMemory

/// Runs the kernel, with what the loader left in registers: its magic number, and the address of its
/// information.
///
/// All of the kernel is compiled here, once, for every image that enters it.
@export(interface)
package func enter(_ loaderMagic: UInt, _ informationAddress: UInt, heap: HeapUse) -> Never {
  var stopwatch = Stopwatch(entry: board_time_stamp())
  SerialPort.setUp()
  board_install_descriptors()
  stopwatch.startMapping()
  // Before anything is read that firmware or a loader wrote.
  let firstPageAddress = Paging.protect(devices: Console.devicePages)
  stopwatch.endMapping()
  let memory = FirmwareMemory(below: Paging.firmwareEnd, firstPageAddress: firstPageAddress)
  unsafe trapVideoMode = BIOSDataArea(in: memory).videoMode
  Kernel(
    loader: Loader(
      magic: UInt32(truncatingIfNeeded: loaderMagic),
      informationAddress: UInt32(truncatingIfNeeded: informationAddress)),
    firstPageAddress: firstPageAddress
  ).main(stopwatch: stopwatch, console: unsafe Console(videoMode: trapVideoMode), heap: heap)
}
#endif
