// SPDX-License-Identifier: MIT
import Bootmem
import Machine

#if RASPI3B
/// What the loader left: what the firmware says.
public var loader: RaspberryPiFirmware { RaspberryPiFirmware() }
#elseif arch(arm64) || arch(riscv64)
/// What the loader left: a device tree.
public var loader: DeviceTreeBlob { DeviceTreeBlob() }
#else
/// What the loader left: Multiboot 1's information.
public var loader: Multiboot1 { Multiboot1() }
#endif

/// The kernel's own memory, its stack and its tables included.
public var image: AddressRange {
  AddressRange(
    PhysicalAddress(UInt64(machine_image_start()))..<PhysicalAddress(UInt64(machine_image_end())))
}
