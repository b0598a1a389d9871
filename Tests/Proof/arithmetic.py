# SPDX-License-Identifier: MIT
"""The range helpers, for every value of their arguments.

What is said of them is said in numbers of 80 bits, in which nothing wraps around.
"""

import z3

from memory import Region
from proof import Claim
from values import bits

WIDTH = 80
TOP = 1 << 64
PAGE_SHIFT = 12
PAGE_END = 1 << (64 - PAGE_SHIFT)
OUT = 0x2_1000_0000
BOUNDS = 'all values of 64 bits'


def wide(value):
    return z3.ZeroExt(WIDTH - 64, bits(value, 64))


def number(value):
    return z3.BitVecVal(value, WIDTH)


def lowest(a, b):
    return z3.If(z3.ULT(a, b), a, b)


def highest(a, b):
    return z3.If(z3.ULT(a, b), b, a)


class Units:
    """The claims about functions that get numbers, and store what they find in `out`."""

    def __init__(self):
        self.claims = []
        self.out = Region('out', OUT, 32, lambda address: z3.BitVec(f'out_{(address - OUT) // 8}', 64), True)

    def add(self, name, parameters, shown, check, trap=None, has_out=True, result_width=32):
        arguments = [z3.BitVec(parameter, 64) for parameter in parameters.split()]

        def checked(path):
            stored = [path.state.cells.get(OUT + 8 * i, self.out.content(OUT + 8 * i)) for i in range(4)]
            result = bits(path.result, 64)
            if result_width == 32:
                result = z3.Extract(31, 0, result)
            return [(shown, formula) for formula in check(result, [wide(s) for s in stored],
                                                          *[wide(a) for a in arguments])]

        self.claims.append(Claim(
            name, 'unit_' + name, arguments + ([OUT] if has_out else []), checked, shown, BOUNDS,
            [self.out] if has_out else [], trap=trap(*arguments) if trap else None,
            result_width=result_width))


def optional(exists, result, pairs, none=0):
    """The result says whether there is a value, and if there is one it is that."""
    return [(result == 1) == exists, z3.Or(exists, result == none),
            z3.Implies(exists, z3.And([stored == value for stored, value in pairs]))]


def is_power_of_two(value):
    return z3.Or([value == 1 << i for i in range(64)])


def is_multiple(value, power):
    """Of a power of two."""
    return z3.And([z3.Implies(power == 1 << i, z3.Extract(i - 1, 0, value) == 0) for i in range(1, 64)])


def is_page_count(count, byte_count):
    """The least number of pages that hold so many bytes."""
    pages = count << PAGE_SHIFT
    return z3.And(z3.ULT(count, number(1 << 60)), z3.UGE(pages, byte_count),
                  z3.ULT(pages, byte_count + (1 << PAGE_SHIFT)))


def rounded_up(address):
    return (address + ((1 << PAGE_SHIFT) - 1)) >> PAGE_SHIFT


def range_argument(start, count):
    return z3.ULE(start + count, number(TOP))


def with_argument(is_argument, result, claims):
    """A helper is called only with a range, and -1 says that there was none."""
    none = result == z3.BitVecVal(-1, 32)
    return [z3.Implies(z3.Not(is_argument), none)] + [z3.Implies(is_argument, c) for c in claims]


def claims():
    units = Units()
    add = units.add
    not_power = lambda value, alignment: z3.Not(is_power_of_two(alignment))
    add('rounded_down', 'value alignment', 'the highest multiple up to the value; a trap only for no power of 2',
        lambda r, out, v, a: [r == 1, z3.ULE(out[0], v), z3.ULT(v - out[0], a), is_multiple(out[0], a)],
        trap=not_power)
    add('rounded_up', 'value alignment', 'the lowest multiple from the value on, if it fits; a trap as there',
        lambda r, out, v, a: [
            (r == 1) == z3.ULE(v, number(TOP) - a), z3.Or(r == 0, r == 1),
            z3.Implies(r == 1, z3.And(z3.UGE(out[0], v), z3.ULT(out[0] - v, a), is_multiple(out[0], a)))],
        trap=not_power)
    add('is_power_of_two', 'value', 'exactly one bit is set',
        lambda r, out, v: [(r == 1) == is_power_of_two(v), z3.Or(r == 0, r == 1)], has_out=False)
    add('address_page', 'address', 'the address divided by the size of a page',
        lambda r, out, a: [wide(r) << PAGE_SHIFT == a & ~number((1 << PAGE_SHIFT) - 1)],
        has_out=False, result_width=64)
    add('address_is_aligned', 'address', 'no bit below a page is set',
        lambda r, out, a: [(r == 1) == (z3.Extract(PAGE_SHIFT - 1, 0, a) == 0), z3.Or(r == 0, r == 1)],
        has_out=False)
    add('address_advanced', 'address count', 'the sum, if it is below 2^64',
        lambda r, out, a, c: optional(z3.ULT(a + c, number(TOP)), r, [(out[0], a + c)]))
    add('page_first_address', 'page', 'the page times its size, if that is below 2^64',
        lambda r, out, p: optional(z3.ULT(p << PAGE_SHIFT, number(TOP)), r, [(out[0], p << PAGE_SHIFT)]))
    add('page_advanced', 'page count', 'the sum, if it is below 2^64',
        lambda r, out, p, c: optional(z3.ULT(p + c, number(TOP)), r, [(out[0], p + c)]))
    add('page_count', 'bytes', 'the least number of pages that hold the bytes',
        lambda r, out, b: [is_page_count(wide(r), b)], has_out=False, result_width=64)
    add_address_ranges(add)
    add_page_ranges(add)
    return units.claims


def add_address_ranges(add):
    add('range_made', 'start count', 'the range, if it ends at 2^64 or below',
        lambda r, out, s, c: optional(range_argument(s, c), r, [(out[0], s), (out[1], c)]))
    add('range_clamped', 'start count', 'the range up to 2^64 at most',
        lambda r, out, s, c: [r == 1, out[0] == s, out[1] == lowest(c, number(TOP) - s)])
    add('range_up_to', 'start end', 'the range, if the end is not below its start',
        lambda r, out, s, e: optional(z3.ULE(s, e), r, [(out[0], s), (out[1], e - s)]))
    add('range_through', 'first last', 'the range, if it is not empty and its size fits 64 bits',
        lambda r, out, f, l: optional(
            z3.And(z3.ULE(f, l), z3.ULT(l + 1 - f, number(TOP))), r, [(out[0], f), (out[1], l + 1 - f)]))
    add('range_of_pages', 'start end', 'all bytes of the pages, if they have addresses and a size of 64 bits',
        lambda r, out, s, e: with_argument(z3.ULE(s, e), r, optional(
            z3.And(z3.ULE(e, number(PAGE_END)), z3.ULT(s, number(PAGE_END)),
                   z3.ULT(e - s, number(PAGE_END))), r,
            [(out[0], s << PAGE_SHIFT), (out[1], (e - s) << PAGE_SHIFT)])))
    add('range_last', 'start count', 'the last address of a range with a byte',
        lambda r, out, s, c: with_argument(
            range_argument(s, c), r, optional(c != 0, r, [(out[0], s + c - 1)])))
    add('range_end', 'start count', 'the address behind, if there is one',
        lambda r, out, s, c: with_argument(
            range_argument(s, c), r, optional(z3.ULT(s + c, number(TOP)), r, [(out[0], s + c)])))
    add('range_contains', 'start count address', 'the address is in the range',
        lambda r, out, s, c, a: with_argument(range_argument(s, c), r, [
            (r == 1) == z3.And(z3.ULE(s, a), z3.ULT(a, s + c)), z3.Or(r == 0, r == 1)]), has_out=False)
    both = lambda s, c, t, d: z3.And(range_argument(s, c), range_argument(t, d))
    meet = lambda s, c, t, d: z3.ULT(highest(s, t), lowest(s + c, t + d))
    add('range_overlaps', 'start count other other_count', 'there is an address in both',
        lambda r, out, s, c, t, d: with_argument(both(s, c, t, d), r, [
            (r == 1) == meet(s, c, t, d), z3.Or(r == 0, r == 1)]), has_out=False)
    add('range_intersection', 'start count other other_count', 'the addresses in both, if there is one',
        lambda r, out, s, c, t, d: with_argument(both(s, c, t, d), r, optional(
            # A size of 2^64 does not fit, and no range has it.
            meet(s, c, t, d), r,
            [(out[0], highest(s, t)), (out[1], lowest(s + c, t + d) - highest(s, t))])))
    add('range_removing', 'start count part part_count', 'what lies in front of the part, and behind it',
        lambda r, out, s, c, t, d: with_argument(both(s, c, t, d), r, removing(r, out, s, c, t, d, meet)))
    add('range_whole_pages', 'start count', 'the pages that lie in the range, if there is one',
        lambda r, out, s, c: with_argument(range_argument(s, c), r, optional(
            z3.ULT(rounded_up(s), (s + c) >> PAGE_SHIFT), r,
            [(out[0], rounded_up(s)), (out[1], (s + c) >> PAGE_SHIFT)])))
    add('range_touched_pages', 'start count', 'the pages that the range touches, also if it is empty in one',
        lambda r, out, s, c: with_argument(range_argument(s, c), r, [
            r == 1, out[0] == s >> PAGE_SHIFT, out[1] == rounded_up(s + c)]))


def removing(r, out, s, c, t, d, meet):
    meets = meet(s, c, t, d)
    front = z3.Or(z3.Not(meets), z3.ULT(s, t))
    behind = z3.And(meets, z3.ULT(t + d, s + c))
    front_end = z3.If(meets, t, s + c)
    return [
        (z3.Extract(0, 0, r) == 1) == front, (z3.Extract(1, 1, r) == 1) == behind,
        z3.Extract(31, 2, r) == 0,
        z3.Implies(front, z3.And(out[0] == s, out[1] == front_end - s)),
        z3.Implies(behind, z3.And(out[2] == t + d, out[3] == s + c - t - d))]


def add_page_ranges(add):
    made = lambda s, e: z3.ULE(s, e)
    add('pages_made', 'start end', 'the range, if the end is not below its start',
        lambda r, out, s, e: optional(made(s, e), r, [(out[0], s), (out[1], e)]))
    add('pages_counted', 'start count', 'the range, if its end is below 2^64',
        lambda r, out, s, c: optional(z3.ULT(s + c, number(TOP)), r, [(out[0], s), (out[1], s + c)]))
    add('pages_count', 'start end', 'the number of pages, and whether there is one',
        lambda r, out, s, e: with_argument(made(s, e), r, [
            out[0] == e - s, (r == 1) == (s != e), z3.Or(r == 0, r == 1)]))
    add('pages_contain', 'start end page', 'the page is in the range',
        lambda r, out, s, e, p: with_argument(made(s, e), r, [
            (r == 1) == z3.And(z3.ULE(s, p), z3.ULT(p, e)), z3.Or(r == 0, r == 1)]), has_out=False)
    both = lambda s, e, t, f: z3.And(made(s, e), made(t, f))
    add('pages_contain_pages', 'start end other other_end', 'the other lies in the range, an empty one by its start',
        lambda r, out, s, e, t, f: with_argument(both(s, e, t, f), r, [
            (r == 1) == z3.And(z3.ULE(s, t), z3.ULE(f, e)), z3.Or(r == 0, r == 1)]), has_out=False)
    meet = lambda s, e, t, f: z3.ULT(highest(s, t), lowest(e, f))
    add('pages_overlap', 'start end other other_end', 'there is a page in both',
        lambda r, out, s, e, t, f: with_argument(both(s, e, t, f), r, [
            (r == 1) == meet(s, e, t, f), z3.Or(r == 0, r == 1)]), has_out=False)
    add('pages_intersection', 'start end other other_end', 'the pages in both, if there is one',
        lambda r, out, s, e, t, f: with_argument(both(s, e, t, f), r, optional(
            meet(s, e, t, f), r, [(out[0], highest(s, t)), (out[1], lowest(e, f))])))
