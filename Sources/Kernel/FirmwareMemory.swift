#if hasFeature(Embedded)
import Firmware
import PhysicalMemory

/// Physical memory as the kernel reads it: at its own address, save for page 0, which is seen through
/// a window, and the page below the stack, which is not mapped.
struct FirmwareMemory: PhysicalMemoryReader {
  private let firstPage: DirectMappedMemory
  private let others: DirectMappedMemory

  /// Memory below `end`, which must be mapped.
  ///
  /// - Parameter firstPageAddress: Where page 0 is seen.
  init(below end: PageFrame, firstPageAddress: UInt) {
    let page = AddressRange(clippingStart: PhysicalAddress(0), byteCount: PageFrame.byteCount)
    let reach = AddressRange(
      clippingStart: PhysicalAddress(0), byteCount: end.firstAddress?.rawValue ?? .max)
    firstPage = unsafe DirectMappedMemory(reach: page, offset: firstPageAddress)
    others = unsafe DirectMappedMemory(reach: reach)
  }

  func byte(at address: PhysicalAddress) -> UInt8? {
    switch address.pageFrame {
    case PageFrame(0): firstPage.byte(at: address)
    case MemoryProtection.stackGuard: nil
    default: others.byte(at: address)
    }
  }
}
#endif
