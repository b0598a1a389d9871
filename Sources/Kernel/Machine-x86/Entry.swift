// SPDX-License-Identifier: MIT
#if hasFeature(Embedded) && (arch(i386) || arch(x86_64))
import Board
import Firmware
import PhysicalMemory

/// The kernel's first function, called by `boot/` with what the loader left in registers.
///
/// The symbol is the one that the package manager demands of an executable of this name.
@c(Kernel_main)
func kernelMain(loaderMagic: UInt32, informationAddress: UInt32) -> Never {
  var stopwatch = Stopwatch(entry: board_time_stamp())
  SerialPort.setUp()
  board_install_descriptors()
  stopwatch.startMapping()
  // Before anything is read that somebody else wrote.
  let firstPageAddress = Paging.protect(devices: Console.devicePages)
  stopwatch.endMapping()
  let memory = FirmwareMemory(below: Paging.firmwareEnd, firstPageAddress: firstPageAddress)
  unsafe trapVideoMode = BIOSDataArea(in: memory).videoMode
  Kernel(
    loader: Loader(magic: loaderMagic, informationAddress: informationAddress),
    firstPageAddress: firstPageAddress
  ).main(stopwatch: stopwatch, console: unsafe Console(videoMode: trapVideoMode))
}
#endif
