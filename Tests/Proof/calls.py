# SPDX-License-Identifier: MIT
"""The archive's functions, on a machine with one node: every bitmap, every cursor, every search hint and
every end of the last allocation that there can be, and every argument.

A path on which the library stops the kernel is followed up to where the message is put together.
"""

import z3

import specification as spec
from bitmap import SymbolicBitmap
from image import read_bytes
from memory import Region
from proof import Claim
from specification import FlatBitmap
from values import bits

PAGE_SHIFT = 12
PAGE = 1 << PAGE_SHIFT
# Numbers in which no sum of two words wraps around.
WIDTH = 72
BUSY = -16
# In place of a page where there is none.
NOWHERE = z3.BitVecVal((1 << 64) - 1, 64)
# Where a node has its bitmap, its search hint and the end of its last allocation, in bytes.
NEXT_PAGE, LAST_END, BITMAP = 40, 48, 64
NODE_SIZE, CORE_SIZE = 256, 256
# Where the allocator has the node at which the last search for a page ended.
RECENT_NODE = 40
CACHE_LINE = 64


def wide(value):
    return z3.ZeroExt(WIDTH - 64, bits(value, 64))


def number(value):
    return z3.BitVecVal(value, WIDTH)


def page_down(address):
    return z3.LShR(address, PAGE_SHIFT)


def page_up(address):
    return z3.LShR(address + (PAGE - 1), PAGE_SHIFT)


def narrow(value):
    return z3.Extract(63, 0, value)


def word(value):
    return z3.BitVecVal(value, 64)


def highest(a, b):
    return z3.If(z3.ULT(a, b), b, a)


class SymbolicNode:
    """A node between two calls."""

    def __init__(self, image, refuse, start, end, memory):
        self.image, self.cuts = image, {image.symbols[refuse]: 'refused'}
        self.start, self.end = start, end
        if image.call('proof_set_up', [start, end, memory]) & 0xffffffff != 0:
            raise AssertionError('the node cannot be set up')
        self.place, self.core = image.symbols['bootmem_nodes'], image.symbols['bootmem_core']
        self.bitmap = SymbolicBitmap(
            image, start, end - start, place=self.place + BITMAP, memory=memory, reset=False)
        # Another node may be set up in the same program afterwards.
        places = [(self.place, NODE_SIZE), (self.core, CORE_SIZE), (image.symbols['proof_cleared'], 16)]
        self.known = {start + i: image.cell(start + i) for start, size in places for i in range(0, size, 8)}
        self.next_page, self.last_end = z3.BitVec('next_page', 64), z3.BitVec('last_end', 64)
        known = [int.from_bytes(read_bytes(self.place + 8 * i, 8), 'little') for i in range(8)]
        # As laid out above: span, plain pages, high page, hint, last end, next node.
        assert known == [start, end, start, end, 0, start, 0, 0], known
        allocator = [int.from_bytes(read_bytes(self.core + 8 * i, 8), 'little') for i in range(6)]
        assert allocator[:3] == [self.place] * 3 and allocator[5] in (0, self.place), allocator
        self.assumptions = self.bitmap.assumptions + [
            self.hint_is_right(self.next_page), self.end_is_right(self.last_end, self.bitmap.before)]

    # ---- The invariant ----

    def hint_is_right(self, page):
        """The search goes on in the node, or just behind it."""
        return z3.And(z3.ULE(self.start, page), z3.ULE(page, self.end))

    def end_is_right(self, end, flat):
        """The last allocation ended in the node; where inside a page, that page is reserved."""
        within = z3.And(z3.UGT(end, self.start << PAGE_SHIFT), z3.ULE(end, self.end << PAGE_SHIFT))
        bit = page_down(end) - self.bitmap.first_page
        return z3.Or(end == 0, z3.And(
            within, z3.Or(self.is_border(end), flat.is_reserved(bit, bit + 1))))

    @staticmethod
    def is_border(end):
        return z3.Extract(PAGE_SHIFT - 1, 0, end) == 0

    def shared(self, end):
        """The end of the last allocation as far as it matters: no page is shared at a border."""
        return z3.If(self.is_border(end), z3.BitVecVal(0, 64), end)

    # ---- Memory ----

    def regions(self):
        image, node, core = self.image, self.place, self.core

        def content(address):
            if address == node + NEXT_PAGE:
                return self.next_page
            if address == node + LAST_END:
                return self.last_end
            if address == core + RECENT_NODE:
                return z3.If(z3.Bool('has_recent_node'), z3.BitVecVal(node, 64), z3.BitVecVal(0, 64))
            return self.known[address]

        bitmap = self.bitmap.regions()
        behind = bitmap[-1].end
        return bitmap + [
            Region('span', node, NEXT_PAGE, content),
            Region('hint and end', node + NEXT_PAGE, 16, content, True),
            Region('next node', node + 56, 8, content),
            Region('rest of the node', behind, node + NODE_SIZE - behind, content),
            Region('allocator', core, RECENT_NODE, content),
            Region('recent node', core + RECENT_NODE, 8, content, True),
            Region('rest of the allocator', core + RECENT_NODE + 8, CORE_SIZE - RECENT_NODE - 8, content),
            Region('what is cleared', image.symbols['proof_cleared'], 16, content, True)]

    def after(self, path, address, before):
        return bits(path.state.cells.get(address, before), 64)

    def holds(self, path, flat, hint, end):
        """The invariant again, with those pages free, that hint and that end of the last allocation."""
        new_hint = self.after(path, self.place + NEXT_PAGE, self.next_page)
        new_end = self.after(path, self.place + LAST_END, self.last_end)
        recent = path.state.cells.get(self.core + RECENT_NODE)
        claims = self.bitmap.holds(path, flat) + [
            ('the hint', new_hint == hint), ('the hint is in the node', self.hint_is_right(new_hint)),
            ('the end of the last allocation', self.shared(new_end) == self.shared(end)),
            ('that end is in the node', self.end_is_right(new_end, flat))]
        if recent is not None:
            claims.append(('the node found', z3.Or(bits(recent, 64) == self.place, bits(recent, 64) == 0)))
        return claims

    def is_cleared(self, path, start, byte_count):
        place = self.image.symbols['proof_cleared']
        return z3.And(self.after(path, place, self.known[place]) == start,
                      self.after(path, place + 8, self.known[place + 8]) == byte_count)

    def nothing_cleared(self, path):
        place = self.image.symbols['proof_cleared']
        return z3.And([self.after(path, place + i, self.known[place + i]) == self.known[place + i]
                       for i in (0, 8)])

    # ---- What calls do ----

    def within(self, first, end):
        """Whether pages lie in the node."""
        return z3.And(z3.ULE(number(self.start), first), z3.ULE(end, number(self.end)))

    def contains(self, page):
        return z3.And(z3.ULE(number(self.start), page), z3.ULT(page, number(self.end)))

    def in_bitmap(self, first, end):
        first_page = self.bitmap.first_page
        return narrow(first) - first_page, narrow(end) - first_page

    def changed(self, done, first, end, free):
        """The pages after those from `first` up to `end` have become free or reserved, if that is `done`."""
        before = self.bitmap.before
        new = before.set(*self.in_bitmap(first, end), z3.BoolVal(free))
        return FlatBitmap(z3.If(done, n, p) for n, p in zip(new.pages, before.pages))

    def end_after(self, done, first, end):
        """What remains of the last allocation's end where pages have changed."""
        last = wide(page_down(self.last_end))
        return z3.If(z3.And(done, z3.ULE(first, last), z3.ULT(last, end)), z3.BitVecVal(0, 64), self.last_end)


def free(node, path, address, size):
    start, end = wide(address), wide(address) + wide(size)
    first, behind = page_up(start), page_down(end)
    fits, has_pages = z3.ULE(end, number(1 << 64)), z3.ULT(first, behind)
    is_right = z3.And(node.within(first, behind), node.bitmap.before.is_reserved(*node.in_bitmap(first, behind)))
    refused = z3.Or(z3.Not(fits), z3.And(has_pages, z3.Not(is_right)))
    done = z3.And(z3.Not(refused), has_pages)
    lowers = z3.And(z3.Not(refused), z3.Or(has_pages, z3.And(node.contains(first), node.contains(behind))))
    hint = z3.If(z3.And(lowers, z3.ULT(narrow(first), node.next_page)), narrow(first), node.next_page)
    return [('refused exactly where it must be', z3.BoolVal(path.kind == 'refused') == refused),
            ('nothing is cleared', node.nothing_cleared(path))] + node.holds(
        path, node.changed(done, first, behind, True), hint, node.end_after(done, first, behind))


def reserve(node, path, address, size, flags):
    start, end = wide(address), wide(address) + wide(size)
    first, behind = page_down(start), page_up(end)
    before = node.bitmap.before
    is_empty, is_inside = size == 0, node.within(first, behind)
    has_pages = z3.ULT(first, behind)
    fits = z3.ULE(end, number(1 << 64))
    refused = z3.Or(z3.Not(fits), z3.And(has_pages, z3.Not(is_inside), z3.Not(is_empty)))
    is_meant = z3.And(z3.Not(refused), has_pages, is_inside)
    pages = node.in_bitmap(first, behind)
    busy = z3.And(is_meant, z3.BoolVal(flags & 1 == 1), z3.Not(before.is_free(*pages)))
    done = z3.And(is_meant, z3.Not(busy))
    hint = z3.If(z3.And(busy, z3.ULT(narrow(first), node.next_page)), narrow(first), node.next_page)
    claims = [('refused exactly where it must be', z3.BoolVal(path.kind == 'refused') == refused),
              ('nothing is cleared', node.nothing_cleared(path))] + node.holds(
        path, node.changed(done, first, behind, False), hint, node.end_after(done, first, behind))
    if path.kind == 'returned':
        result = z3.Extract(31, 0, bits(path.result, 64))
        claims.append(('0 or -EBUSY', result == z3.If(busy, z3.BitVecVal(BUSY, 32), z3.BitVecVal(0, 32))))
    return claims


class Allocation:
    """What an allocation of up to `largest` pages must do, worked out once for all paths."""

    def __init__(self, node, size, align, goal, limit, largest):
        self.node, self.size = node, size
        alignment = z3.If(align == 0, word(CACHE_LINE), align)
        self.refused = z3.Or(size == 0, z3.Not(spec.is_power_of_two(alignment)))
        run = self.search(alignment, goal, limit, narrow(page_up(wide(size))), largest)
        page = run + node.bitmap.first_page
        self.done = z3.And(z3.Not(self.refused), run != NOWHERE)
        within_page = z3.If(z3.ULT(alignment, PAGE), alignment, word(PAGE))
        shares = z3.And(z3.Not(node.is_border(node.last_end)), page_down(node.last_end) + 1 == page)
        self.address = z3.If(
            shares, (node.last_end + within_page - 1) & -within_page, page << PAGE_SHIFT)
        end = self.address + size
        self.flat = node.changed(self.done, wide(page), wide(page_up(end)), False)
        self.hint = z3.If(self.done, page_up(end), node.next_page)
        self.end = z3.If(self.done, end, node.last_end)

    def search(self, alignment, goal, limit, count, largest):
        """The bit of the first page of the run that is taken; `NOWHERE` if there is none."""
        node, first_page = self.node, self.node.bitmap.first_page
        step = z3.LShR(alignment, PAGE_SHIFT)
        step = z3.If(step == 0, word(1), step)
        lengths = {pages: count == pages for pages in range(1, largest + 1)}
        # The limit and the goal, each rounded down; a goal too near to the limit counts as none.
        below = z3.If(z3.And(limit != 0, z3.ULT(page_down(limit), node.end)), page_down(limit), word(node.end))
        is_near = z3.And(limit != 0, z3.UGT(wide(goal) + wide(self.size), wide(limit)))
        goal_page, lowest = page_down(z3.If(is_near, word(0), goal)), word(node.start)
        begin = z3.If(z3.And(z3.UGT(goal_page, node.start), z3.ULT(goal_page, below)), goal_page, lowest)

        # From the hint or the goal on; from the goal; without it: what is found first counts.
        found = NOWHERE
        for start in (lowest, highest(lowest, node.next_page), begin, highest(begin, node.next_page)):
            # A limit below the bitmap's first page leaves nothing.
            candidate = node.bitmap.before.first_run(
                lengths, step, first_page, start - first_page,
                z3.If(z3.ULT(below, first_page), word(0), below - first_page), (1 << 64) - 1)
            found = z3.If(candidate == NOWHERE, found, candidate)
        return found

    def check(self, path):
        node = self.node
        claims = [('refused exactly where it must be', z3.BoolVal(path.kind == 'refused') == self.refused)]
        claims += node.holds(path, self.flat, self.hint, self.end)
        if path.kind == 'returned':
            result = bits(path.result, 64)
            claims += [
                ('the address of the first fit, or NULL', result == z3.If(self.done, self.address, word(0))),
                ('just that is cleared', z3.If(self.done, node.is_cleared(path, self.address, self.size),
                                               node.nothing_cleared(path)))]
        return claims


def claims(image, refuse, memory):
    made = []
    address, size, align, goal, limit = (z3.BitVec(n, 64) for n in ('address', 'size', 'align', 'goal', 'limit'))

    def add(name, node, function, arguments, check, shown, bounds, assumptions=(), width=64):
        made.append(Claim(
            name, function, arguments, lambda path: check(node, path, *arguments), shown,
            f'one node of {node.end - node.start} pages, every state; {bounds}', node.regions(),
            node.assumptions + list(assumptions), result_width=width, program='archive', cuts=node.cuts,
            inputs=[a for a in arguments if z3.is_expr(a)] + [
                node.next_page, node.last_end, node.bitmap.cursor_index] + node.bitmap.content))

    one_word = SymbolicNode(image, refuse, 70, 118, memory)
    two_words = SymbolicNode(image, refuse, 70, 182, memory)
    on_node = Allocation(one_word, size, align, goal, limit, 1)
    for name, goals, is_asked in (('alloc_below_a_limit', 'every goal', []),
                                  ('alloc_below_a_limit_without_goal', 'no goal', [goal == 0])):
        add(name, one_word, '___alloc_bootmem_node_nopanic', [one_word.place, size, align, goal, limit],
            lambda node, path, *given: on_node.check(path),
            'address, pages, hint, shared page, what is cleared, refusals; the invariant',
            f'that node, sizes and alignments up to a page, {goals}, every limit',
            [z3.ULE(size, PAGE), z3.ULE(align, PAGE)] + is_asked)
    of_a_page = ('alignments up to a page', [z3.ULE(align, PAGE)])
    # Sizes above so many pages, and up to so many.
    for above, largest, name, (alignments, is_asked) in (
            (0, 1, 'alloc_up_to_a_page', of_a_page), (1, 2, 'alloc_2_pages_aligned_to_one', of_a_page),
            (1, 2, 'alloc_2_pages', ('every alignment', [])), (2, 3, 'alloc_3_pages_aligned_to_one', of_a_page),
            (2, 3, 'alloc_3_pages', ('every alignment', []))):
        allocation = Allocation(one_word, size, align, goal, word(0), largest)
        add(name, one_word, '__alloc_bootmem_nopanic', [size, align, goal],
            lambda node, path, *given, allocation=allocation: allocation.check(path),
            'address, pages, hint, shared page, what is cleared, refusals; the invariant',
            f'sizes {f"above {above * PAGE} and " if above else ""}up to {largest * PAGE} bytes, {alignments},'
            ' every goal', [z3.ULE(size, largest * PAGE)] + ([z3.UGT(size, above * PAGE)] if above else []) + is_asked)
    for node, suffix in ((one_word, ''), (two_words, '_in_2_words')):
        add('free_bootmem' + suffix, node, 'free_bootmem', [address, size], free,
            'pages, hint, shared page, refusals; the invariant', 'every address and size', width=0)
        for value, name in ((0, 'reserve_bootmem'), (1, 'reserve_bootmem_exclusively')):
            add(name + suffix, node, 'reserve_bootmem', [address, size, value], reserve,
                'pages, hint, shared page, result, refusals; the invariant', 'every address and size', width=32)
    return made
