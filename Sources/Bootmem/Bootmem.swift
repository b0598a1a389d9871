// SPDX-License-Identifier: MIT

// Everything that a kernel needs to get from what firmware and loader left to memory that it can
// allocate, as long as it runs, by one import.
@_exported import BootMemory
@_exported import BootPlan
@_exported import Firmware
@_exported import KernelHeap
@_exported import MemoryMap
@_exported import MemoryTesting
@_exported import PageAllocator
@_exported import PhysicalMemory
@_exported import TextOutput
