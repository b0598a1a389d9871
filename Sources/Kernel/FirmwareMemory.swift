#if hasFeature(Embedded)
import Firmware
import PhysicalMemory

/// Physical memory as the kernel reads it: at its own address, save for page 0, which is seen through
/// a window, and the page below the stack, which is not mapped.
@safe
struct FirmwareMemory: PhysicalMemoryReader {
  /// The page behind the last one that is mapped.
  private let end: PageFrame
  private let firstPageAddress: UInt

  /// Memory below `end`, which must be mapped.
  ///
  /// - Parameter firstPageAddress: Where page 0 is seen.
  init(below end: PageFrame, firstPageAddress: UInt) {
    self.end = end
    self.firstPageAddress = firstPageAddress
  }

  func byte(at address: PhysicalAddress) -> UInt8? {
    guard let byte = unsafe pointer(to: address) else { return nil }
    return unsafe byte.pointee
  }

  /// The bytes of a page; nil where it cannot be read.
  func bytes(of page: PageFrame) -> UnsafeBufferPointer<UInt8>? {
    guard let address = page.firstAddress, let start = unsafe pointer(to: address) else {
      return nil
    }
    return unsafe UnsafeBufferPointer(start: start, count: Int(PageFrame.byteCount))
  }

  private func pointer(to address: PhysicalAddress) -> UnsafePointer<UInt8>? {
    let page = address.pageFrame
    guard page < end, page != MemoryProtection.stackGuard else { return nil }
    // All that is mapped has an address of the processor's width, and the window is a page.
    let place = UInt(truncatingIfNeeded: address.rawValue)
    return unsafe UnsafePointer(
      bitPattern: page == PageFrame(0) ? firstPageAddress + place : place)
  }
}
#endif
