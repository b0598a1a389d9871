#if hasFeature(Embedded)
import BootMemory
import BootPlan
import Firmware
import MemoryMap
import TextOutput

/// Why the kernel gave up.
enum KernelError: Error {
  /// The number that a loader leaves in a register is none that is known.
  case unknownLoader(magic: UInt32)
  case firmware(FirmwareError)
  case memoryMap(MemoryMapError)
  case bootPlan(BootPlanError)
  case bootMemory(BootMemoryError)

  /// The demonstration saw something that must not be.
  case broken(StaticString)

  func write(to sink: inout some TextSink) {
    switch self {
    case .unknownLoader(let magic):
      sink.write("the kernel was entered by no loader that it knows, with magic number 0x")
      sink.write(hexadecimal: magic, minimumDigitCount: 8)
    case .firmware(let error): error.write(to: &sink)
    case .memoryMap(let error): error.write(to: &sink)
    case .bootPlan(let error): error.write(to: &sink)
    case .bootMemory(let error): error.write(to: &sink)
    case .broken(let text): sink.write(text)
    }
  }
}
#endif
