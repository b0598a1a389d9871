# SPDX-License-Identifier: MIT
"""Addresses and numbers of pages, as formulas."""

import z3

from values import bits

PAGE_SHIFT = 12
PAGE = 1 << PAGE_SHIFT
# Numbers in which no sum of two words wraps around.
WIDTH = 72


def wide(value):
    return z3.ZeroExt(WIDTH - 64, bits(value, 64))


def number(value):
    return z3.BitVecVal(value, WIDTH)


def narrow(value):
    return z3.Extract(63, 0, value)


def word(value):
    return z3.BitVecVal(value, 64)


def page_down(address):
    return z3.LShR(address, PAGE_SHIFT)


def page_up(address):
    return z3.LShR(address + (PAGE - 1), PAGE_SHIFT)


def lowest(a, b):
    return z3.If(z3.ULT(a, b), a, b)


def highest(a, b):
    return z3.If(z3.ULT(a, b), b, a)
