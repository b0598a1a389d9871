// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory

/// A form in which a memory map is kept in a file.
public enum MapFileForm: String, CaseIterable, Sendable {
  /// Lines `START END TYPE` with END exclusive: a table of e820, or of EFI's types with attributes.
  case table
  /// Lines `NODE DOMAIN START END FLAGS`: which memory belongs to which node.
  case nodes
  /// The messages of a Linux kernel.
  case dmesg
  /// `/sys/firmware/memmap`, copied, or printed as `FILE:TEXT` lines.
  case memmap
  /// `/proc/iomem`.
  case iomem
  /// What the demonstration kernel prints.
  case kernel
  /// What the UEFI Shell's `memmap` prints.
  case efiShell = "efi-shell"
  /// What GRUB's `lsmmap` prints.
  case lsmmap
  /// The messages of the hypervisor Xen.
  case xen
  /// What U-Boot's `bdinfo` prints.
  case bdinfo
  /// The messages of coreboot.
  case coreboot
  /// The BIOS's map as FreeBSD prints it.
  case smap
  /// A dump of memory with the boot information of Multiboot 1.
  case multiboot1
  /// A dump of memory with the boot information of Multiboot 2.
  case multiboot2
  /// A dump of memory with the `hvm_start_info` of PVH.
  case pvh
  /// A dump of memory with Linux's boot parameters for x86.
  case zeroPage = "zero-page"
  /// A flattened device tree (DTB).
  case dtb

  /// The name of the form, for people.
  public var title: String {
    switch self {
    case .table: "table"
    case .nodes: "table of nodes"
    case .dmesg: "Linux boot log"
    case .memmap: "/sys/firmware/memmap"
    case .iomem: "/proc/iomem"
    case .kernel: "output of the demonstration kernel"
    case .efiShell: "memmap of the UEFI Shell"
    case .lsmmap: "lsmmap of GRUB"
    case .xen: "Xen log"
    case .bdinfo: "bdinfo of U-Boot"
    case .coreboot: "coreboot log"
    case .smap: "SMAP of FreeBSD"
    case .multiboot1: "Multiboot 1 information"
    case .multiboot2: "Multiboot 2 information"
    case .pvh: "PVH start information"
    case .zeroPage: "Linux boot parameters"
    case .dtb: "device tree"
    }
  }

  /// Whether the form is bytes, not text.
  public var isBinary: Bool { bootProtocol != nil }

  /// The protocol of a dump of memory; nil for a text.
  ///
  /// No dump is of Limine or EFI, as a dump does not hold what their readers need to know.
  var bootProtocol: KnownBootProtocol? {
    switch self {
    case .multiboot1: .multiboot1
    case .multiboot2: .multiboot2
    case .pvh: .pvh
    case .zeroPage: .zeroPage
    case .dtb: .deviceTree
    case .table, .nodes, .dmesg, .memmap, .iomem, .kernel, .efiShell, .lsmmap, .xen, .bdinfo,
      .coreboot, .smap:
      nil
    }
  }

  /// The form of a dump of memory, from the mark at the start of the information.
  init?(recognizing information: PhysicalAddress, in memory: FileMemory) {
    guard let found = KnownBootProtocol(recognizing: information, in: memory),
      let form = Self.allCases.first(where: { $0.bootProtocol == found })
    else { return nil }
    self = form
  }
}
