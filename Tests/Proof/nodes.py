# SPDX-License-Identifier: MIT
"""A machine of the archive's between two calls: nodes that adjoin, each with every bitmap, every cursor, every search
hint and every end of the last allocation that there can be."""

import z3

from addresses import PAGE, PAGE_SHIFT, highest, lowest, narrow, number, page_down, wide
from bitmap import SymbolicBitmap
from image import read_bytes
from memory import Region
from specification import FlatBitmap
from values import bits

# Where a node has its bitmap, its search hint and the end of its last allocation, in bytes.
NEXT_PAGE, LAST_END, BITMAP = 40, 48, 64
NODE_SIZE, CORE_SIZE = 256, 256
# Where the allocator has the node at which the last search for a page ended.
RECENT_NODE = 40


class SymbolicNode:
    """A node between two calls.  `name` stands in front of what is any."""

    def __init__(self, image, place, start, end, memory, name):
        self.place, self.start, self.end = place, start, end
        self.bitmap = SymbolicBitmap(
            image, start, end - start, place=place + BITMAP, memory=memory, reset=False, name=name)
        # Another machine may be set up in the same program afterwards.
        self.known = {place + i: image.cell(place + i) for i in range(0, NODE_SIZE, 8)}
        self.next_page, self.last_end = z3.BitVec(name + 'next_page', 64), z3.BitVec(name + 'last_end', 64)
        self.assumptions = self.bitmap.assumptions + [
            self.hint_is_right(self.next_page), self.end_is_right(self.last_end, self.bitmap.before)]
        # What a counterexample is told by.
        self.shown = [self.next_page, self.last_end, self.bitmap.cursor_index] + self.bitmap.content

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
        node = self.place

        def content(address):
            if address == node + NEXT_PAGE:
                return self.next_page
            return self.last_end if address == node + LAST_END else self.known[address]

        bitmap = self.bitmap.regions()
        behind = bitmap[-1].end
        return bitmap + [
            Region('span', node, NEXT_PAGE, content),
            Region('hint and end', node + NEXT_PAGE, 16, content, True),
            Region('next node', node + 56, 8, content),
            Region('rest of the node', behind, node + NODE_SIZE - behind, content)]

    def holds(self, path, flat, hint, end):
        """The invariant again, with those pages free, that hint and that end of the last allocation."""
        new_hint = after(path, self.place + NEXT_PAGE, self.next_page)
        new_end = after(path, self.place + LAST_END, self.last_end)
        return self.bitmap.holds(path, flat) + [
            ('the hint', new_hint == hint), ('the hint is in the node', self.hint_is_right(new_hint)),
            ('the end of the last allocation', self.shared(new_end) == self.shared(end)),
            ('that end is in the node', self.end_is_right(new_end, flat))]

    # ---- What calls do ----

    def contains(self, page):
        return z3.And(z3.ULE(number(self.start), page), z3.ULT(page, number(self.end)))

    def in_bitmap(self, first, end):
        first_page = self.bitmap.first_page
        return narrow(first) - first_page, narrow(end) - first_page

    def is_reserved(self, first, end):
        return self.bitmap.before.is_reserved(*self.in_bitmap(first, end))

    def is_free(self, first, end):
        return self.bitmap.before.is_free(*self.in_bitmap(first, end))

    def changed(self, done, first, end, free):
        """The pages after those from `first` up to `end` have become free or reserved, if that is `done`."""
        before = self.bitmap.before
        new = before.set(*self.in_bitmap(first, end), z3.BoolVal(free))
        return FlatBitmap(z3.If(done, n, p) for n, p in zip(new.pages, before.pages))

    def lowered_hint(self, lowers, first):
        """The hint after the search was to go on at that page, if it `lowers`."""
        return z3.If(lowers, lowest(narrow(first), self.next_page), self.next_page)

    def end_after(self, done, first, end):
        """What remains of the last allocation's end where pages have changed."""
        last = wide(page_down(self.last_end))
        return z3.If(z3.And(done, z3.ULE(first, last), z3.ULT(last, end)), z3.BitVecVal(0, 64), self.last_end)


class SymbolicMachine:
    """Nodes between two calls: one at least, each from a page up to another, from where the next goes on."""

    def __init__(self, image, refuse, borders, memory):
        self.image, self.cuts = image, {image.symbols[refuse]: 'refused'}
        if image.call('proof_set_up', []) & 0xffffffff != 0:
            raise AssertionError('the machine cannot be set up')
        spans = list(zip(borders, borders[1:]))
        for index, (start, end) in enumerate(spans):
            if image.call('proof_add_node', [index, start, end, memory + index * PAGE]) & 0xffffffff != 0:
                raise AssertionError('a node cannot be set up')
        self.core = image.symbols['bootmem_core']
        places = [image.symbols['bootmem_nodes'] + index * NODE_SIZE for index in range(len(spans))]
        self.nodes = [
            SymbolicNode(image, place, start, end, memory + index * PAGE, f'node_{index}_' if index else '')
            for index, (place, (start, end)) in enumerate(zip(places, spans))]
        self.known = {start + i: image.cell(start + i) for start, size in (
            (self.core, CORE_SIZE), (image.symbols['proof_cleared'], 16)) for i in range(0, size, 8)}
        self.check_layout()
        self.assumptions = [assumption for node in self.nodes for assumption in node.assumptions]
        self.shown = [value for node in self.nodes for value in node.shown]

    def check_layout(self):
        for node, behind in zip(self.nodes, [node.place for node in self.nodes[1:]] + [0]):
            known = [int.from_bytes(read_bytes(node.place + 8 * i, 8), 'little') for i in range(8)]
            # As laid out above: span, plain pages, high page, hint, last end, next node.
            assert known == [node.start, node.end, node.start, node.end, 0, node.start, 0, behind], known
        first, last = self.nodes[0].place, self.nodes[-1].place
        allocator = [int.from_bytes(read_bytes(self.core + 8 * i, 8), 'little') for i in range(6)]
        assert allocator[:3] == [first, first, last] and allocator[5] in (0, first, last), allocator

    # ---- Memory ----

    def regions(self):
        recent = z3.BitVecVal(0, 64)
        for index, node in enumerate(self.nodes):
            recent = z3.If(z3.Bool(f'node_{index}_is_recent'), z3.BitVecVal(node.place, 64), recent)

        def content(address):
            return recent if address == self.core + RECENT_NODE else self.known[address]

        core = self.core
        return [region for node in self.nodes for region in node.regions()] + [
            Region('allocator', core, RECENT_NODE, content),
            Region('recent node', core + RECENT_NODE, 8, content, True),
            Region('rest of the allocator', core + RECENT_NODE + 8, CORE_SIZE - RECENT_NODE - 8, content),
            Region('what is cleared', self.image.symbols['proof_cleared'], 16, content, True)]

    def holds(self, path, afterwards):
        """The invariant again; `afterwards` has the pages, the hint and the end of each node that changes."""
        claims = [claim for node in self.nodes for claim in node.holds(path, *afterwards.get(
            node, (node.bitmap.before, node.next_page, node.last_end)))]
        recent = path.state.cells.get(self.core + RECENT_NODE)
        if recent is not None:
            claims.append(('the node found', z3.Or([
                bits(recent, 64) == place for place in (0, *(node.place for node in self.nodes))])))
        return claims

    def is_cleared(self, path, start, byte_count):
        place = self.image.symbols['proof_cleared']
        return z3.And(after(path, place, self.known[place]) == start,
                      after(path, place + 8, self.known[place + 8]) == byte_count)

    def nothing_cleared(self, path):
        place = self.image.symbols['proof_cleared']
        return z3.And([after(path, place + i, self.known[place + i]) == self.known[place + i] for i in (0, 8)])


# ---- Nodes that adjoin ----

def lies_within(nodes, first, end):
    """Whether pages lie in the nodes."""
    return z3.And(z3.ULE(number(nodes[0].start), first), z3.ULE(end, number(nodes[-1].end)))


def part_in(node, nodes, first, end):
    """What lies in one of the nodes, of pages that lie in them."""
    return (first if node is nodes[0] else highest(first, number(node.start)),
            end if node is nodes[-1] else lowest(end, number(node.end)))


def after(path, address, before):
    return bits(path.state.cells.get(address, before), 64)
