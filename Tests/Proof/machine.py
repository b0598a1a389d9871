# SPDX-License-Identifier: MIT
"""Runs machine code of x86_64 with values that are formulas: on every path that any value can take.

VEX (the lifter of Valgrind, by way of pyvex) says what each instruction does; z3 decides which way a
branch can go.  A value is an int where it is known, and otherwise a bit vector of z3's; a condition is
a bool or a formula.  Memory consists of cells of 8 bytes, in the regions that a proof names: any access
beyond them ends the path, as a trap instruction does.
"""

import time

import archinfo
import pyvex
import z3

from values import (CARRY, LAST_OPERATION, as_condition, bits, choose, concrete, extract, flag_condition, insert, joined,
                    operate, simplified)

ARCHITECTURE = archinfo.ArchAMD64()
OFFSETS = {name: ARCHITECTURE.registers[name][0] for name in (
    'rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13',
    'r14', 'r15', 'rip')}
ARGUMENTS = ('rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9')
PRESERVED = ('rbx', 'rbp', 'r12', 'r13', 'r14', 'r15')
# So many cells are looked for one by one where it is not known which one is meant.
FEW_CELLS = 12
# Where a function returns to that was called by nobody.
RETURN = 0x2_ffff_fff0
STACK = 0x2_8000_0000
STACK_SIZE = 0x4000


class Region:
    """Memory from `start` on, of whole cells, which may be read, and written if it is `writable`."""

    def __init__(self, name, start, byte_count, content, writable=False):
        assert start % 8 == 0 and byte_count % 8 == 0
        self.name, self.start, self.end, self.writable = name, start, start + byte_count, writable
        # What a cell holds at first: a function of its address.
        self.content = content


class Ended(Exception):
    """The path goes no further: `kind` says why."""

    def __init__(self, kind, detail=''):
        super().__init__(kind, detail)
        self.kind, self.detail = kind, detail


class Undecided(Exception):
    """The time is over, or the machine is asked for what it does not know."""


class State:
    """Registers, and the cells of memory that differ from what they were, or have been looked at."""

    def __init__(self):
        self.registers, self.cells, self.address, self.conditions, self.block_count = {}, {}, 0, [], 0

    def copy(self):
        other = State()
        other.registers, other.cells = dict(self.registers), dict(self.cells)
        other.address, other.conditions = self.address, list(self.conditions)
        other.block_count = self.block_count
        return other


class Path:
    """How a path ended: its conditions, the state then, and the inputs of one run that takes it."""

    def __init__(self, kind, detail, state, model):
        self.kind, self.detail, self.state, self.model = kind, detail, state, model

    @property
    def result(self):
        """What the function returned."""
        return self.state.registers[OFFSETS['rax']]


class Machine:
    """Runs a function of an image from a state that `assumptions` say all of."""

    def __init__(self, image, regions, assumptions, deadline, cuts=None, block_limit=3000):
        self.image, self.assumptions, self.block_limit = image, list(assumptions), block_limit
        # Where a path is followed no further, and how it has ended there.
        self.cuts = cuts or {}
        # A time of time.monotonic().
        self.deadline = deadline
        stack = Region('stack', STACK - STACK_SIZE, STACK_SIZE + 64, self.unknown_cell, True)
        self.regions = list(regions) + [stack]
        self.blocks = {}
        self.solver = z3.SolverFor('QF_FD')
        self.solver.add(*self.assumptions)
        self.model = None
        self.query_count = self.flags_count = 0

    def unknown_cell(self, address):
        return z3.BitVec(f'stack_{STACK - address}', 64)

    # ---- Paths ----

    def paths(self, function, arguments):
        """All paths through a function; each is checked before the next is looked for."""
        state = State()
        for name, offset in OFFSETS.items():
            state.registers[offset] = z3.BitVec(f'{name}_before', 64)
        for name, value in zip(ARGUMENTS, arguments):
            state.registers[OFFSETS[name]] = value
        state.registers[OFFSETS['rsp']] = STACK - 8
        state.cells[STACK - 8] = RETURN
        state.address = self.image.symbols[function]
        if self.solver.check() != z3.sat:
            raise AssertionError('no state fulfils the assumptions, and so all would hold')
        self.model = self.solver.model()
        yield from self.follow(state)

    def follow(self, state):
        while True:
            try:
                ways = self.step(state)
            except Ended as end:
                yield Path(end.kind, end.detail, state, self.model)
                return
            if ways is None:
                continue
            for condition, model, target in ways:
                other = state.copy()
                other.conditions.append(condition)
                other.address = target
                self.solver.push()
                self.solver.add(condition)
                self.model = model
                yield from self.follow(other)
                self.solver.pop()
            return

    def run_with(self, condition):
        """Inputs that make the path come here, and the condition true; None if there are none."""
        if isinstance(condition, bool):
            return self.model if condition else None
        if z3.is_true(self.model.eval(condition, model_completion=True)):
            return self.model
        self.query_count += 1
        self.solver.push()
        self.solver.add(condition)
        self.solver.set('timeout', self.remaining_milliseconds())
        answer = self.solver.check()
        model = self.solver.model() if answer == z3.sat else None
        self.solver.pop()
        if answer == z3.unknown:
            raise Undecided('the solver gave up, or the time was over')
        return model

    def remaining_milliseconds(self):
        remaining = int(1000 * (self.deadline - time.monotonic()))
        if remaining <= 0:
            raise Undecided('the time was over')
        return remaining

    # ---- A block of instructions ----

    def block(self, address):
        if address not in self.blocks:
            code = self.image.code(address, 400)
            self.blocks[address] = pyvex.lift(code, address, ARCHITECTURE, opt_level=1)
        return self.blocks[address]

    def step(self, state):
        """Runs a block, up to the first branch that can go both ways; says which ways if there is one."""
        if state.address == RETURN:
            raise Ended('returned')
        if state.address in self.cuts:
            raise Ended(self.cuts[state.address])
        state.block_count += 1
        if state.block_count > self.block_limit:
            raise Undecided(f'more than {self.block_limit} blocks')
        if not self.image.has_code(state.address):
            raise Undecided(f'no code at {state.address:#x}')
        block = self.block(state.address)
        temporaries = {}
        statements = block.statements
        for index, statement in enumerate(statements):
            tag = statement.tag
            if tag in ('Ist_IMark', 'Ist_NoOp', 'Ist_AbiHint'):
                if tag == 'Ist_IMark':
                    state.instruction = statement.addr
                continue
            if tag == 'Ist_WrTmp':
                temporaries[statement.tmp] = self.value(state, temporaries, block, statement.data)
            elif tag == 'Ist_Put':
                value = self.value(state, temporaries, block, statement.data)
                width = statement.data.result_size(block.tyenv)
                self.put(state, statement.offset, value, width)
            elif tag == 'Ist_Store':
                address = self.value(state, temporaries, block, statement.addr)
                value = self.value(state, temporaries, block, statement.data)
                self.store(state, address, value, statement.data.result_size(block.tyenv))
            elif tag == 'Ist_Exit':
                condition = as_condition(self.value(state, temporaries, block, statement.guard))
                target = statement.dst.value
                if condition is False:
                    continue
                if condition is True:
                    return self.jump(state, target, statement.jk)
                taken, passed = self.run_with(condition), self.run_with(z3.Not(condition))
                if passed is None:
                    return self.jump(state, target, statement.jk)
                if taken is None:
                    continue
                behind = self.behind(state, block, temporaries, index)
                return (condition, taken, target), (z3.Not(condition), passed, behind)
            else:
                raise Undecided(f'{tag} at {state.instruction:#x}')
        return self.jump(state, self.value(state, temporaries, block, block.next), block.jumpkind)

    def behind(self, state, block, temporaries, index):
        """Where a branch leads that is not taken and is statement `index`: to the instruction behind it."""
        rest = [s for s in block.statements[index + 1:] if s.tag not in ('Ist_AbiHint', 'Ist_NoOp')]
        if rest and rest[0].tag == 'Ist_IMark':
            return rest[0].addr
        if rest or block.jumpkind != 'Ijk_Boring':
            raise Undecided(f'a branch inside the instruction at {state.instruction:#x}')
        return concrete(self.value(state, temporaries, block, block.next))

    def jump(self, state, target, kind):
        if kind not in ('Ijk_Boring', 'Ijk_Call', 'Ijk_Ret'):
            raise Ended('trap', f'{kind} at {state.instruction:#x}')
        target = concrete(simplified(target))
        if target is None:
            raise Undecided(f'a jump to anywhere at {state.instruction:#x}')
        state.address = target
        return None

    # ---- Expressions ----

    def value(self, state, temporaries, block, expression):
        tag = expression.tag
        if tag == 'Iex_RdTmp':
            return temporaries[expression.tmp]
        if tag == 'Iex_Const':
            value = expression.con.value
            if expression.con.type == 'Ity_I1':
                return bool(value)
            return value
        if tag == 'Iex_Get':
            return self.get(state, expression.offset, expression.result_size(block.tyenv))
        arguments = [self.value(state, temporaries, block, a) for a in expression.child_expressions] \
            if tag == 'Iex_CCall' else None
        if tag == 'Iex_CCall':
            return self.call_helper(state, expression.callee.name, arguments)
        if tag == 'Iex_Load':
            address = self.value(state, temporaries, block, expression.addr)
            return self.load(state, address, expression.result_size(block.tyenv))
        if tag == 'Iex_ITE':
            condition = as_condition(self.value(state, temporaries, block, expression.cond))
            yes = self.value(state, temporaries, block, expression.iftrue)
            no = self.value(state, temporaries, block, expression.iffalse)
            return choose(condition, yes, no, expression.result_size(block.tyenv))
        if tag in ('Iex_Unop', 'Iex_Binop'):
            values = [self.value(state, temporaries, block, a) for a in expression.args]
            return operate(expression.op, values)
        raise Undecided(f'{tag} at {state.instruction:#x}')

    def call_helper(self, state, name, arguments):
        if name == 'amd64g_calculate_condition':
            code, operation, first, second, carry = arguments
            return self.flag(state, concrete(code), operation, first, second, carry)
        if name == 'amd64g_calculate_rflags_c':
            return self.flag(state, CARRY, *arguments)
        if name == 'amd64g_calculate_rflags_all':
            return self.unknown()
        raise Undecided(f'the helper {name}')

    def flag(self, state, code, operation, first, second, carry):
        """1 or 0 for a condition of the processor after an operation; either after one such as a rotation,
        of which no code that compilers make looks at the flags."""
        known = concrete(simplified(operation))
        if known is None:
            raise Undecided(f'flags of an operation that is not known at {state.instruction:#x}')
        if known > LAST_OPERATION:
            return self.unknown() & 1
        return choose(flag_condition(code, known, first, second, carry), 1, 0, 64)

    def unknown(self):
        """Anything: what holds then holds for what it really is."""
        self.flags_count += 1
        return z3.BitVec(f'flags_{self.flags_count}', 64)

    # ---- Registers ----

    def get(self, state, offset, width):
        base = offset & ~7
        value = state.registers.get(base, 0)
        if width == 64 and offset == base:
            return value
        assert width < 64
        return extract(value, (offset - base) * 8, width)

    def put(self, state, offset, value, width):
        base = offset & ~7
        if width == 1:
            raise Undecided('a bit is put')
        if width > 64:
            raise Undecided('a vector register')
        if width < 64:
            value = insert(state.registers.get(base, 0), value, (offset - base) * 8, width)
        state.registers[base] = value

    # ---- Memory ----

    def cell(self, state, address):
        if address not in state.cells:
            region = self.region_of(address)
            state.cells[address] = region.content(address) if region else \
                self.image.cell(address)
        return state.cells[address]

    def region_of(self, address):
        for region in self.regions:
            if region.start <= address < region.end:
                return region
        return None

    def place(self, state, address, byte_count, writing):
        """The region that a symbolic address must lie in, or the end of the path where it may not."""
        guess = concrete(self.model.eval(address, model_completion=True))
        region = self.region_of(guess)
        what = 'written' if writing else 'read'
        if region is None or (writing and not region.writable):
            raise Ended('outside', f'{guess:#x} is {what} at {state.instruction:#x}')
        beyond = z3.Or(z3.ULT(address, region.start), z3.UGT(address, region.end - byte_count))
        other_run = self.run_with(beyond)
        if other_run is not None:
            place = concrete(other_run.eval(address, model_completion=True))
            other = self.region_of(place)
            if other is not None and (other.writable or not writing):
                raise Undecided(f'an address in {region.name} and {other.name}')
            self.model = other_run
            raise Ended('outside', f'{place:#x} is {what} at {state.instruction:#x}')
        return region

    def candidates(self, region, base):
        """The cells of a region that may be meant: few, or all."""
        cells = range(region.start, region.end, 8)
        known = concrete(base)
        if known is not None:
            return [known]
        if len(cells) <= FEW_CELLS:
            return cells
        found, other = [], z3.BoolVal(True)
        while len(found) < FEW_CELLS:
            run = self.run_with(other)
            if run is None:
                return sorted(found)
            found.append(concrete(run.eval(base, model_completion=True)))
            other = z3.And(other, base != found[-1])
        return cells

    def load(self, state, address, width):
        byte_count = width // 8
        address = simplified(address)
        known = concrete(address)
        if known is not None:
            return self.load_known(state, known, byte_count)
        region = self.place(state, address, byte_count, False)
        within = address & 7
        base = simplified(address & ~z3.BitVecVal(7, 64))
        if self.run_with(z3.UGT(within, 8 - byte_count)) is not None:
            raise Undecided(f'across cells at {state.instruction:#x}')
        value = None
        for cell in self.candidates(region, base):
            content = bits(self.cell(state, cell), 64)
            value = content if value is None else z3.If(z3.BoolVal(base == cell) if isinstance(base, int) else base == cell, content, value)
        if width == 64:
            return value
        return extract(simplified(z3.LShR(value, within * 8)), 0, width)

    def load_known(self, state, address, byte_count):
        region = self.region_of(address)
        if region is None and not self.image.is_readable(address, byte_count):
            raise Ended('outside', f'{address:#x} is read at {state.instruction:#x}')
        base, within = address & ~7, address & 7
        value = self.cell(state, base)
        if byte_count == 8 and within == 0:
            return value
        if within + byte_count <= 8:
            return extract(value, within * 8, byte_count * 8)
        low = 8 - within
        return joined(extract(self.cell(state, base + 8), 0, (byte_count - low) * 8),
                      extract(value, within * 8, low * 8), (byte_count - low) * 8, low * 8)

    def store(self, state, address, value, width):
        byte_count = width // 8
        if width not in (8, 16, 32, 64):
            raise Undecided(f'a store of {width} bits')
        address = simplified(address)
        known = concrete(address)
        if known is not None:
            self.store_known(state, known, value, byte_count)
            return
        region = self.place(state, address, byte_count, True)
        base = simplified(address & ~z3.BitVecVal(7, 64))
        within = address & 7
        if self.run_with(z3.UGT(within, 8 - byte_count)) is not None:
            raise Undecided(f'across cells at {state.instruction:#x}')
        for cell in self.candidates(region, base):
            old = bits(self.cell(state, cell), 64)
            if width == 64:
                new = bits(value, 64)
            else:
                shift = within * 8
                mask = z3.BitVecVal((1 << width) - 1, 64) << shift
                new = (old & ~mask) | (z3.ZeroExt(64 - width, bits(value, width)) << shift)
            state.cells[cell] = z3.If(z3.BoolVal(base == cell) if isinstance(base, int) else base == cell, new, old)

    def store_known(self, state, address, value, byte_count):
        region = self.region_of(address)
        if region is None or not region.writable or address + byte_count > region.end:
            raise Ended('outside', f'{address:#x} is written at {state.instruction:#x}')
        base, within = address & ~7, address & 7
        if byte_count == 8 and within == 0:
            state.cells[base] = value
            return
        if within + byte_count <= 8:
            state.cells[base] = insert(self.cell(state, base), value, within * 8, byte_count * 8)
            return
        low = (8 - within) * 8
        width = byte_count * 8
        state.cells[base] = insert(
            self.cell(state, base), extract(value, 0, low), within * 8, low)
        state.cells[base + 8] = insert(
            self.cell(state, base + 8), extract(value, low, width - low), 0, width - low)
