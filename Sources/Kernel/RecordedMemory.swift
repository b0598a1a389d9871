#if hasFeature(Embedded)
import BootPlan
import BootMemoryTrace

/// The kernel's boot memory: with `bootmem_record` on the command line, its calls go to the serial
/// port as a trace.
typealias RecordedMemory = RecordedBootMemory<TracePort>

extension RecordedBootMemory: NodeSetUp {}
#endif
