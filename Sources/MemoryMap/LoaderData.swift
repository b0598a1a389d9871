// SPDX-License-Identifier: MIT
import TextOutput

/// Data that a loader left in memory and that the kernel must not hand out while it needs it.
public enum LoaderData: Hashable, Sendable {
  /// The structure that the loader's pointer refers to, with everything inside it.
  case bootInformation
  /// The memory map, if it lies outside the boot information.
  case memoryMap
  /// The kernel's command line.
  case commandLine
  /// The name that the loader gives itself.
  case loaderName
  /// The list of modules.
  case moduleList
  /// The contents of the module with this number, counted from 0.
  case module(Int)
  /// The command line of the module with this number.
  case moduleCommandLine(Int)
  /// Symbols and section headers of the kernel, and the sections that belong to no segment.
  case symbols
  /// Descriptions of drives, firmware interfaces and video modes.
  case deviceInformation
  /// The block with this number in Linux's `setup_data` list.
  case setupData(Int)
  /// The kernel image and other files, if the loader's map lists them without a name.
  case kernelAndModules
  /// Memory that the loader itself uses, such as its page tables, stack and responses.
  case loaderReclaimable
  /// The device tree, with the full size that it declares.
  case deviceTree
  /// The ELF header that describes the memory of a kernel that has crashed.
  case crashHeader
  /// The entry with this number in a device tree's memory reservation block.
  case memoryReservation(Int)
  /// The range with this number in a device tree's `/reserved-memory`, counted from 0 over all of
  /// its nodes.
  case reservedMemory(Int)
  /// A range of `/reserved-memory` that the kernel may lend until its owner needs it ("reusable").
  case reusableMemory(Int)

  /// A range that a device tree requests without an address, at the place that was found for it;
  /// its name is that of its node.
  case placedMemory(MemoryName, ReservationUse)

  /// Prints in words what the data is: `command line`, `module 0`.
  public func write(to sink: inout some TextSink) {
    switch self {
    case .bootInformation: sink.write("boot information")
    case .memoryMap: sink.write("memory map")
    case .commandLine: sink.write("command line")
    case .loaderName: sink.write("loader name")
    case .moduleList: sink.write("module list")
    case .module(let number): sink.write("module ", number)
    case .moduleCommandLine(let number): sink.write("command line of module ", number)
    case .symbols: sink.write("symbols")
    case .deviceInformation: sink.write("device information")
    case .setupData(let number): sink.write("setup data ", number)
    case .kernelAndModules: sink.write("kernel and modules")
    case .loaderReclaimable: sink.write("loader")
    case .deviceTree: sink.write("device tree")
    case .crashHeader: sink.write("ELF header of the crash dump")
    case .memoryReservation(let number): sink.write("memory reservation ", number)
    case .reservedMemory(let number): sink.write("reserved memory ", number)
    case .reusableMemory(let number): sink.write("reusable memory ", number)
    case .placedMemory(let name, let use):
      use.write(to: &sink)
      sink.write(" memory ")
      name.write(to: &sink)
    }
  }
}

extension TextSink {
  fileprivate mutating func write(_ text: StaticString, _ number: Int) {
    write(text)
    write(decimal: UInt64(number))
  }
}
