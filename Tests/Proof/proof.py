# SPDX-License-Identifier: MIT
"""One proof: a function, the states and arguments it is called with, and what must hold after it."""

import ctypes
import time

import z3

from image import read_bytes, write_bytes
from machine import Machine
from solver import Undecided
from state import OFFSETS, PRESERVED, STACK
from values import bits, concrete


class Claim:
    """What is claimed of a function: for every value of the inputs that `assumptions` allow."""

    def __init__(self, name, function, arguments, check, shown, bounds, regions=(), assumptions=(),
                 trap=None, result_width=64, inputs=None, program='units', cuts=None):
        self.name, self.function, self.arguments, self.check = name, function, arguments, check
        self.shown, self.bounds = shown, bounds
        self.regions, self.assumptions = list(regions), list(assumptions)
        # When a trap is right: a formula; None for never.
        self.trap = trap
        self.result_width = result_width
        # What a counterexample is told by.
        self.inputs = [a for a in arguments if not isinstance(a, int)] if inputs is None else inputs
        self.program, self.cuts = program, cuts


class Outcome:
    """What became of a claim."""

    def __init__(self, name):
        self.name, self.result, self.detail = name, 'proved', ''
        self.path_count = self.query_count = self.replay_count = 0
        self.seconds = 0.0


def prove(image, claim, seconds, replays=True, progress=None, interest=None):
    """Follows every path, and stops at the first for which something does not hold."""
    outcome, started = Outcome(claim.name), time.process_time()
    machine = Machine(image, claim.regions, claim.assumptions, started + seconds, claim.cuts, interest)
    try:
        for path in machine.paths(claim.function, claim.arguments):
            outcome.path_count += 1
            if progress: progress(outcome.path_count, time.process_time() - started)
            judge(image, machine, claim, path, outcome, replays)
            if outcome.result != 'proved':
                break
    except (NotImplementedError, Undecided) as reason:
        outcome.result, outcome.detail = 'undecided', str(reason)
    outcome.seconds = time.process_time() - started
    outcome.query_count += machine.query_count
    return outcome, machine


def obligations_of(claim, path):
    """What must hold where a path has ended, each with what it is called; None if the claim says nothing of that."""
    if path.kind == 'trap' and claim.trap is not None:
        return [('a trap only where it should', claim.trap)]
    if path.kind in ('trap', 'outside'):
        return [(f'{path.kind}: {path.detail}', z3.BoolVal(False))]
    if path.kind == 'endless':
        return [('it ends', z3.BoolVal(False))]
    if path.kind not in ('returned', 'refused'):
        return None
    obligations = list(claim.check(path))
    if path.kind == 'returned':
        obligations += conventions(path.state)
    if claim.trap is not None:
        obligations.append(('no result where there should be a trap', z3.Not(claim.trap)))
    return obligations


def judge(image, machine, claim, path, outcome, replays):
    obligations = obligations_of(claim, path)
    if obligations is None:
        outcome.result, outcome.detail = 'undecided', path.detail
        return
    failed, model = refuted(machine, path, obligations, outcome)
    if failed is not None:
        outcome.result = 'refuted'
        outcome.detail = f'{failed}; {told(claim, model)}'
    elif replays and path.kind == 'returned':
        difference = replay(image, machine, claim, path)
        outcome.replay_count += 1
        if difference:
            outcome.result, outcome.detail = 'undecided', f'the processor differs: {difference}'


def conventions(state):
    """The stack and the registers that a caller finds again."""
    registers = state.registers
    pairs = [(registers[OFFSETS[name]], z3.BitVec(f'{name}_before', 64)) for name in PRESERVED]
    pairs.append((registers[OFFSETS['rsp']], STACK))
    return [('registers are preserved', bits(value, 64) == bits(before, 64))
            for value, before in pairs if not (z3.is_expr(value) and z3.eq(value, bits(before, 64)))
            and not (isinstance(value, int) and value == before)]


def refuted(machine, path, obligations, outcome):
    """The first obligation that some inputs of the path do not fulfil, and those inputs."""
    obligations = [(label, z3.simplify(formula)) for label, formula in obligations]
    obligations = [(label, formula) for label, formula in obligations if not z3.is_true(formula)]
    if not obligations:
        return None, None
    # All at once: what they have in common is most of the work.
    model = machine.run_with(z3.Not(z3.And([formula for _, formula in obligations])))
    if model is None:
        return None, None
    for label, formula in obligations:
        if z3.is_false(model.eval(formula, model_completion=True)):
            return label, model
    return obligations[0][0], model


def told(claim, model):
    """The inputs of a counterexample."""
    parts = []
    for value in claim.inputs:
        known = model.eval(value, model_completion=True)
        parts.append(f'{value} = {known.as_long():#x}' if z3.is_bv_value(known) else f'{value} = {known}')
    return ', '.join(parts)


def replay(image, machine, claim, path):
    """Runs the path once on this processor, and compares the result and all memory; says what differs."""
    model = path.model

    def known(value):
        return value if isinstance(value, int) else concrete(model.eval(value, model_completion=True))

    regions = [region for region in machine.regions if region.name not in ('stack', 'constants')]
    cells = [address for region in regions for address in range(region.start, region.end, 8)]
    kept = {address: read_bytes(address, 8) for address in cells}
    try:
        for region in regions:
            for address in range(region.start, region.end, 8):
                write_bytes(address, known(region.content(address)).to_bytes(8, 'little'))
        kind = {64: ctypes.c_uint64, 32: ctypes.c_uint32, 0: None}[claim.result_width]
        result = image.call(claim.function, [known(a) for a in claim.arguments], kind)
        if claim.result_width:
            expected = known(path.result) & (1 << claim.result_width) - 1
            if result != expected:
                return f'{result:#x} is returned and not {expected:#x}; {told(claim, model)}'
        for address in cells:
            value = int.from_bytes(read_bytes(address, 8), 'little')
            expected = known(path.state.cells[address]) if address in path.state.cells else \
                known(machine.region_of(address).content(address))
            if value != expected:
                return f'{address:#x} holds {value:#x} and not {expected:#x}; {told(claim, model)}'
    finally:
        for address, content in kept.items():
            write_bytes(address, content)
    return None
