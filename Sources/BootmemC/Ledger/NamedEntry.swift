// SPDX-License-Identifier: MIT
import BootPlan
import TextOutput

/// An entry of C's ledger: four words of this machine, one of them a name from C, which must stay.
@safe struct NamedEntry: LedgerEntry {
  var first: UInt
  var last: UInt {
    // The red zone belongs to the end that it follows: a new end has none.
    didSet { redZoneByteCount = 0 }
  }
  let owner: CName

  /// The size of the red zone, and above it a bit for what was allocated.
  ///
  /// It is a word, as copying that takes less code than copying smaller parts.
  private var marks: UInt

  private static var allocatedMark: UInt { 0x100 }

  var isAllocated: Bool { marks & Self.allocatedMark != 0 }

  var redZoneByteCount: UInt8 {
    get { UInt8(truncatingIfNeeded: marks) }
    set { marks = marks & Self.allocatedMark | UInt(newValue) }
  }

  /// C has no such entries.
  var isNeededOnlyDuringBoot: Bool { false }

  init(
    first: UInt, last: UInt, owner: CName, isAllocated: Bool, isNeededOnlyDuringBoot: Bool,
    redZoneByteCount: UInt8
  ) {
    self.first = first
    self.last = last
    self.owner = owner
    marks = (isAllocated ? Self.allocatedMark : 0) | UInt(redZoneByteCount)
  }
}

/// A name from C.  Two names are equal if their texts are.
@safe struct CName: LedgerOwner {
  /// Characters up to a 0.
  let text: UnsafePointer<CChar>

  /// The name with this text; nil for NULL.
  init?(_ text: UnsafePointer<CChar>?) {
    guard let text = unsafe text else { return nil }
    unsafe self.text = unsafe text
  }

  static var nobody: CName {
    let text: StaticString = "(no name)"
    // A text of more than one character has a pointer, and a 0 behind it.
    return unsafe CName(UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self))
      .unsafelyUnwrapped
  }

  @inline(never)
  static func == (left: CName, right: CName) -> Bool {
    var (left, right) = unsafe (left.text, right.text)
    while unsafe left.pointee == right.pointee {
      if unsafe left.pointee == 0 { return true }
      unsafe left += 1
      unsafe right += 1
    }
    return false
  }

  @inline(never)
  func write(to sink: inout some TextSink) {
    var next = unsafe text
    while unsafe next.pointee != 0 {
      unsafe sink.write(byte: UInt8(bitPattern: next.pointee))
      unsafe next += 1
    }
  }
}
