// SPDX-License-Identifier: MIT
import Foundation

/// Device trees of `Tests/Fixtures/device-trees`.
enum DeviceTreeFixture {
  /// The bytes of `NAME.dtb`.
  static func bytes(_ name: String) throws -> [UInt8] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/device-trees")
    return try Array(Data(contentsOf: folder.appending(path: "\(name).dtb")))
  }
}
