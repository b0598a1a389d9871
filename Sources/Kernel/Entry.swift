#if hasFeature(Embedded)
import Board
import Firmware
import PhysicalMemory
import TextOutput

/// The kernel's first function, called by `boot/` with what the loader left in registers.
///
/// The symbol is the one that the package manager demands of an executable of this name.
@c(Kernel_main)
func kernelMain(loaderMagic: UInt32, informationAddress: UInt32) -> Never {
  let entryTime = board_time_stamp()
  SerialPort.setUp()
  board_install_descriptors()
  // Paging is off, or maps the first 4 GiB to themselves, where all boot information lies.
  let reach = AddressRange(
    first: PhysicalAddress(0), last: PhysicalAddress(UInt64(UInt32.max)))
  guard let reach else { Outcome.failure.exit() }
  let firmwareMemory = unsafe DirectMappedMemory(reach: reach)
  unsafe trapVideoMode = BIOSDataArea(in: firmwareMemory).videoMode
  var console = unsafe Console(videoMode: trapVideoMode)
  console.write("swift-bootmem on ")
  console.write(Paging.processorName)
  console.write("\n")
  do {
    try Kernel().run(
      stopwatch: Stopwatch(entry: entryTime),
      loaderMagic: loaderMagic, informationAddress: informationAddress, in: firmwareMemory,
      console: &console)
  } catch {
    // A trace that was begun stays without its end: it is not whole.
    unsafe SerialPort.writesComments = false
    console.write("error: ")
    error.write(to: &console)
    console.write("\n")
    Outcome.failure.exit()
  }
  console.write("ok\n")
  Outcome.success.exit()
}
#endif
