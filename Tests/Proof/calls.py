# SPDX-License-Identifier: MIT
"""The archive's functions, on machines with one node and with two, in every state, with every argument.

A path on which the library stops the kernel is followed up to where the message is put together.
"""

import z3

import specification as spec
from addresses import PAGE, PAGE_SHIFT, highest, narrow, number, page_down, page_up, wide, word
from nodes import SymbolicMachine, lies_within, part_in
from proof import Claim
from values import bits

BUSY = -16
# In place of a page where there is none.
NOWHERE = z3.BitVecVal((1 << 64) - 1, 64)
CACHE_LINE = 64


def free(machine, nodes, path, address, size):
    """What becomes of the machine when a range is freed on these nodes, which adjoin."""
    start, end = wide(address), wide(address) + wide(size)
    first, behind = page_up(start), page_down(end)
    fits, has_pages = z3.ULE(end, number(1 << 64)), z3.ULT(first, behind)
    parts = [(node, *part_in(node, nodes, first, behind)) for node in nodes]
    is_right = z3.And(lies_within(nodes, first, behind), *[node.is_reserved(*part) for node, *part in parts])
    refused = z3.Or(z3.Not(fits), z3.And(has_pages, z3.Not(is_right)))
    done = z3.And(z3.Not(refused), has_pages)

    def node_after(node, start, end):
        # A range without a page lowers the hint, too, of a node that has both pages which it is rounded to.
        lowers = z3.If(has_pages, z3.ULT(start, end), z3.And(node.contains(first), node.contains(behind)))
        return (node.changed(done, start, end, True),
                node.lowered_hint(z3.And(z3.Not(refused), lowers), z3.If(has_pages, start, first)),
                node.end_after(done, start, end))

    return [('refused exactly where it must be', z3.BoolVal(path.kind == 'refused') == refused),
            ('nothing is cleared', machine.nothing_cleared(path))] + machine.holds(
        path, {node: node_after(node, *part) for node, *part in parts})


def reserve(machine, nodes, path, address, size, flags):
    """The same when one is reserved."""
    start, end = wide(address), wide(address) + wide(size)
    first, behind = page_down(start), page_up(end)
    is_empty, is_inside = size == 0, lies_within(nodes, first, behind)
    has_pages = z3.ULT(first, behind)
    fits = z3.ULE(end, number(1 << 64))
    refused = z3.Or(z3.Not(fits), z3.And(has_pages, z3.Not(is_inside), z3.Not(is_empty)))
    is_meant = z3.And(z3.Not(refused), has_pages, is_inside)
    parts = [(node, *part_in(node, nodes, first, behind)) for node in nodes]
    are_free = [node.is_free(*part) for node, *part in parts]
    busy = z3.And(is_meant, z3.BoolVal(flags & 1 == 1), z3.Not(z3.And(are_free)))
    done = z3.And(is_meant, z3.Not(busy))

    def node_after(index, node, start, end):
        # Up to the first page that is in the way, it is as if all had been reserved and freed again.
        lowers = z3.And(busy, z3.ULT(start, end), *are_free[:index])
        return (node.changed(done, start, end, False), node.lowered_hint(lowers, start),
                node.end_after(done, start, end))

    claims = [('refused exactly where it must be', z3.BoolVal(path.kind == 'refused') == refused),
              ('nothing is cleared', machine.nothing_cleared(path))] + machine.holds(
        path, {node: node_after(index, node, *part) for index, (node, *part) in enumerate(parts)})
    if path.kind == 'returned':
        result = z3.Extract(31, 0, bits(path.result, 64))
        claims.append(('0 or -EBUSY', result == z3.If(busy, z3.BitVecVal(BUSY, 32), z3.BitVecVal(0, 32))))
    return claims


class Allocation:
    """What an allocation of up to `largest` pages must do, worked out once for all paths; `on` is the node that is
    asked for first; one that `panics` stops the kernel where there is no memory."""

    def __init__(self, machine, size, align, goal, limit, largest, on=None, panics=False):
        self.machine, self.size = machine, size
        self.alignment = z3.If(align == 0, word(CACHE_LINE), align)
        self.refused = z3.Or(size == 0, z3.Not(spec.is_power_of_two(self.alignment)))
        # A goal too near to the limit counts as none.
        is_near = z3.And(limit != 0, z3.UGT(wide(goal) + wide(size), wide(limit)))
        goal = z3.If(is_near, word(0), goal)
        count = narrow(page_up(wide(size)))
        lengths = {pages: count == pages for pages in range(1, largest + 1)}
        # What is found first counts: with the goal and then without, on the node that is asked for and then on all.
        asked = [(on, False)] if on else []
        found = [(node, run) for goal in (goal, word(0))
                 for node, is_passed in asked + [(node, True) for node in machine.nodes]
                 for run in self.runs(node, goal, limit, lengths, is_passed)]
        self.taken = [self.taken_from(node, found) for node in machine.nodes]
        self.stops = z3.Or(self.refused, z3.And(panics, *[run == NOWHERE for _, run in found]))

    def runs(self, node, goal, limit, lengths, is_passed):
        """The bit of the first page of each run that a node has: the first from the search hint on, and the first.
        `NOWHERE` for none, as in a node that ends below the goal, where such `is_passed`."""
        first_page = node.bitmap.first_page
        step = z3.LShR(self.alignment, PAGE_SHIFT)
        step = z3.If(step == 0, word(1), step)
        # The limit and the goal, each rounded down.
        below = z3.If(z3.And(limit != 0, z3.ULT(page_down(limit), node.end)), page_down(limit), word(node.end))
        goal_page, lowest = page_down(goal), word(node.start)
        begin = z3.If(z3.And(z3.UGT(goal_page, node.start), z3.ULT(goal_page, below)), goal_page, lowest)
        # A limit below the bitmap's first page leaves nothing.
        is_out = z3.Or(z3.And(is_passed, z3.UGE(goal_page, node.end)), z3.ULT(below, first_page))
        end = z3.If(is_out, word(0), below - first_page)
        return [node.bitmap.before.first_run(lengths, step, first_page, start - first_page, end, (1 << 64) - 1)
                for start in (highest(begin, node.next_page), begin)]

    def taken_from(self, node, found):
        """Whether a node gives the memory, at which address, and what it is like afterwards."""
        run = NOWHERE
        for giver, candidate in reversed(found):
            run = z3.If(candidate == NOWHERE, run, candidate if giver is node else NOWHERE)
        page = run + node.bitmap.first_page
        done = z3.And(z3.Not(self.refused), run != NOWHERE)
        within_page = z3.If(z3.ULT(self.alignment, PAGE), self.alignment, word(PAGE))
        shares = z3.And(z3.Not(node.is_border(node.last_end)), page_down(node.last_end) + 1 == page)
        address = z3.If(shares, (node.last_end + within_page - 1) & -within_page, page << PAGE_SHIFT)
        end = address + self.size
        return done, address, (
            node.changed(done, wide(page), wide(page_up(end)), False), z3.If(done, page_up(end), node.next_page),
            z3.If(done, end, node.last_end))

    def check(self, path):
        machine = self.machine
        claims = [('refused exactly where it must be', z3.BoolVal(path.kind == 'refused') == self.stops)]
        claims += machine.holds(path, {
            node: known for node, (_, _, known) in zip(machine.nodes, self.taken)})
        if path.kind == 'returned':
            expected, is_cleared = word(0), machine.nothing_cleared(path)
            for done, address, _ in self.taken:
                expected = z3.If(done, address, expected)
                is_cleared = z3.If(done, machine.is_cleared(path, address, self.size), is_cleared)
            claims += [('the address of the first fit, or NULL', bits(path.result, 64) == expected),
                       ('just that is cleared', is_cleared)]
        return claims


def claims(image, refuse, memory):
    made = []
    address, size, align, goal, limit = (z3.BitVec(n, 64) for n in ('address', 'size', 'align', 'goal', 'limit'))

    def add(name, machine, function, arguments, check, shown, bounds, assumptions=(), width=64):
        sizes = ' and '.join(str(node.end - node.start) for node in machine.nodes)
        made.append(Claim(
            name, function, arguments, check, shown,
            f'{"one node" if len(machine.nodes) == 1 else "two nodes"} of {sizes} pages, every state; {bounds}',
            machine.regions(), machine.assumptions + list(assumptions), result_width=width, program='archive',
            cuts=machine.cuts, inputs=[a for a in arguments if z3.is_expr(a)] + machine.shown))

    def add_ranges(machine, suffix, on=None):
        """Freeing and reserving, on the one node or wherever the pages are."""
        nodes, of_node, first = ([on], '_node', [on.place]) if on else (machine.nodes, '', [])
        bounds = 'every address and size' + (', on the second' if on else '')
        add('free_bootmem' + of_node + suffix, machine, 'free_bootmem' + of_node, first + [address, size],
            lambda path: free(machine, nodes, path, address, size),
            'pages, hint, shared page, refusals; the invariant', bounds, width=0)
        for flags, name in ((0, ''), (1, '_exclusively')):
            add(f'reserve_bootmem{of_node}{name}{suffix}', machine, 'reserve_bootmem' + of_node,
                first + [address, size, flags],
                lambda path, flags=flags: reserve(machine, nodes, path, address, size, flags),
                'pages, hint, shared page, result, refusals; the invariant', bounds, width=32)

    one_word = SymbolicMachine(image, refuse, (70, 118), memory)
    # Of which the numbers of pages that are a word apart may differ in one bit only.
    two_words = SymbolicMachine(image, refuse, (134, 246), memory)
    below_limit = Allocation(one_word, size, align, goal, limit, 1)
    for name, goals, is_asked in (('alloc_below_a_limit', 'every goal', []),
                                  ('alloc_below_a_limit_without_goal', 'no goal', [goal == 0])):
        add(name, one_word, '___alloc_bootmem_node_nopanic', [one_word.nodes[0].place, size, align, goal, limit],
            below_limit.check,
            'address, pages, hint, shared page, what is cleared, refusals; the invariant',
            f'that node, sizes and alignments up to a page, {goals}, every limit',
            [z3.ULE(size, PAGE), z3.ULE(align, PAGE)] + is_asked)
    of_a_page = ('alignments up to a page', [z3.ULE(align, PAGE)])
    # Sizes above so many pages, and up to so many.
    for above, largest, name, (alignments, is_asked) in (
            (0, 1, 'alloc_up_to_a_page', of_a_page), (1, 2, 'alloc_2_pages_aligned_to_one', of_a_page),
            (1, 2, 'alloc_2_pages', ('every alignment', [])), (2, 3, 'alloc_3_pages_aligned_to_one', of_a_page),
            (2, 3, 'alloc_3_pages', ('every alignment', []))):
        add(name, one_word, '__alloc_bootmem_nopanic', [size, align, goal],
            Allocation(one_word, size, align, goal, word(0), largest).check,
            'address, pages, hint, shared page, what is cleared, refusals; the invariant',
            f'sizes {f"above {above * PAGE} and " if above else ""}up to {largest * PAGE} bytes, {alignments},'
            ' every goal', [z3.ULE(size, largest * PAGE)] + ([z3.UGT(size, above * PAGE)] if above else []) + is_asked)
    add_ranges(one_word, '')
    add_ranges(two_words, '_in_2_words')
    # They adjoin in the midst of a word.
    two_nodes = SymbolicMachine(image, refuse, (70, 100, 140), memory)
    add_ranges(two_nodes, '_in_2_nodes')
    add_ranges(two_nodes, '', two_nodes.nodes[1])
    named = two_nodes.nodes[0]
    # So that nothing is taken before both nodes have been looked at.
    at_border = [page_down(goal) == two_nodes.nodes[1].start] + [
        z3.Not(node.bitmap.has_cursor) for node in two_nodes.nodes]
    for name, machine, function, first, limits, options, where, is_asked in (
            ('alloc_or_panic', one_word, '__alloc_bootmem', [], [], {'panics': True}, '', []),
            ('alloc_in_2_nodes', two_nodes, '__alloc_bootmem_nopanic', [], [], {}, '', []),
            ('alloc_with_a_goal_at_a_border', two_nodes, '__alloc_bootmem_nopanic', [], [], {},
             ' in the first page of the second, no cursor', at_border),
            ('alloc_on_a_node', two_nodes, '___alloc_bootmem_node_nopanic', [named.place], [0], {'on': named},
             ', first on the first', [])):
        add(name, machine, function, first + [size, align, goal] + limits,
            Allocation(machine, size, align, goal, word(0), 1, **options).check,
            'address, pages, hint, shared page, what is cleared, refusals; the invariant',
            f'sizes and alignments up to a page, every goal{where}',
            [z3.ULE(size, PAGE), z3.ULE(align, PAGE)] + is_asked)
    return made
