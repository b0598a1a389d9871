// SPDX-License-Identifier: MIT
import PhysicalMemory

/// How many bits an address has on the machine that boot memory serves: Linux's `unsigned long`.
///
/// It sets the top of the address space, whatever machine this code runs on, so that a 64-bit host
/// can do what a 32-bit kernel does.
public enum AddressWidth: Sendable {
  /// 4 GiB of addresses.
  case bits32

  /// 16 EiB of addresses.
  case bits64

  /// The width of this machine.
  @inlinable
  public static var native: AddressWidth {
    #if _pointerBitWidth(_32)
    .bits32
    #else
    .bits64
    #endif
  }

  /// The page frame just past the address space.
  @inlinable
  public var endPageFrame: PageFrame {
    switch self {
    case .bits32: PageFrame(1 << (32 - PageFrame.byteCountShift))
    case .bits64: PageFrame.end
    }
  }
}
