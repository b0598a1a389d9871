// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryTrace
import TraceReplay
import MemoryMap
import Oracle
import PhysicalMemory

/// What readers and plans work in, made once for all inputs.
@safe struct Storage: @unchecked Sendable {
  static let shared = Storage()

  let regions = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: 192)
  let heldRanges = UnsafeMutableBufferPointer<OwnedRange>.allocate(capacity: 192)
  let map = UnsafeMutableBufferPointer<PageRegion>.allocate(capacity: 400)
  let affinities = UnsafeMutableBufferPointer<MemoryAffinity>.allocate(capacity: 64)
  let hotPluggable = UnsafeMutableBufferPointer<AddressRange>.allocate(capacity: 64)
  let domains = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 16)
  let owners = UnsafeMutableBufferPointer<OwnedRange>.allocate(capacity: 256)
  let commandLine = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1024)
  /// More than a list of 64 blocks of setup data can have, which all lie in the same 4096 bytes.
  let oracle = UnsafeMutableBufferPointer<oracle_range>.allocate(capacity: 1 << 14)
  /// Room for an account of the largest capacity that its target asks for.
  let account = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
  let nodes = UnsafeMutableBufferPointer<BootMemoryNode>.allocate(capacity: 24)
  /// Stands for the physical memory below the end of a plan's reach; only bitmaps get touched.
  let memory = Arena(byteCount: Int(Plan.reach.number << PageFrame.byteCountShift))!
}
