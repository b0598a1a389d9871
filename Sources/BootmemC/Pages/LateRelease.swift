// SPDX-License-Identifier: MIT
import BootMemory
import CBootmem
import PageAllocator
import PhysicalMemory
import TextOutput

/// Releases the whole pages of a range.
///
/// It is `release_kept` of the library's state, through which `free_bootmem_late` and the ledger
/// get here once the pages are kept.
@inline(never)
func releaseLate(_ start: UInt, _ byteCount: UInt, isFault: Bool) -> Int32 {
  guard let pages = unsafe KeptPages.pages else { return invalid }
  let address = PhysicalAddress(UInt64(start))
  do throws(PageAllocatorError) {
    guard let range = AddressRange(start: address, byteCount: UInt64(byteCount)) else {
      throw .notReleasable(address.pageFrame, .outsideNodes)
    }
    guard let whole = range.wholePages else { return 0 }
    unsafe try pages.pointee.release(whole)
    return 0
  } catch {
    var text = TextBuffer()
    text.write("bootmem: free_bootmem_late(0x", hexadecimal: UInt64(start), ", 0x")
    text.write("", hexadecimal: UInt64(byteCount), "): ")
    error.write(to: &text)
    let platform = unsafe bootmem_platform_pointer().unsafelyUnwrapped
    if isFault {
      unsafe text.withBytes { bytes in
        let message = unsafe UnsafeRawPointer(bytes.baseAddress)?
          .assumingMemoryBound(to: CChar.self)
        unsafe platform.pointee.fault?(
          platform.pointee.context, Int32(BOOTMEM_FAULT_MISUSE), message)
      }
    } else {
      writeLine(&text)
    }
    return invalid
  }
}
