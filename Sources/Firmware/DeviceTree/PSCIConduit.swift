// SPDX-License-Identifier: MIT

/// How the kernel calls firmware by Arm's Power State Coordination Interface.
///
/// Source: Arm DEN 0022; Linux's device tree binding `arm/psci`.
public enum PSCIConduit: Sendable {
  /// The instruction HVC, to a hypervisor.
  case hypervisorCall
  /// The instruction SMC, to the secure monitor.
  case secureMonitorCall
}
