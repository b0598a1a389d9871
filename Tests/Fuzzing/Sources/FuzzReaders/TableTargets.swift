// SPDX-License-Identifier: MIT
import Firmware
import FuzzKit
import PhysicalMemory

/// Tables whose size somebody else tells: it too is made up.
enum TableTargets {
  static func e820(_ input: inout FuzzInput) {
    let count = input.oneIn(8) ? input.number(UInt64.self) : UInt64(input.byte())
    let size: UInt64 = input.oneIn(4) ? input.magnitude(upToBits: 64) : 20
    LoaderTarget.run(E820Table(entryCount: count, entryByteCount: size), &input)
  }

  static func efi(_ input: inout FuzzInput) {
    let count = input.oneIn(8) ? input.number(UInt64.self) : UInt64(input.byte()) * 48
    let size: UInt64 = input.oneIn(4) ? input.magnitude(upToBits: 64) : 48
    LoaderTarget.run(
      EFIMemoryMap(
        byteCount: count, descriptorByteCount: size, hasBootServices: input.oneIn(2)), &input)
  }

  static func limine(_ input: inout FuzzInput) {
    let offset: UInt64 = input.oneIn(4) ? input.number(UInt64.self) : 0xffff_8000_0000_0000
    LoaderTarget.run(LimineMemoryMap(directMapOffset: offset), &input)
  }
}
