import BootMemory
import CBootMemory
import PhysicalMemory

/// See bootmem.h.
@c @implementation
public func bootmem_set_mapped_end(_ end: UInt) {
  guard let state = unsafe bootmem_state_pointer(), unsafe state.pointee.is_set_up else { return }
  unsafe state.pointee.mapped_end = end
  Library.followDebugVariable()
}

extension AllocationRequest {
  /// Keeps the memory below what `bootmem_set_mapped_end` was told.
  @inline(__always)
  mutating func stayInMappedMemory() {
    let end = unsafe bootmem_state_pointer().unsafelyUnwrapped.pointee.mapped_end
    if end != 0 { lowerLimit(to: end) }
  }

  @inline(never)
  private mutating func lowerLimit(to end: UInt) {
    let own =
      switch limit {
      case .none: 0 as UInt
      case .low: unsafe Library.platform.pointee.low_address_limit
      case .address(let address): UInt(truncatingIfNeeded: address.rawValue)
      }
    // 0 is no limit.
    limit = .address(PhysicalAddress(UInt64(own == 0 ? end : min(own, end))))
  }
}
