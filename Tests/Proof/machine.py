# SPDX-License-Identifier: MIT
"""Runs machine code of x86_64 with values that are formulas: on every path that any value can take.

VEX (the lifter of Valgrind, by way of pyvex) says what each instruction does; a solver decides which way a
branch can go.  Where both ways meet again soon, one path goes on with what is one value or the other.  A
value is an int where it is known, and otherwise a bit vector of z3's; a condition is a bool or a formula.
Memory consists of cells of 8 bytes, in the regions that a proof names: any access
beyond them ends the path, as a trap instruction does.
"""

import time

import pyvex
import z3

from joins import Joins
from memory import Ended, Memory, Region
from solver import Solver, Undecided
from state import ARCHITECTURE, ARGUMENTS, OFFSETS, RETURN, STACK, STACK_SIZE, Path, State
from values import (CARRY, LAST_OPERATION, as_condition, choose, concrete, extract, flag_condition, insert, operate,
                    simplified)

# The bytes of a block at most.
BLOCK_SIZE = 400
# So many places a jump can lead to at most.
TABLE_SIZE = 16


class Machine(Memory, Joins):
    """Runs a function of an image from a state that `assumptions` say all of."""

    def __init__(self, image, regions, assumptions, deadline, cuts=None, interest=None, block_limit=3000):
        self.image, self.assumptions, self.block_limit = image, list(assumptions), block_limit
        # Where a path is followed no further, and how it has ended there.
        self.cuts = cuts or {}
        # Instructions, and what `reached` has said: only paths over one of them are followed.
        self.interest, self.trail = interest, {}
        # A time of time.process_time().
        self.deadline = deadline
        stack = Region('stack', STACK - STACK_SIZE, STACK_SIZE + 64, self.unknown_cell, True)
        self.regions = list(regions) + [stack] + [
            Region('constants', start, end - start, image.cell) for start, end in image.constants]
        self.blocks = {}
        self.solver = Solver(deadline)
        self.solver.add(*self.assumptions)
        self.model = None
        # Inputs for each path so far.
        self.models = []
        self.taken, self.excluded = [], {}
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
        self.model = self.solver.find([])
        if self.model is None:
            raise AssertionError('no state fulfils the assumptions, and so all would hold')
        yield from self.follow(state)

    def follow(self, state):
        while True:
            try:
                ways = self.step(state)
            except Ended as end:
                self.models.append(self.model)
                yield Path(end.kind, end.detail, state, self.model)
                return
            if ways is None:
                continue
            join = self.joined_ways(state, ways) if len(ways) == 2 else None
            if join is not None:
                state = join
                continue
            for number, (condition, model, target) in enumerate(ways):
                other = state.copy()
                other.ways += (number,)
                if self.is_aside(other):
                    continue
                other.conditions.append(condition)
                other.address = target
                self.taken.append(condition)
                self.model = model
                yield from self.follow(other)
                self.taken.pop()
            return

    # ---- Which instructions are where ----

    def reached(self):
        """The instructions that were reached from each branch on, by the ways gone to there."""
        found = {}
        for ways, instructions in self.trail.items():
            for count in range(len(ways) + 1):
                found.setdefault(ways[:count], set()).update(instructions)
        return found

    def is_aside(self, state):
        """Whether all paths from there on are known to pass by the places that are of interest."""
        if self.interest is None or state.is_touched:
            return False
        places, reached = self.interest
        return state.ways in reached and places.isdisjoint(reached[state.ways])

    # ---- Questions ----

    def run_with(self, condition):
        """Inputs that make the path come here, and the condition true; None if there are none."""
        if isinstance(condition, bool):
            return self.model if condition else None
        if z3.is_true(self.model.eval(condition, model_completion=True)):
            return self.model
        self.query_count += 1
        if condition.get_id() in self.excluded:
            return None
        model = self.solver.find([*self.taken, condition])
        if model is None:
            self.excluded[condition.get_id()] = condition
        return model

    def check_time(self):
        if time.process_time() >= self.deadline:
            raise Undecided('the time was over')

    # ---- A block of instructions ----

    def block(self, address, stops):
        """The instructions from there on, up to one of `stops` at most."""
        end = min((stop for stop in stops if address < stop < address + BLOCK_SIZE), default=None)
        if (address, end) not in self.blocks:
            code = self.image.code(address, end - address if end else BLOCK_SIZE)
            self.blocks[address, end] = pyvex.lift(code, address, ARCHITECTURE, opt_level=1)
        return self.blocks[address, end]

    def step(self, state, stops=()):
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
        block = self.block(state.address, stops)
        self.excluded = state.excluded
        temporaries = {}
        statements = block.statements
        for index, statement in enumerate(statements):
            tag = statement.tag
            if tag in ('Ist_IMark', 'Ist_NoOp', 'Ist_AbiHint'):
                if tag == 'Ist_IMark':
                    state.instruction = statement.addr
                    self.trail.setdefault(state.ways, set()).add(statement.addr)
                    if self.interest and statement.addr in self.interest[0]:
                        state.is_touched = True
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
        target = simplified(target)
        state.address = concrete(target)
        return self.places(state, target) if state.address is None else None

    def places(self, state, target):
        """The ways of a jump by a table: a condition, inputs and a place for each; or the end of the path where
        there is no code."""
        ways, others = [], z3.BoolVal(True)
        while True:
            run = self.run_with(others)
            if run is None:
                return ways
            place = concrete(run.eval(target, model_completion=True))
            if not self.image.has_code(place) and place != RETURN:
                self.model = run
                raise Ended('outside', f'a jump to {place:#x} at {state.instruction:#x}')
            if len(ways) == TABLE_SIZE:
                raise Undecided(f'a jump to anywhere at {state.instruction:#x}')
            ways.append((target == place, run, place))
            others = z3.And(others, target != place)

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
        operation = simplified(operation)
        known = concrete(operation)
        if known is None and operation.decl().kind() == z3.Z3_OP_ITE:
            # Two ways have met behind different operations.
            condition, *both = operation.children()
            return choose(condition, *[self.flag(state, code, value, first, second, carry) for value in both], 64)
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
