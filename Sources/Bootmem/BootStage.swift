// SPDX-License-Identifier: MIT

/// Runs one stage of setting up memory, and throws its error as ``BootError``.
///
/// Each module throws its own error type, and Embedded Swift has no `any Error` that could hold
/// them all.  With the stage named before each call, one `do throws(BootError)` covers all of them:
///
/// ```swift
/// let pageTable = try BootStage.bootMemory(memory.allocate(.pages(byteCount: 4096)))
/// ```
public enum BootStage {
  /// Runs a call that throws ``/Firmware/FirmwareError``.
  ///
  /// - Throws: ``BootError/firmware(_:)``
  @inlinable @discardableResult
  public static func firmware<Result: ~Copyable>(
    _ call: @autoclosure () throws(FirmwareError) -> Result
  ) throws(BootError) -> Result {
    do { return try call() } catch { throw .firmware(error) }
  }

  /// Runs a call that throws ``/MemoryMap/MemoryMapError``.
  ///
  /// - Throws: ``BootError/memoryMap(_:)``
  @inlinable
  public static func memoryMap<Result: ~Copyable>(
    _ call: @autoclosure () throws(MemoryMapError) -> Result
  ) throws(BootError) -> Result {
    do { return try call() } catch { throw .memoryMap(error) }
  }

  /// Runs a call that throws ``/BootPlan/BootPlanError``.
  ///
  /// - Throws: ``BootError/bootPlan(_:)``
  @inlinable @discardableResult
  public static func bootPlan<Result: ~Copyable>(
    _ call: @autoclosure () throws(BootPlanError) -> Result
  ) throws(BootError) -> Result {
    do { return try call() } catch { throw .bootPlan(error) }
  }

  /// Runs a call that throws ``/BootMemory/BootMemoryError``.
  ///
  /// - Throws: ``BootError/bootMemory(_:)``
  @inlinable
  public static func bootMemory<Result: ~Copyable>(
    _ call: @autoclosure () throws(BootMemoryError) -> Result
  ) throws(BootError) -> Result {
    do { return try call() } catch { throw .bootMemory(error) }
  }

  /// Runs a call that throws ``/PageAllocator/PageAllocatorError``.
  ///
  /// - Throws: ``BootError/pageAllocator(_:)``
  @inlinable
  public static func pageAllocator<Result: ~Copyable>(
    _ call: @autoclosure () throws(PageAllocatorError) -> Result
  ) throws(BootError) -> Result {
    do { return try call() } catch { throw .pageAllocator(error) }
  }

  /// Runs a call that throws ``/KernelHeap/KernelHeapError``.
  ///
  /// - Throws: ``BootError/kernelHeap(_:)``
  @inlinable
  public static func kernelHeap<Result: ~Copyable>(
    _ call: @autoclosure () throws(KernelHeapError) -> Result
  ) throws(BootError) -> Result {
    do { return try call() } catch { throw .kernelHeap(error) }
  }
}
