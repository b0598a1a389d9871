// SPDX-License-Identifier: MIT
import PhysicalMemory

/// What boot memory needs to know about the machine and the kernel that it serves.
@safe public struct BootMemoryPlatform {
  /// A function that clears memory, given a context, the first byte and the number of bytes.
  public typealias Clear =
    @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UInt) -> Void

  /// A function that takes text, given a context, the first byte and the number of bytes.
  public typealias Write =
    @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<UInt8>?, UInt) -> Void

  /// The width of addresses, at most this machine's own.
  public var addressWidth = AddressWidth.native

  /// The offset that is added to a physical address, wrapping around, to make a pointer to it.
  ///
  /// It is 0 where memory is mapped at its own address; in tests, it is the place of an arena.
  public var directMapOffset: UInt = 0

  /// The alignment in bytes for requests that give none, a power of two (`SMP_CACHE_BYTES`).
  public var cacheLineByteCount: UInt64 = 64

  /// The default goal of allocations that are not low (`MAX_DMA_ADDRESS`): memory below it is kept
  /// for devices that reach no higher.
  public var maxDMAAddress = PhysicalAddress(0x100_0000)

  /// The limit of low allocations (`ARCH_LOW_ADDRESS_LIMIT`); nil for none.
  public var lowAddressLimit: PhysicalAddress? = PhysicalAddress(0xffff_ffff)

  /// The page frame where memory begins that no 32-bit device reaches (`MAX_DMA32_PFN`); nil if
  /// there is none.
  public var maxDMA32PageFrame: PageFrame? = Self.nativeMaxDMA32PageFrame

  /// Whether the pages of bitmaps stay reserved until the hand-over, whatever is freed.
  ///
  /// If not, the caller has to reserve them, as in Linux, and again after every free of a range in
  /// which they lie; otherwise an allocation overwrites a bitmap.
  public var keepsBitmapsReserved = true

  /// Passed to every callback.
  public var context: UnsafeMutableRawPointer?

  /// Clears allocated memory; nil for an ordinary memset.
  public var clear: Clear?

  /// Takes, line by line, what Linux prints about every operation with `bootmem_debug`; nil for
  /// none.
  public var debug: Write?

  /// A platform with the figures of a PC and memory mapped at its own address.
  public init() {
    unsafe context = nil
    unsafe clear = nil
    unsafe debug = nil
  }

  #if _pointerBitWidth(_32)
  private static var nativeMaxDMA32PageFrame: PageFrame? { nil }
  #else
  private static var nativeMaxDMA32PageFrame: PageFrame? { PageFrame(0x10_0000) }
  #endif
}
