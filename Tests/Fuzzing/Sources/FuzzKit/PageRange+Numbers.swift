// SPDX-License-Identifier: MIT
import PhysicalMemory

extension PageRange {
  /// The numbers of these pages.
  public var numbers: Range<UInt64> { start.number..<end.number }

  /// The pages of these numbers.
  public init(_ numbers: Range<UInt64>) {
    self.init(PageFrame(numbers.lowerBound)..<PageFrame(numbers.upperBound))
  }
}
