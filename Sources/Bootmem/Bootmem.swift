// SPDX-License-Identifier: MIT

// With one import, everything that a kernel needs to get from what firmware and loader left to
// memory that it can allocate for as long as it runs.
@_exported import BootMemory
@_exported import BootPlan
@_exported import Firmware
@_exported import KernelHeap
@_exported import MemoryMap
@_exported import MemoryTesting
@_exported import PageAllocator
@_exported import PhysicalMemory
@_exported import TextOutput
