// SPDX-License-Identifier: MIT

/// The meaning of Linux's `mem=SIZE`, which differs between machines.
public enum MemoryLimitMeaning: Hashable, Sendable {
  /// The address from which no memory is usable, as on x86, where memory starts at 0.
  case endAddress

  /// An amount, counted upwards from where memory starts, as on machines with a device tree.
  ///
  /// If there are several such parameters, the last one counts.  `SIZE@START`, as on Arm's 32-bit
  /// kernels, is memory that replaces what firmware describes; all of these count.
  case amount
}
