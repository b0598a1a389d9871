import Firmware
import MemoryMap
import PhysicalMemory
import Start
import TextOutput

/// The kernel's first function, called by `boot/`: tells what the device tree says.
@c(Kernel_main)
func kernelMain(deviceTree: UInt) -> Never {
  guard let reach = AddressRange(start: PhysicalAddress(0), byteCount: 1 << 39) else {
    board_exit(35)
  }
  let memory = unsafe DirectMappedMemory(reach: reach)
  var console = Console.none
  do {
    let tree = try DeviceTree(at: PhysicalAddress(UInt64(deviceTree)), in: memory)
    if let device = tree.standardOutput(reportingTo: &console) { console = Console(device) }
    unsafe trapConsole = console
    try tell(tree, in: memory, console: &console)
  } catch {
    console.write("error: ")
    error.write(to: &console)
    console.write("\n")
    board_exit(35)
  }
  console.write("ok\n")
  board_exit(33)
}

/// Prints map and holders, and traps if the command line asks for it.
private func tell(
  _ tree: DeviceTree<DirectMappedMemory>, in memory: DirectMappedMemory, console: inout Console
) throws(FirmwareError) {
  let regions: UnsafeMutableBufferPointer<MemoryRegion> = unsafe storage(offset: 0, count: 64)
  let ranges: UnsafeMutableBufferPointer<OwnedRange> = unsafe storage(offset: 0x2000, count: 64)
  let line: UnsafeMutableBufferPointer<UInt8> = unsafe storage(offset: 0x4000, count: 256)
  var information = unsafe BootInformation(
    regions: MemoryRegionList(storage: regions), heldRanges: OwnedRangeList(storage: ranges))
  try information.read(DeviceTreeBlob(), at: tree.range.start, in: memory, reportingTo: &console)
  console.write("memory map as given:\n")
  information.regions.write(to: &console)
  console.write("held:\n")
  information.heldRanges.write(to: &console)
  let commandLine = unsafe CommandLine(
    copying: information.commandLine, in: memory, storage: line)
  console.write("command line: ")
  commandLine.write(to: &console)
  console.write("\n")
  if let name = commandLine.value(behind: "trap=") { DeliberateTrap.run(name) }
}

/// Storage for `count` elements, the tables' first 8 KiB from `offset` on being enough.
private func storage<Element>(offset: UInt, count: Int) -> UnsafeMutableBufferPointer<Element> {
  precondition(count * MemoryLayout<Element>.stride <= 0x2000)
  let pointer = unsafe UnsafeMutablePointer<Element>(bitPattern: board_kernel_tables() + offset)
  return unsafe UnsafeMutableBufferPointer(start: pointer, count: count)
}
