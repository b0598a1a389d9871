// SPDX-License-Identifier: MIT
#if arch(arm64) || arch(riscv64)
import PhysicalMemory
import _Volatile

/// Arm's PrimeCell UART (PL011): polled, as firmware set it up.
///
/// Source: Arm DDI 0183, section 3.3.
struct PL011 {
  private let data: VolatileMappedRegister<UInt32>
  private let flags: VolatileMappedRegister<UInt32>

  private static var transmitQueueIsFull: UInt32 { 1 << 5 }

  /// How often to poll before the byte is sent regardless: a broken port must not stop the boot.
  private static var pollLimit: Int { 100_000 }

  /// - Parameter registers: The port's registers, where they are mapped as device memory.
  init?(registers: AddressRange) {
    guard registers.byteCount >= 0x1c, let base = UInt(exactly: registers.start.rawValue) else {
      return nil
    }
    data = unsafe VolatileMappedRegister(unsafeBitPattern: base)
    flags = unsafe VolatileMappedRegister(unsafeBitPattern: base + 0x18)
  }

  /// Sends one byte.
  func send(_ byte: UInt8) {
    var polls = 0
    while flags.load() & Self.transmitQueueIsFull != 0, polls < Self.pollLimit { polls += 1 }
    data.store(UInt32(byte))
  }
}
#endif
