# SPDX-License-Identifier: MIT
"""What a bitmap of pages is, as formulas: bit by bit, without levels, words or anything remembered."""

import z3

WORD = 64
ONES = (1 << WORD) - 1


def one_if(condition):
    return z3.If(condition, z3.BitVecVal(1, 1), z3.BitVecVal(0, 1))


class FlatBitmap:
    """The pages of a bitmap: a formula for each, whether it is free."""

    def __init__(self, pages):
        self.pages, self.words = list(pages), {}

    @classmethod
    def of_words(cls, words, count):
        return cls(z3.Extract(b % WORD, b % WORD, words[b // WORD]) == 1 for b in range(count))

    def word(self, index):
        """The pages of a word; behind the end none is free."""
        if index not in self.words:
            first = WORD * index
            values = [one_if(p) for p in self.pages[first:first + WORD]]
            values += [z3.BitVecVal(0, 1)] * (WORD - len(values))
            self.words[index] = z3.simplify(z3.Concat(*reversed(values)))
        return self.words[index]

    def set(self, start, end, free):
        """Pages from `start` up to `end` are free, or reserved."""
        return FlatBitmap(z3.If(within(b, start, end), free, p) for b, p in enumerate(self.pages))

    def is_reserved(self, start, end):
        """No page from `start` up to `end` is free."""
        return z3.Not(z3.Or([z3.And(within(b, start, end), p) for b, p in enumerate(self.pages)]))

    def is_free(self, start, end):
        """Every page from `start` up to `end` is free."""
        return z3.And([z3.Or(z3.Not(within(b, start, end)), p) for b, p in enumerate(self.pages)])

    def first(self, free, start, end, none):
        """The first page from `start` up to `end` that is free, or reserved."""
        found = z3.BitVecVal(none, 64)
        for b in reversed(range(len(self.pages))):
            page = self.pages[b] if free else z3.Not(self.pages[b])
            found = z3.If(z3.And(within(b, start, end), page), z3.BitVecVal(b, 64), found)
        return found

    def first_run(self, lengths, step, first_page, start, end, none):
        """The first page from `start` on, numbered from `first_page`, with a number divisible by `step`
        where free pages begin, all below `end`: `lengths` says for each number of pages whether so many
        are sought."""
        found = z3.BitVecVal(none, 64)
        for b in reversed(range(len(self.pages))):
            fits = z3.Or([z3.And(is_sought, z3.UGE(end, b + count), *self.pages[b:b + count])
                          for count, is_sought in lengths.items() if b + count <= len(self.pages)])
            found = z3.If(z3.And(z3.ULE(start, b), is_multiple(b + first_page, step), fits),
                          z3.BitVecVal(b, 64), found)
        return found


def is_multiple(known, step):
    """Whether a power of 2 divides a number: it is not above the lowest bit that is set."""
    return z3.BoolVal(True) if known == 0 else z3.ULE(step, known & -known)


def within(number, start, end):
    return z3.And(z3.ULE(start, number), z3.UGT(end, number))


def is_power_of_two(value):
    return z3.Or([value == 1 << i for i in range(64)])


# ---- How free a word, or a group, is ----

def has_full_byte(word):
    return z3.Or([z3.Extract(8 * i + 7, 8 * i, word) == 0xff for i in range(8)])


def state_of_word(word):
    """2 bits: none, scattered, clustered, all."""
    return z3.If(word == 0, z3.BitVecVal(0, 2), z3.If(
        word == ONES, z3.BitVecVal(3, 2), z3.If(has_full_byte(word), z3.BitVecVal(2, 2), z3.BitVecVal(1, 2))))


def state_of_group(low, high):
    return z3.If(low & high == ONES, z3.BitVecVal(3, 2), z3.If(
        high != 0, z3.BitVecVal(2, 2), z3.If(low != 0, z3.BitVecVal(1, 2), z3.BitVecVal(0, 2))))


def plane(bits_of_children):
    """A plane of a group, whose other children are none."""
    values = list(bits_of_children)
    values += [z3.BitVecVal(0, 1)] * (WORD - len(values))
    return z3.simplify(z3.Concat(*reversed(values)))
