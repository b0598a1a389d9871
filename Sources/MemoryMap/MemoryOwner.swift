// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// The owner of a range of memory, before the first allocation and after it.
///
/// A string literal is a name: `"page table of init"` is ``named(_:)``.
public enum MemoryOwner: Hashable, Sendable {
  /// Page 0, kept so that no pointer to memory in use is ever nil.
  case firstPage
  /// The BIOS data area, 256 bytes at address 0x400.
  case biosData
  /// The extended BIOS data area (EBDA), at the end of conventional memory.
  case extendedBIOSData
  /// The kernel's code, constants and variables.
  case kernelImage
  /// The stack on which the kernel was entered and still runs.
  case bootStack
  /// Data that the loader placed.
  case loader(LoaderData)
  /// ACPI tables.
  case acpiTables
  /// The bitmap of a node.
  case bitmap(NodeID)
  /// The page tables that map all memory.
  case pageTables
  /// Pages in which a memory test found errors.
  case badMemory
  /// An owner that the kernel names.
  case named(MemoryName)

  /// Writes the owner in words: `kernel image`, `module 0`.
  @inline(never)
  public func write(to sink: inout some TextSink) {
    switch self {
    case .firstPage: sink.write("page 0")
    case .biosData: sink.write("BIOS data area")
    case .extendedBIOSData: sink.write("extended BIOS data area")
    case .kernelImage: sink.write("kernel image")
    case .bootStack: sink.write("boot stack")
    case .loader(let data): data.write(to: &sink)
    case .acpiTables: sink.write("ACPI tables")
    case .bitmap(let node):
      sink.write("bitmap of node ")
      sink.write(decimal: UInt64(node.rawValue.magnitude))
    case .pageTables: sink.write("page tables")
    case .badMemory: sink.write("bad memory")
    case .named(let name): name.write(to: &sink)
    }
  }
}

extension MemoryOwner: ExpressibleByStringLiteral {
  /// Makes an owner with this name.
  public init(stringLiteral name: StaticString) {
    self = .named(MemoryName(name))
  }
}
