// SPDX-License-Identifier: MIT
#if RASPI3B
import Bootmem
import Machine

/// What a Raspberry Pi's firmware says of memory: by a device tree where it passes one, otherwise in answer
/// to a letter to its mailbox.
public struct RaspberryPiFirmware: BootProtocol {
  /// Reads the tree at `address`, or asks the firmware where that is 0.
  public func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    at address: PhysicalAddress, with reading: inout BootReading<Memory, Sink>
  ) throws(FirmwareError) {
    guard address == 0 else { return try DeviceTreeBlob().read(at: address, with: &reading) }
    let memory = machine_memory()
    reading.information.regions.append(
      MemoryRegion(
        range: AddressRange(
          start: PhysicalAddress(UInt64(memory.start)),
          clampingByteCount: UInt64(memory.byte_count)),
        kind: .usable))
  }

  /// The tree, where there is one.
  public func boardDescription(at address: PhysicalAddress) -> BoardDescription {
    address == 0 ? .none : .deviceTree(address)
  }
}
#endif
