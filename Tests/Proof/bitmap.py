# SPDX-License-Identifier: MIT
"""The bitmap of a node: every content of it that the invariant allows, and its operations."""

import functools

import z3

import specification as spec
from image import read_bytes
from memory import Region
from proof import Claim
from specification import ONES, WORD, FlatBitmap
from values import bits, same

PLACE = 0x2_1000_0800
MEMORY = 0x2_1100_0000
NOTHING = ONES
FIELDS = ('levels', 'words', 'wordGroups', 'rootLevel', 'topShift', 'bitCount', 'firstPageNumber',
          'wordNumber', 'place', 'group', 'groupBit', 'state')
CURSOR = FIELDS.index('wordNumber')


def low_bit(state):
    return z3.Extract(0, 0, state)


def high_bit(state):
    return z3.Extract(1, 1, state)


class SymbolicBitmap:
    """A bitmap whose root is on level 2, in any state that it can be in between two calls.

    Pages are any, but for words that `uniform` has a name for: all pages of those with the same name are free, or
    none is.  What lies below a child of which the pages are all alike is not stored, and so is anything; but for
    the cursor's word.
    """

    def __init__(self, image, start_page, page_count, uniform=None, place=PLACE, memory=MEMORY, reset=True,
                 name=''):
        # `name` stands in front of what is any.
        self.place, self.memory, self.name = place, memory, name
        if reset:
            image.call('unit_bitmap_reset', [place, start_page, start_page + page_count, memory])
        fields = [int.from_bytes(read_bytes(place + 8 * i, 8), 'little') for i in range(len(FIELDS))]
        self.fields = dict(zip(FIELDS, fields))
        self.first_page, self.bit_count = self.fields['firstPageNumber'], self.fields['bitCount']
        self.words, self.groups = self.fields['words'], self.fields['wordGroups']
        self.root = int.from_bytes(read_bytes(memory + 16, 8), 'little')
        assert self.fields['rootLevel'] == 2 and self.fields['levels'] == memory
        assert self.bit_count == start_page + page_count - self.first_page
        self.word_count = -(-self.bit_count // WORD)
        self.group_count = -(-self.word_count // WORD)
        self.make_content(uniform or {})

    # ---- Before ----

    def make_content(self, uniform):
        self.assumptions = []
        self.content = []
        for i in range(self.word_count):
            word = z3.BitVec(f'{self.name}word_{i}', 64)
            if i in uniform:
                word = z3.If(z3.Bool(f'are_free_{uniform[i]}'), z3.BitVecVal(ONES, 64), z3.BitVecVal(0, 64))
            self.content.append(word)
        rest = self.bit_count % WORD
        if rest:
            last = self.word_count - 1
            self.content[last] = z3.Concat(
                z3.BitVecVal(0, WORD - rest), z3.Extract(rest - 1, 0, self.content[last]))
        # What a counterexample is told by.
        self.shown = [word for i, word in enumerate(self.content) if i not in uniform] + [
            z3.Bool(f'are_free_{name}') for name in sorted(set(uniform.values()))]
        self.before = FlatBitmap.of_words(self.content, self.bit_count)
        self.states = [spec.state_of_word(word) for word in self.content]
        self.planes = [self.planes_of(g) for g in range(self.group_count)]
        # The cursor is at this word; nowhere for the number behind the last.
        self.cursor_index = z3.BitVec(self.name + 'cursor_word', 64)
        self.assumptions.append(z3.ULE(self.cursor_index, self.word_count))
        self.has_cursor = z3.ULT(self.cursor_index, self.word_count)
        self.cells = self.first_cells()

    def planes_of(self, group):
        children = self.states[WORD * group:WORD * (group + 1)]
        return spec.plane(low_bit(s) for s in children), spec.plane(high_bit(s) for s in children)

    def root_planes(self):
        states = [spec.state_of_group(low, high) for low, high in self.planes]
        return (spec.plane(low_bit(s) for s in states), spec.plane(high_bit(s) for s in states),
                spec.plane(spec.one_if(low & high != 0) for low, high in self.planes))

    def first_cells(self):
        cells = {}
        for level, start in enumerate((self.words, self.groups, self.root)):
            cells[self.memory + 8 * level] = start
        low, high, word = self.root_planes()
        for i, value in enumerate((low, high, word, z3.BitVec(self.name + 'unused', 64))):
            cells[self.root + 8 * i] = value
        for g, (low, high) in enumerate(self.planes):
            cells[self.groups + 16 * g], cells[self.groups + 16 * g + 8] = low, high
        for i, (word, state) in enumerate(zip(self.content, self.states)):
            is_stored = z3.Or(low_bit(state) != high_bit(state), self.cursor_index == i)
            cells[self.words + 8 * i] = z3.If(is_stored, word, z3.BitVec(f'{self.name}garbage_{i}', 64))
        for i, name in enumerate(FIELDS):
            cells[self.place + 8 * i] = self.fields[name]
        for i, value in enumerate(self.cursor_at(self.cursor_index)):
            cells[self.place + 8 * (CURSOR + i)] = z3.If(
                self.has_cursor, value, z3.BitVecVal(ONES if i == 0 else 0, 64))
        return cells

    def cursor_at(self, index):
        """The five fields of a cursor at a word."""
        state = z3.BitVecVal(0, 2)
        for i, known in enumerate(self.states):
            state = z3.If(index == i, known, state)
        return (index + self.first_page // WORD, self.words + 8 * index,
                self.groups + 16 * z3.LShR(index, 6), z3.BitVecVal(1, 64) << (index & (WORD - 1)),
                z3.ZeroExt(62, state))

    def regions(self, writable=True):
        """Where the code may read and, if it changes the bitmap, write."""
        content = self.cells.__getitem__
        return [
            Region('levels', self.memory, 24, content),
            Region('root', self.root, 32, content, writable),
            Region('groups', self.groups, 16 * self.group_count, content, writable),
            Region('words', self.words, 8 * self.word_count, content, writable),
            Region('fields', self.place, 8 * CURSOR, content),
            Region('cursor', self.place + 8 * CURSOR, 8 * (len(FIELDS) - CURSOR), content, writable)]

    # ---- After ----

    def after(self, path, address):
        return bits(path.state.cells.get(address, self.cells[address]), 64)

    def unchanged(self, path):
        """No cell holds anything else than before."""
        return [('nothing changes', bits(value, 64) == bits(self.cells[address], 64))
                for address, value in path.state.cells.items() if address in self.cells
                and not same(value, self.cells[address])]

    def holds(self, path, expected):
        """The invariant again, of a bitmap whose pages are as `expected`."""
        words = [expected.word(i) for i in range(self.word_count)]
        states = [spec.state_of_word(word) for word in words]
        stored = [self.after(path, self.words + 8 * i) for i in range(self.word_count)]
        claims, planes = [], []
        for g in range(self.group_count):
            low, high = (self.after(path, self.groups + 16 * g + 8 * i) for i in (0, 1))
            children = states[WORD * g:WORD * (g + 1)]
            claims += [(f'group {g} knows its words', low == spec.plane(low_bit(s) for s in children)),
                       (f'group {g} knows its words', high == spec.plane(high_bit(s) for s in children))]
            planes.append((low, high))
        told = [spec.state_of_group(low, high) for low, high in planes]
        for i, values in enumerate((
                [low_bit(s) for s in told], [high_bit(s) for s in told],
                [spec.one_if(low & high != 0) for low, high in planes])):
            claims.append(('the root knows its groups', self.after(path, self.root + 8 * i) == spec.plane(values)))
        for i in range(self.word_count):
            is_mixed = low_bit(states[i]) != high_bit(states[i])
            claims.append((f'the pages of word {i}', z3.Implies(is_mixed, stored[i] == words[i])))
        return claims + self.cursor_claims(path, words, states, stored)

    def cursor_claims(self, path, words, states, stored):
        cursor = [self.after(path, self.place + 8 * (CURSOR + i)) for i in range(5)]
        first = self.first_page // WORD
        possible = [cursor[0] == ONES]
        for i in range(self.word_count):
            possible.append(z3.And(
                cursor[0] == first + i, cursor[1] == self.words + 8 * i,
                cursor[2] == self.groups + 16 * (i // WORD), cursor[3] == 1 << i % WORD,
                cursor[4] == z3.ZeroExt(62, states[i]), stored[i] == words[i]))
        return [('the cursor is right', z3.Or(possible))]


# ---- The operations ----

class Operations:
    """Claims about operations of one bitmap; `before` makes their names differ."""

    def __init__(self, bitmap, suffix, bounds):
        self.bitmap, self.suffix, self.bounds, self.claims = bitmap, suffix, bounds, []

    def add(self, name, function, arguments, check, shown, assumptions, changes, width, limits=''):
        def checked(path):
            result = bits(path.result, 64)
            return check(path, z3.Extract(31, 0, result) if width == 32 else result)

        self.claims.append(Claim(
            name + self.suffix, 'unit_bitmap_' + function, [self.bitmap.place] + arguments, checked, shown,
            self.bounds + limits, self.bitmap.regions(changes), self.bitmap.assumptions + assumptions,
            result_width=width, inputs=[a for a in arguments if not isinstance(a, int)] + [
                self.bitmap.cursor_index] + self.bitmap.shown))


def operations(bitmap, suffix, bounds):
    made = Operations(bitmap, suffix, bounds)
    count, first = bitmap.bit_count, bitmap.first_page
    start, end, bit = (z3.BitVec(n, 64) for n in ('start', 'end', 'bit'))
    page, last = z3.BitVec('page', 64), z3.BitVec('last', 64)
    has_pages = [z3.ULT(start, end), z3.ULE(end, count)]
    unchanged = bitmap.unchanged
    for name, free in (('free', 1), ('reserve', 0)):
        made.add(name, 'set', [start, end, free], lambda path, r, new=once(
            lambda free=free: bitmap.before.set(start, end, z3.BoolVal(bool(free)))): bitmap.holds(path, new()),
            'the pages are so, all others as before; the invariant', has_pages, True, 0)
        add_flip(made, name, free, page, last)
    made.add('seek', 'seek', [page], lambda path, r: bitmap.holds(path, bitmap.before) + [
        ('the cursor is there', bitmap.after(path, bitmap.place + 8 * CURSOR) == z3.LShR(page, 6))],
        'the cursor is at the page; pages as before; the invariant',
        [z3.UGE(page, first), z3.ULT(page, first + count)], True, 0)
    are_reserved = once(lambda: bitmap.before.is_reserved(start, end))
    made.add('is_reserved', 'is_reserved', [start, end], lambda path, r: unchanged(path) + [
        ('no page is free', (r == 1) == are_reserved()), ('yes or no', z3.ULE(r, 1))],
        'whether no page is free; nothing changes', has_pages, False, 32)
    made.add('is_free', 'is_free', [bit], lambda path, r: unchanged(path) + [
        ('the page is free', (r == 1) == z3.Not(bitmap.before.is_reserved(bit, bit + 1))), ('yes or no', z3.ULE(r, 1))],
        'whether the page is free; nothing changes', [z3.ULT(bit, count)], False, 32)
    for name, free in (('first_free', True), ('first_reserved', False)):
        made.add(name, name, [start, end], lambda path, r, first=once(
            lambda free=free: bitmap.before.first(free, start, end, NOTHING)): unchanged(path) + [
                ('the first page', r == first())],
            'the first such page, or none; nothing changes', [z3.ULE(end, count)], False, 64)
    add_cursor(made, page)
    return made.claims


def add_cursor(made, page):
    """What is done in the word of the cursor alone."""
    bitmap = made.bitmap
    bit, word = page - bitmap.first_page, z3.LShR(page, 6) - bitmap.first_page // WORD
    is_there = z3.And(bitmap.has_cursor, word == bitmap.cursor_index)
    is_page = [z3.UGE(page, bitmap.first_page), z3.ULT(bit, bitmap.bit_count)]
    found = bitmap.before.first(True, bit, WORD * (word + 1), NOTHING)
    made.add('first_free_at_cursor', 'first_free_at_cursor', [page], lambda path, r: bitmap.unchanged(path) + [
        ('the first page', r == z3.If(z3.And(is_there, found != NOTHING), bitmap.first_page + found, NOTHING))],
        'the first free page in the word of the cursor, if the page is of it; nothing changes', is_page, False, 64)
    made.add('reserve_page_at_cursor', 'reserve_at_cursor', [page], lambda path, r: bitmap.holds(
        path, bitmap.before.set(bit, bit + 1, z3.BoolVal(False))),
        'the page is reserved, all others as before; the invariant',
        is_page + [is_there, bitmap.before.is_free(bit, bit + 1)], True, 0, ', a free page of its word')


def add_flip(made, name, free, first, last):
    bitmap = made.bitmap
    cursor_word = bitmap.cursor_index + bitmap.first_page // WORD
    start, end = first - bitmap.first_page, last + 1 - bitmap.first_page

    def check(path, result):
        opposite = bitmap.before.is_reserved(start, end) if free else bitmap.before.is_free(start, end)
        done = z3.And(z3.ULE(first, last), opposite)
        new = bitmap.before.set(start, end, z3.BoolVal(bool(free)))
        expected = FlatBitmap(z3.If(done, n, p) for n, p in zip(new.pages, bitmap.before.pages))
        return [('whether it is done', (result == 1) == done), ('yes or no', z3.ULE(result, 1))] + \
            bitmap.holds(path, expected)

    made.add(
        f'{name}_at_cursor', 'flip_at_cursor', [first, last, free], check,
        'the pages are so if all were the opposite, else nothing changes; the invariant',
        [bitmap.has_cursor, z3.LShR(first, 6) == cursor_word, z3.LShR(last, 6) == cursor_word,
         z3.ULT(last, bitmap.first_page + bitmap.bit_count)], True, 32, ', both in the word of the cursor')


def add_run(made, name, lengths, length, limits):
    """The search for a run of `length` pages, which is one of `lengths`."""
    bitmap = made.bitmap
    start, end, step = (z3.BitVec(n, 64) for n in ('start', 'end', 'step'))
    is_sought = {pages: z3.BoolVal(True) if length is pages else length == pages for pages in lengths}
    run = once(lambda: bitmap.before.first_run(is_sought, step, bitmap.first_page, start, end, NOTHING))
    made.add(name, 'first_run', [length, step, start, end], lambda path, r: bitmap.unchanged(path) + [
        ('the first run', r == run())], 'the first aligned run of so many pages, or none; nothing changes',
        [z3.ULE(end, bitmap.bit_count), spec.is_power_of_two(step), z3.Or(list(is_sought.values()))], False, 64,
        limits + ', every alignment')


def once(make):
    """What is the same for every path, made when it is first needed."""
    return functools.lru_cache(make)


def runs(image):
    """Searches for runs, of which there are so many paths that only those in small bitmaps come to an end."""
    one = Operations(SymbolicBitmap(image, 70, 48), '', 'every bitmap of 1 word (48 pages), every cursor')
    # From 15 pages on, other places are sought.
    few = 1, 2, 3, 14, 15
    for pages in few:
        add_run(one, f'first_run_of_{pages}', (pages,), pages, '')
    three = Operations(SymbolicBitmap(image, 70, 184), '', 'every bitmap of 3 words (184 pages), every cursor')
    # On both sides of what makes a search another one: by pages, by bytes, by words.
    lengths = (1, 2, 14, 15, 16, 64, 126, 127, 128)
    add_run(three, 'first_run_in_3_words', lengths, z3.BitVec('length', 64),
            f', runs of {", ".join(map(str, lengths[:-1]))} or {lengths[-1]} pages')
    # And from 127 pages on.
    two = Operations(SymbolicBitmap(image, 64, 128), '', 'every bitmap of 2 words (128 pages), every cursor')
    for pages in (126, 127):
        add_run(two, f'first_run_of_{pages}', (pages,), pages, '')
    for pages in few:
        add_run(two, f'first_run_of_{pages}_in_2_words', (pages,), pages, '')
    return one.claims + two.claims + three.claims


def groups(image):
    """A bitmap of three groups: at their borders words of any content, the others all alike, so that a group can be
    free as a whole."""
    uniform = {i: 'in_group_0' for i in range(1, 63)} | {i: 'in_group_1' for i in range(64, 128)}
    suffix, names = '_in_3_groups', ('free', 'reserve', 'is_reserved', 'first_free', 'first_reserved')
    return [claim for claim in operations(
        SymbolicBitmap(image, 70, 129 * WORD + 40, uniform), suffix,
        '3 groups of words (8 296 pages), words 0, 63, 128 and 129 any, 1 to 62 alike, 64 to 127 alike, every cursor')
        if claim.name.removesuffix(suffix) in names]


def claims(image):
    return operations(SymbolicBitmap(image, 70, 184), '', 'every bitmap of 3 words (184 pages), every cursor') + \
        runs(image) + groups(image)


# ---- Words ----

def word_claims():
    claims = []
    word, bit, length, step, count = (z3.BitVec(n, 64) for n in ('word', 'bit', 'length', 'step', 'count'))

    def add(name, arguments, expected, shown, assumptions=(), bounds='all values of 64 bits', width=64):
        def check(path):
            result = bits(path.result, 64)
            return [(shown, (z3.Extract(31, 0, result) if width == 32 else result) == expected)]
        claims.append(Claim('word_' + name, 'unit_word_' + name, arguments, check, shown, bounds,
                            assumptions=assumptions, result_width=width))

    def where(condition):
        return z3.Concat(*reversed([spec.one_if(condition(i)) for i in range(WORD)]))

    below = [z3.ULT(bit, WORD)]
    in_word = 'bits 0 to 63'
    add('state', [word], z3.ZeroExt(62, spec.state_of_word(word)), 'none, scattered, clustered or all')
    add('has_full_byte', [word], z3.If(spec.has_full_byte(word), z3.BitVecVal(1, 32), z3.BitVecVal(0, 32)),
        'one of the bytes is ff', width=32)
    ones = lambda i: z3.Extract(i, i, word) == 1
    add('run_starts', [word, length], where(lambda i: z3.And([
        z3.Or(z3.ULE(length, k - i), ones(k)) for k in range(i, WORD)])),
        'the bits from which, up to the top, so many ones begin', [z3.UGE(length, 1)])
    add('ones_every', [step], where(lambda i: z3.BitVecVal(i, 64) & (step - 1) == 0), 'every bit that the step divides',
        [z3.ULT(step, WORD), spec.is_power_of_two(step)], 'powers of 2 below 64')
    add('ones_from', [bit], where(lambda i: z3.ULE(bit, i)), 'that bit and all above', below, in_word)
    add('ones_up_to', [bit], where(lambda i: z3.UGE(bit, i)), 'that bit and all below', below, in_word)
    add('ones_above', [bit], where(lambda i: z3.ULT(bit, i)), 'all above', below, in_word)
    add('ones_below', [bit], where(lambda i: z3.UGT(bit, i)), 'all below', below, in_word)
    add('ones_except', [bit], where(lambda i: bit != i), 'all but that bit', below, in_word)
    add('ones_counted', [bit, count], where(lambda i: z3.And(z3.ULE(bit, i), z3.UGT(bit + count, i))),
        'so many from that bit on',
        below + [z3.UGE(count, 1), z3.ULE(bit + count, WORD), z3.ULE(count, WORD)],
        'bits 0 to 63, counts up to the top')
    return claims
