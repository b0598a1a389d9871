// SPDX-License-Identifier: MIT

/// A Linux error number, as C gets it; also a refusal that says no more.
struct ErrorNumber: Error {
  let rawValue: Int32

  static var noEntry: Int32 { -2 }
  static var busy: Int32 { -16 }
  static var invalid: Int32 { -22 }
  static var noSpace: Int32 { -28 }
}
