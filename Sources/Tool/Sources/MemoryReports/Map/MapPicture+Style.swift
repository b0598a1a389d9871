// SPDX-License-Identifier: MIT
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

  /// What a legend says.
  public var meaning: String {
    switch self {
    case .nothing: "nothing"
    case .several: "several kinds"
    case .kind(let kind): "\(kind.name)"
    }
  }

  /// The colour of the cell in a picture, `#rrggbb`.
  public var colour: String {
    switch self {
    case .nothing: "#f0f0f0"
    case .several: "#8c8c8c"
    case .kind(.usable): "#4caf50"
    case .kind(.softReserved): "#c0ca33"
    case .kind(.acpiReclaimable): "#29b6f6"
    case .kind(.persistent): "#5c6bc0"
    case .kind(.acpiNonVolatile): "#ab47bc"
    case .kind(.reserved): "#e57373"
    case .kind(.unusable): "#212121"
    case .kind(.noMap): "#795548"
    }
  }

  /// The number of the terminal's colour for the background (ECMA-48, SGR); nil for none.
  var terminalColour: Int? {
    switch self {
    case .nothing: nil
    case .several: 100
    case .kind(.usable): 42
    case .kind(.softReserved): 43
    case .kind(.acpiReclaimable): 46
    case .kind(.persistent): 44
    case .kind(.acpiNonVolatile): 45
    case .kind(.reserved): 41
    case .kind(.unusable): 107
    case .kind(.noMap): 105
    }
  }
}
