# SPDX-License-Identifier: MIT
"""What the page allocator does with a word of pages: blocks in it, head bits, the word that single pages come
from."""

import z3

import specification as spec
from image import read_bytes
from memory import Region
from proof import Claim
from specification import ONES, WORD
from values import bits

# log2 of the number of pages in a word.
WORD_ORDER = 6
TREE, FREE, HEADS = 0x2_1000_0400, 0x2_1000_0600, 0x2_1000_0608
# Where a tree has its owned word's number, the places of its bits, and its first page's number, in bytes.
OWNED, OWNED_FREE, OWNED_HEADS, OWNED_PAGE = 72, 80, 88, 96
TREE_SIZE = 256
# No machine has a page frame with a higher number.
PAGE_BITS = 52


def where(condition):
    """A word with those bits."""
    return z3.Concat(*reversed([spec.one_if(condition(i)) for i in range(WORD)]))


def is_one(word, bit):
    return z3.Extract(bit, bit, word) == 1


def is_block(word, order, bit):
    """Whether an aligned block of that order is there, all ones."""
    size = 1 << order
    if bit % size:
        return z3.BoolVal(False)
    return z3.Extract(bit + size - 1, bit, word) == (1 << size) - 1


def is_unpaired(word, order, bit):
    """Whether that block is part of no larger one."""
    larger = bit & ~((2 << order) - 1)
    return z3.And(is_block(word, order, bit), z3.Not(is_block(word, order + 1, larger)))


def of_order(order, claim):
    """What is claimed of whichever order is meant, all below a word's."""
    return z3.Or([z3.And(order == known, claim(known)) for known in range(WORD_ORDER)])


def lowest_block(word, order):
    found = z3.BitVecVal(ONES, 64)
    for known in reversed(range(WORD_ORDER)):
        lowest = z3.BitVecVal(ONES, 64)
        for bit in reversed(range(WORD)):
            lowest = z3.If(is_unpaired(word, known, bit), z3.BitVecVal(bit, 64), lowest)
        found = z3.If(z3.And(z3.ULE(order, known), lowest != ONES), lowest, found)
    return found


def block_state(word):
    """0 for nothing free, 7 for all, else the largest block's order plus 1."""
    state = z3.BitVecVal(0, 64)
    for order in range(WORD_ORDER + 1):
        is_there = z3.Or([is_block(word, order, bit) for bit in range(0, WORD, 1 << order)])
        state = z3.If(is_there, z3.BitVecVal(order + 1, 64), state)
    return state


def word_claims():
    made = []
    word, order, free, heads, place, state, low, middle, high = (z3.BitVec(n, 64) for n in (
        'word', 'order', 'free', 'heads', 'place', 'state', 'low', 'middle', 'high'))

    def add(name, arguments, expected, shown, bounds, assumptions=(), width=64):
        def check(path):
            result = bits(path.result, 64)
            return [(shown, (z3.Extract(31, 0, result) if width == 32 else result) == expected)]
        made.append(Claim(name, 'unit_' + name, arguments, check, shown, bounds, assumptions=assumptions,
                          result_width=width))

    orders, below = 'all words, orders below that of a word', [z3.ULT(order, WORD_ORDER)]
    add('block_multiples', [order], where(lambda i: z3.Or([
        order == known for known in range(WORD_ORDER + 1) if i % (1 << known) == 0])),
        'the bits where blocks can begin', 'orders up to that of a word', [z3.ULE(order, WORD_ORDER)])
    add('blocks', [word, order], where(lambda i: of_order(order, lambda known: is_block(word, known, i))),
        'the blocks of free pages', orders, below)
    add('unpaired_blocks', [word, order], where(lambda i: of_order(order, lambda known: is_unpaired(word, known, i))),
        'the blocks that are part of no larger one', orders, below)
    add('lowest_block', [word, order], lowest_block(word, order), 'the lowest of the smallest that fit, or none',
        orders + ', not all free', below + [word != ONES])
    add('block_state', [word], block_state(word), "none, all, or the largest block's order", 'all words')
    # A page of its own begins there, and what follows is not the rest of it.
    is_page = z3.Or([z3.And(place == i, z3.Not(is_one(free, i)), is_one(heads, i),
                            z3.Or(is_one(free, i + 1), is_one(heads, i + 1))) for i in range(WORD - 1)])
    add('is_page', [free, heads, place], z3.If(is_page, z3.BitVecVal(1, 32), z3.BitVecVal(0, 32)),
        'a page allocated alone, the last of a word aside', 'all words, every place', [z3.ULT(place, WORD)], 32)
    add('words_with_state', [state, low, middle, high], where(lambda i: z3.ZeroExt(61, z3.Concat(
        z3.Extract(i, i, high), z3.Extract(i, i, middle), z3.Extract(i, i, low))) == state),
        'the words of a group that have it', 'all planes, every state', [z3.ULT(state, 8)])
    return made


class OwnedWord:
    """The word that single pages come from, with any pages free and any heads."""

    def __init__(self, image):
        size = image.call('unit_tree_make', [TREE])
        known = {i: int.from_bytes(read_bytes(TREE + i, 8), 'little') for i in range(0, TREE_SIZE, 8)}
        # As laid out above, of a tree without an owned word.
        assert size <= TREE_SIZE and known[OWNED] == ONES and known[OWNED_PAGE] == ONES - (WORD - 1), known
        self.free, self.heads = z3.BitVec('free', 64), z3.BitVec('heads', 64)
        self.first_page = z3.BitVec('first_page', 64)
        known.update({OWNED_FREE: FREE, OWNED_HEADS: HEADS, OWNED_PAGE: self.first_page})
        self.assumptions = [self.first_page & (WORD - 1) == 0, z3.ULT(self.first_page, 1 << PAGE_BITS)]
        self.regions = [
            Region('tree', TREE, TREE_SIZE, lambda address: known[address - TREE]),
            Region('words', FREE, 16, lambda address: self.free if address == FREE else self.heads, True)]

    def becomes(self, path, free, heads):
        after = [bits(path.state.cells.get(place, before), 64)
                 for place, before in ((FREE, self.free), (HEADS, self.heads))]
        return [('the free pages', after[0] == free), ('the heads', after[1] == heads)]


def owned_claims(image):
    owned = OwnedWord(image)
    free, heads, first = owned.free, owned.heads, owned.first_page
    end, number = z3.BitVec('end', 64), z3.BitVec('number', 64)
    is_free = lambda i: z3.And(is_one(free, i), z3.Not(is_one(heads, i)))

    def take(path):
        page = z3.BitVecVal(WORD, 64)
        for i in reversed(range(WORD)):
            page = z3.If(is_free(i), z3.BitVecVal(i, 64), page)
        done = z3.And(page != WORD, z3.ULT(first + page, end))
        return [('the lowest free page, or none', bits(path.result, 64) == z3.If(done, first + page, NONE))] + \
            owned.becomes(path, where(lambda i: z3.And(is_one(free, i), z3.Not(z3.And(done, page == i)))),
                          where(lambda i: z3.Or(is_one(heads, i), z3.And(done, page == i))))

    def give_back(path):
        page = number - first
        done = z3.Or([z3.And(page == i, z3.Not(is_one(free, i)), is_one(heads, i),
                             z3.Or(is_one(free, i + 1), is_one(heads, i + 1))) for i in range(WORD - 1)])
        result = z3.Extract(31, 0, bits(path.result, 64))
        return [('whether it is done', result == z3.If(done, z3.BitVecVal(1, 32), z3.BitVecVal(0, 32)))] + \
            owned.becomes(path, where(lambda i: z3.Or(is_one(free, i), z3.And(done, page == i))),
                          where(lambda i: z3.And(is_one(heads, i), z3.Not(z3.And(done, page == i)))))

    def claim(name, argument, check, shown, bounds, width):
        return Claim(name, 'unit_' + name, [TREE, argument], check, shown, bounds, owned.regions, owned.assumptions,
                     result_width=width, inputs=[argument, first, free, heads])

    NONE = z3.BitVecVal(ONES, 64)
    return [
        claim('take_owned', end, take, 'the lowest free page becomes a block of its own; else nothing changes',
              'all free and head bits of a word, every limit', 64),
        claim('free_owned', number, give_back, 'a block of one page becomes free; else nothing changes',
              'all free and head bits of a word, every page number', 32)]


def claims(image):
    return word_claims() + owned_claims(image)
