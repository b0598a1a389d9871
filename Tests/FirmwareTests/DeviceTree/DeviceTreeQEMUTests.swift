// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory
import Testing

/// The trees that QEMU's machines `virt` hand over.
@Suite struct DeviceTreeQEMUTests {
  private func bytes(_ name: String) throws -> [UInt8] {
    try DeviceTreeFixture.bytes("qemu/\(name)")
  }

  @Test func aarch64_hasMemoryConsoleAndPower() throws {
    let result = DeviceTreeResult(BlobMemory(try bytes("aarch64-virt")))
    #expect(result.boot.error == nil)
    #expect(
      result.boot.regions == "  0000000040000000-000000004fffffff usable        256 MiB\n")
    #expect(
      result.boot.heldRanges == "  0000000048000000-0000000048001d55 device tree\n")
    #expect(result.console == "9000000+1000 arm,pl011")
    #expect(result.psciConduit == .hypervisorCall)
    #expect(result.boot.reports + result.reports == "")
  }

  @Test func aarch64_theRoomBehindTheTreeIsHeldToo() throws {
    // QEMU says that its tree has 1 MiB, of which most is zero.
    var bytes = try bytes("aarch64-virt")
    let size = 1 << 20
    for index in 0..<4 { bytes[4 + index] = UInt8(truncatingIfNeeded: size >> (24 - index * 8)) }
    bytes += Array(repeating: 0, count: size - bytes.count)
    let result = DeviceTreeResult(BlobMemory(bytes))
    #expect(
      result.boot.regions == "  0000000040000000-000000004fffffff usable        256 MiB\n")
    #expect(
      result.boot.heldRanges == "  0000000048000000-00000000480fffff device tree\n")
    #expect(result.console == "9000000+1000 arm,pl011")
    #expect(result.boot.reports + result.reports == "")
  }

  @Test func aarch64_nodesWithTheHigherAddressFirst() throws {
    let result = DeviceTreeResult(BlobMemory(try bytes("aarch64-virt-nodes")))
    #expect(
      result.boot.regions == """
          0000000060000000-000000007fffffff usable        512 MiB
          0000000040000000-000000005fffffff usable        512 MiB

        """)
    #expect(result.nodePages == ["0:40000-5ffff", "1:60000-7ffff"])
    #expect(result.nodeNumbers == [0, 1])
  }

  @Test func riscv64_hasMemoryAndConsoleOnABus() throws {
    let result = DeviceTreeResult(BlobMemory(try bytes("riscv64-virt"), at: 0x8fe0_0000))
    #expect(
      result.boot.regions == "  0000000080000000-000000008fffffff usable        256 MiB\n")
    #expect(
      result.boot.heldRanges == "  000000008fe00000-000000008fe0107d device tree\n")
    #expect(result.console == "10000000+100 ns16550a")
    #expect(result.psciConduit == nil)
    #expect(result.boot.reports + result.reports == "")
  }

  @Test func riscv64_hasADeviceThatEndsQEMU() throws {
    let result = DeviceTreeResult(BlobMemory(try bytes("riscv64-virt"), at: 0x8fe0_0000))
    #expect(result.testDevice?.start == PhysicalAddress(0x10_0000))
    #expect(result.testDevice?.byteCount == 0x1000)
    #expect(result.port?.start == PhysicalAddress(0x1000_0000))
  }

  @Test func aarch64_hasNoSuchDevice() throws {
    let result = DeviceTreeResult(BlobMemory(try bytes("aarch64-virt")))
    #expect(result.testDevice == nil)
    #expect(result.port == nil)
  }

  @Test func riscv64_aDeviceOfAnotherModelIsNone() throws {
    var bytes = try bytes("riscv64-virt")
    // The model becomes another of as many letters.
    let model = Array("sifive,test0".utf8)
    let place = try #require(
      (0..<bytes.count - model.count).first { Array(bytes[$0..<$0 + model.count]) == model })
    bytes[place + model.count - 1] = UInt8(ascii: "9")
    let result = DeviceTreeResult(BlobMemory(bytes, at: 0x8fe0_0000))
    #expect(result.testDevice == nil)
    #expect(result.port != nil)
  }

  @Test func riscv64_hasNodes() throws {
    let result = DeviceTreeResult(BlobMemory(try bytes("riscv64-virt-nodes")))
    #expect(result.nodePages == ["0:80000-9ffff", "1:a0000-bffff"])
    #expect(result.nodeNumbers == [0, 1])
  }
}
