# SPDX-License-Identifier: MIT
"""The processor on a path, and how a path ends."""

import archinfo

ARCHITECTURE = archinfo.ArchAMD64()
OFFSETS = {name: ARCHITECTURE.registers[name][0] for name in (
    'rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13',
    'r14', 'r15', 'rip')}
ARGUMENTS = ('rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9')
PRESERVED = ('rbx', 'rbp', 'r12', 'r13', 'r14', 'r15')
# Where a function returns to that was called by nobody.
RETURN = 0x2_ffff_fff0
STACK = 0x2_8000_0000
STACK_SIZE = 0x4000


class State:
    """Registers, and the cells of memory that differ from what they were, or have been looked at."""

    def __init__(self):
        self.registers, self.cells, self.address, self.conditions, self.block_count = {}, {}, 0, [], 0
        # Formulas that cannot be true here any more, by z3's numbers for them.
        self.excluded = {}
        # Which way was gone where they did not meet again, and whether over a place of special interest.
        self.ways, self.is_touched = (), False

    def copy(self):
        other = State()
        other.registers, other.cells = dict(self.registers), dict(self.cells)
        other.address, other.conditions = self.address, list(self.conditions)
        other.block_count, other.excluded = self.block_count, dict(self.excluded)
        other.ways, other.is_touched = self.ways, self.is_touched
        return other


class Path:
    """How a path ended: its conditions, the state then, and the inputs of one run that takes it."""

    def __init__(self, kind, detail, state, model):
        self.kind, self.detail, self.state, self.model = kind, detail, state, model

    @property
    def result(self):
        """What the function returned."""
        return self.state.registers[OFFSETS['rax']]
