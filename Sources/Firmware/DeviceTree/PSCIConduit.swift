// SPDX-License-Identifier: MIT

/// How the kernel calls firmware through Arm's Power State Coordination Interface.
///
/// Source: Arm DEN 0022; Linux's device tree binding `arm/psci`.
public enum PSCIConduit: Sendable {
  /// The HVC instruction, to a hypervisor.
  case hypervisorCall
  /// The SMC instruction, to the secure monitor.
  case secureMonitorCall
}
