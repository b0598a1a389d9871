# SPDX-License-Identifier: MIT
"""The memory of a machine: cells of 8 bytes in the regions that a proof names, at addresses that are known or
formulas.  Any access beyond the regions ends the path."""

import z3

from solver import Undecided
from values import as_condition, bits, choose, concrete, extract, insert, joined, low_bits, simplified

# So many cells are looked for one by one where it is not known which one is meant.
FEW_CELLS = 12


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


def is_cell(base, cell):
    """Whether an address is that of a cell."""
    return as_condition(base == cell) if isinstance(base, int) else base == cell


class Memory:
    """What a machine reads and writes; it says itself what can be true on a path (`run_with`, `model`)."""

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
        """The regions that a symbolic address may lie in, or the end of the path where it may lie in none."""
        guess = concrete(self.model.eval(address, model_completion=True))
        region = self.region_of(guess)
        what = 'written' if writing else 'read'
        if region is None or (writing and not region.writable):
            raise Ended('outside', f'{guess:#x} is {what} at {state.instruction:#x}')

        def beyond(region):
            return z3.Or(z3.ULT(address, region.start), z3.UGT(address, region.end - byte_count))

        if self.run_with(beyond(region)) is None:
            return [region]
        allowed = [r for r in self.regions if r.writable or not writing]
        run = self.run_with(z3.And([beyond(r) for r in allowed]))
        if run is not None:
            self.model = run
            place = concrete(run.eval(address, model_completion=True))
            raise Ended('outside', f'{place:#x} is {what} at {state.instruction:#x}')
        return [r for r in allowed if self.run_with(z3.Not(beyond(r))) is not None]

    def candidates(self, regions, base):
        """The cells of regions that may be meant: few, or all."""
        known = concrete(base)
        if known is not None:
            return [known]
        cells = [cell for region in regions for cell in range(region.start, region.end, 8)]
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

    def parts(self, state, address, byte_count):
        """The place within a cell, and the cell."""
        known = low_bits(address, 3)
        if known is not None and known + byte_count <= 8:
            return z3.BitVecVal(known, 64), simplified(address - known)
        within = address & 7
        if self.run_with(z3.UGT(within, 8 - byte_count)) is not None:
            raise Undecided(f'across cells at {state.instruction:#x}')
        return within, simplified(address & ~z3.BitVecVal(7, 64))

    def load(self, state, address, width):
        byte_count = width // 8
        address = simplified(address)
        known = concrete(address)
        if known is not None:
            return self.load_known(state, known, byte_count)
        regions = self.place(state, address, byte_count, False)
        within, base = self.parts(state, address, byte_count)
        value = None
        for cell in self.candidates(regions, base):
            content = bits(self.cell(state, cell), 64)
            value = content if value is None else choose(is_cell(base, cell), content, value, 64)
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
        regions = self.place(state, address, byte_count, True)
        within, base = self.parts(state, address, byte_count)
        for cell in self.candidates(regions, base):
            old = bits(self.cell(state, cell), 64)
            if width == 64:
                new = bits(value, 64)
            else:
                shift = within * 8
                mask = z3.BitVecVal((1 << width) - 1, 64) << shift
                new = (old & ~mask) | (z3.ZeroExt(64 - width, bits(value, width)) << shift)
            state.cells[cell] = choose(is_cell(base, cell), new, old, 64)

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
