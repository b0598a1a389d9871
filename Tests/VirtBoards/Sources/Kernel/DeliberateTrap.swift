import Firmware
import Start
import _Volatile

/// A trap that the command line asks for, to see it reported.
enum DeliberateTrap {
  /// Does what `name` says and must not be done; returns if it says nothing of the kind.
  static func run(_ name: CommandLineWord) {
    if name.equals("unmapped") {
      _ = unsafe VolatileMappedRegister<UInt32>(unsafeBitPattern: 0x7f_ffff_f000).load()
    } else if name.equals("text") {
      unsafe VolatileMappedRegister<UInt32>(unsafeBitPattern: board_image_start()).store(0)
    } else if name.equals("data") {
      unsafe unsafeBitCast(board_kernel_tables(), to: (@convention(c) () -> Void).self)()
    } else if name.equals("check") {
      var value = UInt8(truncatingIfNeeded: name.count)
      for _ in 0..<name.count * 100 { value += 1 }
      precondition(value == 0)
    } else if name.equals("stack") {
      fillStack(depth: UInt(name.count))
    }
  }

  /// Calls itself until the stack is full, keeping something for later in every frame.
  @inline(never)
  private static func fillStack(depth: UInt) {
    var words = InlineArray<64, UInt>(repeating: depth)
    if depth != 0 { fillStack(depth: depth &+ words[Int(depth & 63)] | 1) }
    words[Int(depth & 31)] = depth
    unsafe trapDepth = words[Int(depth & 63)]
  }
}

/// What keeps the frames of a deliberately full stack from being left out.
nonisolated(unsafe) private var trapDepth: UInt = 0
