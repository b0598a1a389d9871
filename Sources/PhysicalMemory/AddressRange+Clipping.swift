extension AddressRange {
  /// Makes a range of `byteCount` bytes, or of as many as there are up to the top of the 64-bit
  /// address space.
  @inlinable
  public init(clippingStart start: PhysicalAddress, byteCount: UInt64) {
    if let range = AddressRange(start: start, byteCount: byteCount) {
      self = range
    } else if let range = AddressRange(first: start, last: PhysicalAddress(.max)) {
      self = range
    } else {
      // Only from address 0 does the space up to the top have no size, and from there any size fits.
      preconditionFailure()
    }
  }
}
