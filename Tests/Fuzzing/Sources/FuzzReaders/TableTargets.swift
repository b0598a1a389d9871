// SPDX-License-Identifier: MIT
import Firmware
import FuzzKit
import Oracle
import PhysicalMemory

/// Memory maps.  Where somebody else says how large a table is, that too is made up.
enum TableTargets {
  static func e820(_ input: inout FuzzInput) {
    let count = input.oneIn(8) ? input.number(UInt64.self) : UInt64(input.byte())
    let size: UInt64 = input.oneIn(4) ? input.magnitude(upToBits: 64) : 20
    unsafe LoaderTarget.run(E820Table(entryCount: count, entryByteCount: size), &input) {
      unsafe oracle_e820($0, InputMemory.start.rawValue, count, size, $1)
    }
  }

  static func efi(_ input: inout FuzzInput) {
    let count = input.oneIn(8) ? input.number(UInt64.self) : UInt64(input.byte()) * 48
    let size: UInt64 = input.oneIn(4) ? input.magnitude(upToBits: 64) : 48
    let hasBootServices = input.oneIn(2)
    unsafe LoaderTarget.run(
      EFIMemoryMap(
        byteCount: count, descriptorByteCount: size, hasBootServices: hasBootServices), &input
    ) {
      unsafe oracle_efi($0, InputMemory.start.rawValue, count, size, hasBootServices, $1)
    }
  }

  static func limine(_ input: inout FuzzInput) {
    let offset: UInt64 = input.oneIn(4) ? input.number(UInt64.self) : 0xffff_8000_0000_0000
    unsafe LoaderTarget.run(LimineMemoryMap(directMapOffset: offset), &input) {
      unsafe oracle_limine($0, InputMemory.start.rawValue, offset, $1)
    }
  }

  static func multiboot1(_ input: inout FuzzInput) {
    unsafe LoaderTarget.run(Multiboot1(), &input) {
      unsafe oracle_multiboot1($0, InputMemory.start.rawValue, $1)
    } holders: {
      unsafe oracle_multiboot1_holders($0, InputMemory.start.rawValue, $1)
    }
  }

  static func multiboot2(_ input: inout FuzzInput) {
    unsafe LoaderTarget.run(Multiboot2(), &input) {
      unsafe oracle_multiboot2($0, InputMemory.start.rawValue, $1)
    } holders: {
      unsafe oracle_multiboot2_holders($0, InputMemory.start.rawValue, $1)
    }
  }

  static func pvh(_ input: inout FuzzInput) {
    unsafe LoaderTarget.run(PVHStartInformation(), &input) {
      unsafe oracle_pvh($0, InputMemory.start.rawValue, $1)
    } holders: {
      unsafe oracle_pvh_holders($0, InputMemory.start.rawValue, $1)
    }
  }

  static func zeroPage(_ input: inout FuzzInput) {
    unsafe LoaderTarget.run(LinuxBootParameters(), &input) {
      unsafe oracle_zero_page($0, InputMemory.start.rawValue, $1)
    } holders: {
      unsafe oracle_zero_page_holders($0, InputMemory.start.rawValue, $1)
    }
  }
}
