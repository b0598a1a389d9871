// SPDX-License-Identifier: MIT
import PhysicalMemory

// The range helpers, which the archive has only as parts of their callers, as functions that
// `scripts/prove` can call.  Results go to `out`; what a function returns says whether there is one.

/// What is returned where an argument makes no range, and the helper was not called.
private let noArgument: Int32 = -1

@inline(__always)
private func store(_ range: AddressRange?, _ out: UnsafeMutablePointer<UInt64>) -> Int32 {
  guard let range else { return 0 }
  unsafe out[0] = range.start.rawValue
  unsafe out[1] = range.byteCount
  return 1
}

@inline(__always)
private func store(_ range: PageRange?, _ out: UnsafeMutablePointer<UInt64>) -> Int32 {
  guard let range else { return 0 }
  unsafe out[0] = range.start.number
  unsafe out[1] = range.end.number
  return 1
}

@inline(__always)
private func store(_ value: UInt64?, _ out: UnsafeMutablePointer<UInt64>) -> Int32 {
  guard let value else { return 0 }
  unsafe out[0] = value
  return 1
}

@inline(__always)
private func addresses(_ start: UInt64, _ byteCount: UInt64) -> AddressRange? {
  AddressRange(start: PhysicalAddress(start), byteCount: byteCount)
}

@inline(__always)
private func pages(_ start: UInt64, _ end: UInt64) -> PageRange? {
  PageRange(start: PageFrame(start), end: PageFrame(end))
}

// ---- Numbers ----

@c func unit_rounded_down(
  _ value: UInt64, _ alignment: UInt64, _ out: UnsafeMutablePointer<UInt64>
) -> Int32 {
  unsafe store(value.roundedDown(toMultipleOf: alignment), out)
}

@c func unit_rounded_up(
  _ value: UInt64, _ alignment: UInt64, _ out: UnsafeMutablePointer<UInt64>
) -> Int32 {
  unsafe store(value.roundedUp(toMultipleOf: alignment), out)
}

@c func unit_is_power_of_two(_ value: UInt64) -> Int32 { value.isPowerOfTwo ? 1 : 0 }

// ---- Addresses and page frames ----

@c func unit_address_page(_ address: UInt64) -> UInt64 {
  PhysicalAddress(address).pageFrame.number
}

@c func unit_address_is_aligned(_ address: UInt64) -> Int32 {
  PhysicalAddress(address).isPageAligned ? 1 : 0
}

@c func unit_address_advanced(
  _ address: UInt64, _ byteCount: UInt64, _ out: UnsafeMutablePointer<UInt64>
) -> Int32 {
  unsafe store(PhysicalAddress(address).advanced(byByteCount: byteCount)?.rawValue, out)
}

@c func unit_page_first_address(
  _ page: UInt64, _ out: UnsafeMutablePointer<UInt64>
) -> Int32 {
  unsafe store(PageFrame(page).firstAddress?.rawValue, out)
}

@c func unit_page_advanced(
  _ page: UInt64, _ pageCount: UInt64, _ out: UnsafeMutablePointer<UInt64>
) -> Int32 {
  unsafe store(PageFrame(page).advanced(byPageCount: pageCount)?.number, out)
}

@c func unit_page_count(_ byteCount: UInt64) -> UInt64 {
  PageFrame.pageCount(holdingByteCount: byteCount)
}

// ---- Ranges of addresses ----

@c func unit_range_made(
  _ start: UInt64, _ byteCount: UInt64, _ out: UnsafeMutablePointer<UInt64>
) -> Int32 {
  unsafe store(addresses(start, byteCount), out)
}

@c func unit_range_clamped(
  _ start: UInt64, _ byteCount: UInt64, _ out: UnsafeMutablePointer<UInt64>
) -> Int32 {
  unsafe store(AddressRange(start: PhysicalAddress(start), clampingByteCount: byteCount), out)
}

@c func unit_range_up_to(
  _ start: UInt64, _ end: UInt64, _ out: UnsafeMutablePointer<UInt64>
) -> Int32 {
  unsafe store(AddressRange(start: PhysicalAddress(start), end: PhysicalAddress(end)), out)
}

@c func unit_range_through(
  _ first: UInt64, _ last: UInt64, _ out: UnsafeMutablePointer<UInt64>
) -> Int32 {
  unsafe store(AddressRange(first: PhysicalAddress(first), last: PhysicalAddress(last)), out)
}

@c func unit_range_of_pages(
  _ start: UInt64, _ end: UInt64, _ out: UnsafeMutablePointer<UInt64>
) -> Int32 {
  guard let pages = pages(start, end) else { return noArgument }
  return unsafe store(AddressRange(pages), out)
}

@c func unit_range_last(
  _ start: UInt64, _ byteCount: UInt64, _ out: UnsafeMutablePointer<UInt64>
) -> Int32 {
  guard let range = addresses(start, byteCount) else { return noArgument }
  return unsafe store(range.last?.rawValue, out)
}

@c func unit_range_end(
  _ start: UInt64, _ byteCount: UInt64, _ out: UnsafeMutablePointer<UInt64>
) -> Int32 {
  guard let range = addresses(start, byteCount) else { return noArgument }
  return unsafe store(range.end?.rawValue, out)
}

@c func unit_range_contains(
  _ start: UInt64, _ byteCount: UInt64, _ address: UInt64
) -> Int32 {
  guard let range = addresses(start, byteCount) else { return noArgument }
  return range.contains(PhysicalAddress(address)) ? 1 : 0
}

@c func unit_range_overlaps(
  _ start: UInt64, _ byteCount: UInt64, _ otherStart: UInt64, _ otherByteCount: UInt64
) -> Int32 {
  guard let range = addresses(start, byteCount),
    let other = addresses(otherStart, otherByteCount)
  else { return noArgument }
  return range.overlaps(other) ? 1 : 0
}

@c func unit_range_intersection(
  _ start: UInt64, _ byteCount: UInt64, _ otherStart: UInt64, _ otherByteCount: UInt64,
  _ out: UnsafeMutablePointer<UInt64>
) -> Int32 {
  guard let range = addresses(start, byteCount),
    let other = addresses(otherStart, otherByteCount)
  else { return noArgument }
  return unsafe store(range.intersection(other), out)
}

/// Bit 0 of the result: there is a front, in `out[0]` and `out[1]`; bit 1: something behind, in the
/// two that follow.
@c func unit_range_removing(
  _ start: UInt64, _ byteCount: UInt64, _ partStart: UInt64, _ partByteCount: UInt64,
  _ out: UnsafeMutablePointer<UInt64>
) -> Int32 {
  guard let range = addresses(start, byteCount),
    let part = addresses(partStart, partByteCount)
  else { return noArgument }
  let (front, behind) = range.removing(part)
  return unsafe store(front, out) | (store(behind, out + 2) << 1)
}

@c func unit_range_whole_pages(
  _ start: UInt64, _ byteCount: UInt64, _ out: UnsafeMutablePointer<UInt64>
) -> Int32 {
  guard let range = addresses(start, byteCount) else { return noArgument }
  return unsafe store(range.wholePages, out)
}

@c func unit_range_touched_pages(
  _ start: UInt64, _ byteCount: UInt64, _ out: UnsafeMutablePointer<UInt64>
) -> Int32 {
  guard let range = addresses(start, byteCount) else { return noArgument }
  return unsafe store(range.touchedPages, out)
}

// ---- Ranges of pages ----

@c func unit_pages_made(
  _ start: UInt64, _ end: UInt64, _ out: UnsafeMutablePointer<UInt64>
) -> Int32 {
  unsafe store(pages(start, end), out)
}

@c func unit_pages_counted(
  _ start: UInt64, _ pageCount: UInt64, _ out: UnsafeMutablePointer<UInt64>
) -> Int32 {
  unsafe store(PageRange(start: PageFrame(start), pageCount: pageCount), out)
}

@c func unit_pages_count(
  _ start: UInt64, _ end: UInt64, _ out: UnsafeMutablePointer<UInt64>
) -> Int32 {
  guard let pages = pages(start, end) else { return noArgument }
  unsafe out[0] = pages.pageCount
  return pages.isEmpty ? 0 : 1
}

@c func unit_pages_contain(_ start: UInt64, _ end: UInt64, _ page: UInt64) -> Int32 {
  guard let pages = pages(start, end) else { return noArgument }
  return pages.contains(PageFrame(page)) ? 1 : 0
}

@c func unit_pages_contain_pages(
  _ start: UInt64, _ end: UInt64, _ otherStart: UInt64, _ otherEnd: UInt64
) -> Int32 {
  guard let range = pages(start, end), let other = pages(otherStart, otherEnd) else {
    return noArgument
  }
  return range.contains(other) ? 1 : 0
}

@c func unit_pages_overlap(
  _ start: UInt64, _ end: UInt64, _ otherStart: UInt64, _ otherEnd: UInt64
) -> Int32 {
  guard let range = pages(start, end), let other = pages(otherStart, otherEnd) else {
    return noArgument
  }
  return range.overlaps(other) ? 1 : 0
}

@c func unit_pages_intersection(
  _ start: UInt64, _ end: UInt64, _ otherStart: UInt64, _ otherEnd: UInt64,
  _ out: UnsafeMutablePointer<UInt64>
) -> Int32 {
  guard let range = pages(start, end), let other = pages(otherStart, otherEnd) else {
    return noArgument
  }
  return unsafe store(range.intersection(other), out)
}
