// SPDX-License-Identifier: MIT

/// What Linux's `mem=SIZE` stands for, which is not the same on all machines.
public enum MemoryLimitMeaning: Hashable, Sendable {
  /// The address from which on no memory is usable: x86, where memory starts at 0.
  case endAddress

  /// An amount, counted upwards from where memory starts: machines with a device tree.  Of several such
  /// parameters the last one counts.  `SIZE@START`, as Arm's 32-bit kernels have it, is memory in place
  /// of what firmware says; of these all count.
  case amount
}
