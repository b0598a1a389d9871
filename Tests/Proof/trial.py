# SPDX-License-Identifier: MIT
"""One run with numbers instead of formulas, in the same machine and judged by the same claim: what it finds is
a counterexample like one of the solver's, at a hundredth of the time."""

import random

import z3

from machine import Machine
from memory import Ended, Region
from proof import obligations_of, told
from solver import Undecided
from state import ARGUMENTS, OFFSETS, PRESERVED, RETURN, STACK, State

# A run that has been through so many blocks is watched for a state that it has been in before.
WATCHED_BLOCKS = 2000


def constants_of(formulas):
    """All that formulas are made of, by name."""
    found, seen, waiting = {}, set(), [f for f in formulas if z3.is_expr(f)]
    while waiting:
        formula = waiting.pop()
        if formula.get_id() in seen:
            continue
        seen.add(formula.get_id())
        if z3.is_const(formula) and formula.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            found[formula.decl().name()] = formula
        waiting.extend(formula.children())
    return found


class Domain:
    """What a claim is made for: its inputs, by name, and the cells of its regions."""

    def __init__(self, claim):
        self.claim = claim
        self.cells = {address: region.content(address) for region in claim.regions
                      for address in range(region.start, region.end, 8)}
        self.constants = constants_of([*claim.arguments, *claim.assumptions, *self.cells.values()])
        for name in OFFSETS:
            self.constants[f'{name}_before'] = z3.BitVec(f'{name}_before', 64)

    def values_of(self, model):
        """The numbers of a model, by name."""
        values = {}
        for name, constant in self.constants.items():
            value = model.eval(constant, model_completion=True)
            values[name] = z3.is_true(value) if z3.is_bool(constant) else value.as_long()
        return values

    def model_of(self, values):
        solver = z3.Solver()
        for name, value in values.items():
            constant = self.constants[name]
            solver.add(constant == (
                z3.BoolVal(value) if z3.is_bool(constant) else z3.BitVecVal(value, constant.size())))
        assert solver.check() == z3.sat
        return solver.model()

    def has(self, model):
        """Whether the claim is made for these, too."""
        return all(z3.is_true(model.eval(a, model_completion=True)) for a in self.claim.assumptions)


class Inputs:
    """Numbers for all inputs of a claim."""

    def __init__(self, domain, model):
        self.domain, self.model = domain, model
        self.cells = {address: self.known(content) for address, content in domain.cells.items()}
        self.arguments = [self.known(argument) for argument in domain.claim.arguments]
        self.registers = {name: self.known(domain.constants[f'{name}_before']) for name in OFFSETS}

    def known(self, value):
        return value if isinstance(value, int) else self.model.eval(value, model_completion=True).as_long()


class Trial(Machine):
    """Runs a claim's function with such numbers.  `blocks` are kept from run to run."""

    def __init__(self, image, inputs, blocks):
        claim = inputs.domain.claim
        regions = [Region(region.name, region.start, region.end - region.start, inputs.cells.__getitem__,
                          region.writable) for region in claim.regions]
        super().__init__(image, regions, [], float('inf'), claim.cuts, block_limit=2 * WATCHED_BLOCKS)
        self.inputs, self.model, self.blocks = inputs, inputs.model, blocks
        self.seen = set()

    def unknown_cell(self, address):
        return random.Random(address).getrandbits(64)

    def unknown(self):
        self.flags_count += 1
        return random.Random(self.flags_count).getrandbits(64)

    def step(self, state, stops=()):
        if state.block_count > WATCHED_BLOCKS:
            # All there is: what comes here again comes here for ever.
            all_of_it = state.address, *state.registers.values(), *sorted(state.cells.items())
            if all_of_it in self.seen:
                raise Ended('endless', f'{state.address:#x}')
            self.seen.add(all_of_it)
        return super().step(state, stops)

    def run(self):
        """The one path."""
        state = State()
        for name, offset in OFFSETS.items():
            state.registers[offset] = self.inputs.registers[name]
        for name, value in zip(ARGUMENTS, self.inputs.arguments):
            state.registers[OFFSETS[name]] = value
        state.registers[OFFSETS['rsp']] = STACK - 8
        state.cells[STACK - 8] = RETURN
        state.address = self.image.symbols[self.inputs.domain.claim.function]
        path, = self.follow(state)
        return path

    def joined_ways(self, state, ways):
        raise Undecided(f'a branch on what is not known at {state.instruction:#x}')


def outcome_of(path, inputs):
    """All that a claim can look at: how a run has ended, its result, registers, and the memory that has changed."""
    registers, cells = path.state.registers, path.state.cells
    return path.kind, tuple(registers[OFFSETS[name]] for name in ('rax', 'rsp', *PRESERVED)), tuple(sorted(
        (address, value) for address, value in cells.items() if inputs.cells.get(address, value) != value))


def failure_of(claim, path, inputs):
    """What does not hold after a run; None if all does."""
    for label, formula in obligations_of(claim, path):
        if not z3.is_true(inputs.model.eval(formula, model_completion=True)):
            return f'{label}; {told(claim, inputs.model)}'
    return None
