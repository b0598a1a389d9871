// SPDX-License-Identifier: MIT

/// The colours of memory: one palette for the articles' figures, the tool's pictures, terminals and
/// the text screen.
///
/// Everywhere green is free, grey is not usable, blue is allocated, red is reserved, and so on.
/// The raw values are the numbers of a PC's text screen: blue, green, red and bright from the
/// lowest bit up.
public enum PaletteColour: UInt8, Sendable {
  /// Nothing at all.
  case paper = 0x0
  /// Free, or usable.
  case green = 0x2
  /// Memory that the firmware needs.
  case cyan = 0x3
  /// Reserved by a known owner.
  case red = 0x4
  /// Page tables, and other memory of a special kind.
  case purple = 0x5
  /// Modules; memory that must not be mapped.
  case brown = 0x6
  /// Several things at once.
  case silver = 0x7
  /// Not usable.
  case grey = 0x8
  /// Allocated.
  case blue = 0x9
  /// Free in part.
  case lightGreen = 0xa
  /// Allocated on the requested node.
  case teal = 0xb
  /// The kernel.
  case orange = 0xc
  /// Bitmaps.
  case violet = 0xd
  /// Data that the loader left, and memory that boot memory has handed over.
  case yellow = 0xe
  /// Memory in which errors were found.
  case ink = 0xf

  /// The colour in a picture: red, green and blue in the lowest 24 bits.
  public var rgb: UInt32 {
    switch self {
    case .paper: 0xf0f0f0
    case .green: 0x4caf50
    case .cyan: 0x29b6f6
    case .red: 0xe57373
    case .purple: 0xab47bc
    case .brown: 0x795548
    case .silver: 0x8c8c8c
    case .grey: 0x9e9e9e
    case .blue: 0x1e88e5
    case .lightGreen: 0xa5d6a7
    case .teal: 0x00897b
    case .orange: 0xfb8c00
    case .violet: 0x7e57c2
    case .yellow: 0xfbc02d
    case .ink: 0x212121
    }
  }

  /// The paler colour in a picture, for partial use and behind text, as in the articles' figures:
  /// red, green and blue in the lowest 24 bits.
  public var paleRGB: UInt32 {
    switch self {
    case .paper: 0xffffff
    case .green: 0xdafbe1
    case .cyan: 0xb3e5fc
    case .red: 0xffcdd2
    case .purple: 0xe1bee7
    case .brown: 0xd7ccc8
    case .silver: 0xe0e0e0
    case .grey: 0xd0d7de
    case .blue: 0xb6e3ff
    case .lightGreen: 0xedfdf0
    case .teal: 0x80cbc4
    case .orange: 0xffd8b5
    case .violet: 0xd8b9ff
    case .yellow: 0xfff8c5
    case .ink: 0x757575
    }
  }

  /// The number of a terminal's background colour (ECMA-48, SGR), where red is the lowest bit.
  public var terminalBackground: Int {
    let red = Int(rawValue >> 2 & 1)
    let green = Int(rawValue >> 1 & 1)
    let blue = Int(rawValue & 1)
    return (rawValue & 8 == 0 ? 40 : 100) + red + green << 1 + blue << 2
  }
}

// Iterable only on a host, as an array of all cases needs a heap.
#if !hasFeature(Embedded) || BOOTMEM_HEAP
extension PaletteColour: CaseIterable {}
#endif
