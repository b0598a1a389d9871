// SPDX-License-Identifier: MIT
import BootPlan
import MapFiles
import MemoryMap

extension MapPicture.Cell {
  /// All cells in the order of a legend.
  public static let all: [MapPicture.Cell] =
    MemoryKind.all.map { .kind($0) } + [.several, .nothing]

  /// The character that stands for the cell.
  public var character: Character {
    switch self {
    case .nothing: "-"
    case .several: "+"
    case .kind(.usable): "."
    case .kind(.softReserved): "s"
    case .kind(.acpiReclaimable): "a"
    case .kind(.persistent): "p"
    case .kind(.acpiNonVolatile): "n"
    case .kind(.reserved): "#"
    case .kind(.unusable): "x"
    case .kind(.noMap): "o"
    }
  }

  /// The meaning of the cell, for a legend.
  public var meaning: String {
    switch self {
    case .nothing: "nothing"
    case .several: "several kinds"
    case .kind(let kind): "\(kind.name)"
    }
  }

  /// The colour of the cell.
  var colour: PaletteColour {
    switch self {
    case .nothing: .paper
    case .several: .silver
    case .kind(.usable): .green
    case .kind(.softReserved): .yellow
    case .kind(.acpiReclaimable): .cyan
    case .kind(.persistent): .violet
    case .kind(.acpiNonVolatile): .purple
    case .kind(.reserved): .grey
    case .kind(.unusable): .ink
    case .kind(.noMap): .brown
    }
  }
}
