/// Runs a stage of the way to memory, and throws its error as ``BootError``.
///
/// Each module throws an error type of its own, and Embedded Swift has no `any Error` that could hold
/// them all.  With a stage named in front of each call, one `do` serves for all:
///
/// ```swift
/// do throws(BootError) {
///   try BootStage.firmware(
///     information.read(Multiboot2(), at: address, in: memory, reportingTo: &console))
///   let map = try BootStage.memoryMap(MemoryMap(sanitizing: &information.regions, storage: table))
///   try BootStage.bootPlan(
///     boot.setUpNode(NodeID(0), spanning: pages, of: map, owners: &owners))
///   let table = try BootStage.bootMemory(boot.allocate(.pages(byteCount: 8192)))
/// } catch {
///   error.write(to: &console)
/// }
/// ```
public enum BootStage {
  /// Runs a call that throws ``FirmwareError``.
  ///
  /// - Throws: ``BootError/firmware(_:)``
  @inlinable @discardableResult
  public static func firmware<Result: ~Copyable>(
    _ call: @autoclosure () throws(FirmwareError) -> Result
  ) throws(BootError) -> Result {
    do { return try call() } catch { throw .firmware(error) }
  }

  /// Runs a call that throws ``MemoryMapError``.
  ///
  /// - Throws: ``BootError/memoryMap(_:)``
  @inlinable
  public static func memoryMap<Result: ~Copyable>(
    _ call: @autoclosure () throws(MemoryMapError) -> Result
  ) throws(BootError) -> Result {
    do { return try call() } catch { throw .memoryMap(error) }
  }

  /// Runs a call that throws ``BootPlanError``.
  ///
  /// - Throws: ``BootError/bootPlan(_:)``
  @inlinable @discardableResult
  public static func bootPlan<Result: ~Copyable>(
    _ call: @autoclosure () throws(BootPlanError) -> Result
  ) throws(BootError) -> Result {
    do { return try call() } catch { throw .bootPlan(error) }
  }

  /// Runs a call that throws ``BootMemoryError``.
  ///
  /// - Throws: ``BootError/bootMemory(_:)``
  @inlinable
  public static func bootMemory<Result: ~Copyable>(
    _ call: @autoclosure () throws(BootMemoryError) -> Result
  ) throws(BootError) -> Result {
    do { return try call() } catch { throw .bootMemory(error) }
  }
}
