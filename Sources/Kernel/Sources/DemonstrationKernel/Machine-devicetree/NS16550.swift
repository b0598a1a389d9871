// SPDX-License-Identifier: MIT
#if arch(arm64) || arch(riscv64)
import PhysicalMemory
import _Volatile

/// A 16550 UART with registers of one byte each: polled, as firmware set it up.
///
/// Source: National Semiconductor PC16550D, section 8.
struct NS16550 {
  private let data: VolatileMappedRegister<UInt8>
  private let lineStatus: VolatileMappedRegister<UInt8>

  private static var transmitterIsEmpty: UInt8 { 1 << 5 }

  /// How often to poll before the byte is sent regardless: a broken port must not stop the boot.
  private static var pollLimit: Int { 100_000 }

  /// - Parameter registers: The port's registers, where they are mapped as device memory.
  init?(registers: AddressRange) {
    guard registers.byteCount >= 8, let base = UInt(exactly: registers.start.rawValue) else {
      return nil
    }
    data = unsafe VolatileMappedRegister(unsafeBitPattern: base)
    lineStatus = unsafe VolatileMappedRegister(unsafeBitPattern: base + 5)
  }

  /// Sends one byte.
  func send(_ byte: UInt8) {
    var polls = 0
    while lineStatus.load() & Self.transmitterIsEmpty == 0, polls < Self.pollLimit { polls += 1 }
    data.store(byte)
  }
}
#endif
