// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Physical memory that the processor sees at its physical address plus a constant offset.
@safe
public struct DirectMappedMemory: PhysicalMemoryReader {
  private let reach: AddressRange
  private let offset: UInt

  /// Makes a reader of `reach`.
  ///
  /// All of `reach` must be mapped, each byte at the virtual address that is its physical address
  /// plus `offset`, modulo the size of the address space.  Offset 0 is the identity mapping.  The
  /// byte at virtual address 0 counts as out of reach, as Swift has no pointer to it.
  @unsafe
  public init(reach: AddressRange, offset: UInt = 0) {
    self.reach = reach
    self.offset = offset
  }

  /// The byte at `address`, or nil outside the reach.
  public func byte(at address: PhysicalAddress) -> UInt8? {
    guard reach.contains(address), let address = UInt(exactly: address.rawValue) else { return nil }
    // Wraps by design: an offset in the upper half is a negative one.
    let pointer = unsafe UnsafePointer<UInt8>(bitPattern: address &+ offset)
    return unsafe pointer?.pointee
  }
}
