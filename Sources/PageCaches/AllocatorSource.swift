// SPDX-License-Identifier: MIT
import PageAllocator
import PhysicalMemory
import TextOutput

/// The page allocator below caches.
@safe struct AllocatorSource: PageCacheSource {
  let pages: UnsafeMutablePointer<PageAllocator>
  let platform: PageCachesPlatform

  func allocate(order: Int) -> UInt? {
    do throws(PageAllocatorError) {
      return UInt(truncatingIfNeeded: unsafe try pages.pointee.allocate(order: order).number)
    } catch {
      return nil
    }
  }

  func free(_ block: UInt, order: Int) {
    do throws(PageAllocatorError) {
      unsafe try pages.pointee.free(PageFrame(UInt64(block)), order: order)
    } catch {
      report(error)
    }
  }

  private func report(_ error: PageAllocatorError) {
    guard let report = unsafe platform.report else { return }
    var text = TextBuffer()
    error.write(to: &text)
    unsafe text.withBytes { bytes in
      unsafe report(platform.context, bytes.baseAddress, UInt(bitPattern: bytes.count))
    }
  }
}
