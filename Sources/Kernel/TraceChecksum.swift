#if hasFeature(Embedded)
/// FNV-1a with 64 bits, the checksum in traces.
struct TraceChecksum {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  /// Adds the lowest bytes of `number`, the lowest first.
  mutating func add(_ number: UInt64, byteCount: UInt64) {
    for index in 0..<byteCount {
      // Multiplication modulo 2^64 is what FNV is made of.
      value = (value ^ (number >> (index * 8) & 0xff)) &* 0x100_0000_01b3
    }
  }
}
#endif
