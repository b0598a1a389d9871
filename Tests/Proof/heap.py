# SPDX-License-Identifier: MIT
"""The heap's bitmap of the slots of a page: every content of it, every class of sizes."""

import z3

from image import read_bytes
from memory import Region
from proof import Claim
from values import bits

ENTRY, ADDRESS, PAGE = 0x2_1000_0700, 0x7f_5432_1000, 4096
# Two places for neighbours, the page, and size, free slots and reciprocal in one cell; then the bitmap.
PAGE_CELL, FIGURES, BITMAP, STRIDE = 16, 24, 32, 64
SLOTS = 8 * (STRIDE - BITMAP)


class SymbolicPage:
    """The entry of a page of any class, some of whose slots are allocated."""

    def __init__(self, image):
        self.kind = z3.BitVec('size_class', 64)
        page = figures = z3.BitVecVal(0, 64)
        self.size = z3.BitVecVal(1, 64)
        count = 0
        while image.call('unit_heap_page_make', [ENTRY, ADDRESS, count]) == STRIDE:
            known = [int.from_bytes(read_bytes(ENTRY + place, 8), 'little') for place in (PAGE_CELL, FIGURES)]
            size, free = known[1] & 0xffff, known[1] >> 16 & 0xffff
            # As laid out above.
            assert known[0] & -PAGE == ADDRESS and free == PAGE // size and known[1] >> 32 == -(-(1 << 32) // size)
            is_meant = self.kind == count
            page = z3.If(is_meant, z3.BitVecVal(known[0], 64), page)
            figures = z3.If(is_meant, z3.BitVecVal(known[1], 64), figures)
            self.size = z3.If(is_meant, z3.BitVecVal(size, 64), self.size)
            count += 1
        self.free_count = z3.BitVec('free_count', 16)
        self.figures = z3.Concat(z3.Extract(63, 32, figures), self.free_count, z3.Extract(15, 0, figures))
        self.words = [z3.BitVec(f'slots_{i}', 64) for i in range(SLOTS // 64)]
        slots = z3.Extract(31, 16, figures)
        # No slot is allocated that the page has not, and as many are free as it says; of that the code needs
        # that none is where it says so.
        self.assumptions = [z3.ULT(self.kind, count), z3.ULE(self.free_count, slots)] + [
            z3.Implies(z3.ULE(slots, slot), z3.Not(self.is_taken(slot))) for slot in range(SLOTS)]
        self.has_room = z3.And(self.free_count != 0, z3.Or([
            z3.And(z3.UGT(slots, slot), z3.Not(self.is_taken(slot))) for slot in range(SLOTS)]))
        content = {0: z3.BitVec('next', 64), 8: z3.BitVec('previous', 64), PAGE_CELL: page, FIGURES: self.figures}
        content.update({BITMAP + 8 * i: word for i, word in enumerate(self.words)})
        self.content = content

    def regions(self):
        get = lambda address: self.content[address - ENTRY]
        return [Region('entry', ENTRY, FIGURES, get),
                Region('figures and bitmap', ENTRY + FIGURES, STRIDE - FIGURES, get, True)]

    def is_taken(self, slot):
        return z3.Extract(slot % 64, slot % 64, self.words[slot // 64]) == 1

    def first_free(self):
        found = z3.BitVecVal(SLOTS, 64)
        for slot in reversed(range(SLOTS)):
            found = z3.If(self.is_taken(slot), found, z3.BitVecVal(slot, 64))
        return found

    def after(self, path, place):
        return bits(path.state.cells.get(ENTRY + place, self.content[place]), 64)

    def becomes(self, path, slot, taken, free_count):
        """Just that slot is allocated now, or free; and so many are free."""
        claims = [('size and reciprocal, free slots', self.after(path, FIGURES) == z3.Concat(
            z3.Extract(63, 32, self.figures), free_count, z3.Extract(15, 0, self.figures)))]
        for i, word in enumerate(self.words):
            bit = z3.If(z3.LShR(slot, 6) == i, z3.BitVecVal(1, 64) << (slot & 63), z3.BitVecVal(0, 64))
            claims.append(('the slots', self.after(path, BITMAP + 8 * i) == (word | bit if taken else word & ~bit)))
        return claims


def claims(image):
    page, made = SymbolicPage(image), []
    slot, offset = z3.BitVec('slot', 64), z3.BitVec('offset', 64)
    number = lambda path: bits(path.result, 64)
    is_slot = z3.ULT(slot, SLOTS)
    taken = z3.Or([z3.And(slot == i, page.is_taken(i)) for i in range(SLOTS)])

    def add(name, arguments, check, shown, bounds, assumptions=(), width=64):
        made.append(Claim(
            name, 'unit_' + name, [ENTRY] + arguments, check, shown, bounds, page.regions(),
            page.assumptions + list(assumptions), result_width=width,
            inputs=arguments + [page.kind, page.free_count] + page.words))

    def same(path):
        return page.becomes(path, z3.BitVecVal(SLOTS, 64), True, page.free_count)

    add('heap_slot', [offset], lambda path: same(path) + [('the quotient', z3.And(
        z3.ULE(number(path), PAGE), z3.ULE(number(path) * page.size, offset),
        z3.ULT(offset, (number(path) + 1) * page.size)))],
        'the slot that an offset lies in; nothing changes', 'every class, every offset in a page',
        [z3.ULT(offset, PAGE)])
    any_slots = 'every class, every slot, all that may be allocated'
    add('heap_is_taken', [slot], lambda path: same(path) + [
        ('whether it is', z3.Extract(31, 0, number(path)) == z3.If(taken, z3.BitVecVal(1, 32), z3.BitVecVal(0, 32)))],
        'whether a slot is allocated; nothing changes', any_slots, [is_slot], 32)
    add('heap_take', [], lambda path: page.becomes(path, page.first_free(), True, page.free_count - 1) + [
        ('its address', number(path) == ADDRESS + page.first_free() * page.size)],
        'the first free slot, which is allocated then', 'every class, all slots that may be allocated but one',
        [page.has_room])
    add('heap_release', [slot], lambda path: page.becomes(path, slot, False, page.free_count + 1) + [
        ('whether its word is empty then', z3.Extract(31, 0, number(path)) == z3.If(z3.Or([
            z3.And(z3.LShR(slot, 6) == i, word & ~(z3.BitVecVal(1, 64) << (slot & 63)) == 0)
            for i, word in enumerate(page.words)]), z3.BitVecVal(1, 32), z3.BitVecVal(0, 32)))],
        'the slot is free, no other changes; whether its word is empty', any_slots, [is_slot, taken], 32)
    add('heap_clear', [], lambda path: [('nothing is allocated', page.after(path, BITMAP + 8 * i) == 0)
                                        for i in range(len(page.words))],
        'no slot is allocated', 'every content', width=0)
    return made
