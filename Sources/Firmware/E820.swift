import MemoryMap

/// The numbers by which the BIOS call INT 15h, AX=E820h, and all that copy it, name kinds of memory.
///
/// Source: ACPI specification 6.5, table 15.2, "Address Range Types"; types 12 and 0xefffffff are
/// used without being in it, for persistent memory before NVDIMMs had a number and for memory set
/// aside by the loader (Linux's `E820_TYPE_PRAM` and `E820_TYPE_SOFT_RESERVED`).
public enum E820 {
  /// The kind that a type stands for; an unknown type is reserved.
  public static func kind(ofType type: UInt32) -> MemoryKind {
    switch type {
    case 1: .usable
    case 3: .acpiReclaimable
    case 4: .acpiNonVolatile
    case 5: .unusable
    case 7, 12: .persistent
    case 0xefff_ffff: .softReserved
    default: .reserved
    }
  }
}
