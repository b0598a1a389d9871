# SPDX-License-Identifier: MIT
"""Values of the machine: an int where it is known, and otherwise a bit vector of z3's.

A condition, a bit of VEX's, is a bool or a formula.
"""

import re

import z3

__all__ = ['CARRY', 'LAST_OPERATION', 'as_condition', 'bits', 'choose', 'concrete', 'either', 'extract',
           'flag_condition', 'insert', 'joined', 'low_bits', 'operate', 'same', 'simplified']


def is_known(value):
    return isinstance(value, int)


def bits(value, width):
    """The value as a bit vector."""
    return z3.BitVecVal(value, width) if is_known(value) else value


def simplified(value):
    """The value in its simplest form: an int if it turns out to be known."""
    if is_known(value):
        return value
    value = z3.simplify(value)
    return value.as_long() if z3.is_bv_value(value) else value


def concrete(value):
    """The value if it is known."""
    if is_known(value):
        return value
    return value.as_long() if z3.is_bv_value(value) else None


def as_condition(value):
    """A bool or a formula of a bit."""
    if isinstance(value, bool):
        return value
    if is_known(value):
        return value != 0
    if z3.is_bool(value):
        value = z3.simplify(value)
        return True if z3.is_true(value) else False if z3.is_false(value) else value
    return as_condition(value != 0)


def choose(condition, yes, no, width):
    if isinstance(condition, bool):
        return yes if condition else no
    if width == 1:
        return z3.If(condition, formula(yes), formula(no))
    if is_known(yes) and is_known(no) and yes == no:
        return yes
    return z3.If(condition, bits(yes, width), bits(no, width))


def formula(condition):
    return z3.BoolVal(condition) if isinstance(condition, bool) else condition


def extract(value, shift, width):
    if is_known(value):
        return value >> shift & ((1 << width) - 1)
    return z3.Extract(shift + width - 1, shift, value)


def insert(value, part, shift, width):
    """A word of 64 bits in which some are another's."""
    if width == 64:
        return part
    mask = (1 << width) - 1
    if is_known(value) and is_known(part):
        return value & ~(mask << shift) | (part & mask) << shift
    pieces = [bits(part, width)]
    if shift > 0:
        pieces.append(bits(extract(value, 0, shift), shift))
    if shift + width < 64:
        pieces.insert(0, bits(extract(value, shift + width, 64 - shift - width), 64 - shift - width))
    return z3.Concat(*pieces) if len(pieces) > 1 else pieces[0]


def same(one, other):
    if isinstance(one, int) or isinstance(other, int):
        return isinstance(one, int) and isinstance(other, int) and one == other
    return z3.eq(one, other)


def either(condition, one, other):
    """A word that is one or the other."""
    return one if same(one, other) else simplified(choose(condition, one, other, 64))


def joined(high, low, high_width, low_width):
    if is_known(high) and is_known(low):
        return high << low_width | low
    return z3.Concat(bits(high, high_width), bits(low, low_width))


def low_bits(value, count):
    """The lowest bits of a sum or a shifted value, if they are known whatever the rest is."""
    known = concrete(value)
    if known is not None:
        return known & (1 << count) - 1
    kind, parts = value.decl().kind(), value.children()
    if kind == z3.Z3_OP_CONCAT and parts[-1].size() >= count:
        return low_bits(parts[-1], count)
    if kind == z3.Z3_OP_BADD:
        found = [low_bits(part, count) for part in parts]
        return None if None in found else sum(found) & (1 << count) - 1
    if kind == z3.Z3_OP_ITE:
        found = {low_bits(part, count) for part in parts[1:]}
        return found.pop() if len(found) == 1 else None
    if kind in (z3.Z3_OP_BMUL, z3.Z3_OP_BSHL):
        by = concrete(parts[0] if kind == z3.Z3_OP_BMUL else parts[1])
        is_multiple = by is not None and (
            by % (1 << count) == 0 if kind == z3.Z3_OP_BMUL else by >= count)
        return 0 if is_multiple else None
    return None


# ---- The operations of VEX ----

def signed(value, width):
    return value - (1 << width) if value >> (width - 1) & 1 else value


def count_trailing_zeros(value, width):
    """The number of zeros below the lowest one; `width` of 0."""
    if is_known(value):
        return width if value == 0 else (value & -value).bit_length() - 1
    original, count, half = value, z3.BitVecVal(0, width), width // 2
    while half > 0:
        is_low_zero = z3.Extract(half - 1, 0, value) == 0
        count = count + z3.If(is_low_zero, z3.BitVecVal(half, width), z3.BitVecVal(0, width))
        value = z3.If(is_low_zero, z3.LShR(value, half), value)
        half //= 2
    return z3.If(original == 0, z3.BitVecVal(width, width), count)


def count_leading_zeros(value, width):
    if is_known(value):
        return width - value.bit_length()
    original, count, half = value, z3.BitVecVal(0, width), width // 2
    while half > 0:
        is_high_zero = z3.Extract(width - 1, width - half, value) == 0
        count = count + z3.If(is_high_zero, z3.BitVecVal(half, width), z3.BitVecVal(0, width))
        value = z3.If(is_high_zero, value << half, value)
        half //= 2
    return z3.If(original == 0, z3.BitVecVal(width, width), count)


BINARY = {
    'Add': (lambda a, b: a + b, lambda a, b: a + b),
    'Sub': (lambda a, b: a - b, lambda a, b: a - b),
    'Mul': (lambda a, b: a * b, lambda a, b: a * b),
    'And': (lambda a, b: a & b, lambda a, b: a & b),
    'Or': (lambda a, b: a | b, lambda a, b: a | b),
    'Xor': (lambda a, b: a ^ b, lambda a, b: a ^ b),
}
COMPARISONS = {
    'CmpEQ': (lambda a, b: a == b, lambda a, b: a == b),
    'CasCmpEQ': (lambda a, b: a == b, lambda a, b: a == b),
    'CmpNE': (lambda a, b: a != b, lambda a, b: a != b),
    'CasCmpNE': (lambda a, b: a != b, lambda a, b: a != b),
    'ExpCmpNE': (lambda a, b: a != b, lambda a, b: a != b),
    'CmpLT_U': (lambda a, b: a < b, z3.ULT),
    'CmpLE_U': (lambda a, b: a <= b, z3.ULE),
    # z3's own signs compare signed numbers.
    'CmpLT_S': (lambda a, b: a < b, lambda a, b: a < b),
    'CmpLE_S': (lambda a, b: a <= b, lambda a, b: a <= b),
}
NAME = re.compile(r'Iop_([A-Za-z]+?)(8|16|32|64)(U|S)?$')
CONVERSION = re.compile(r'Iop_(\d+)(U|S|HI|HL)?to(\d+)$')


def operate(name, values):
    match = CONVERSION.match(name)
    if match:
        return convert(int(match[1]), match[2], int(match[3]), values[0]) if len(values) == 1 else \
            joined(values[0], values[1], int(match[1]), int(match[1]))
    if name == 'Iop_Not1':
        return not values[0] if isinstance(values[0], bool) else z3.Not(values[0])
    if name in ('Iop_And1', 'Iop_Or1'):
        left, right = (formula(as_condition(v)) for v in values)
        return as_condition(z3.And(left, right) if name == 'Iop_And1' else z3.Or(left, right))
    if name in ('Iop_DivModU128to64', 'Iop_DivModS128to64') and all(is_known(v) for v in values):
        return divide(*values, is_signed='S' in name)
    match = NAME.match(name)
    if not match:
        raise NotImplementedError(name)
    kind, width, sign = match[1], int(match[2]), match[3]
    mask = (1 << width) - 1
    known = all(is_known(v) for v in values)
    if kind in BINARY:
        a, b = values
        if known:
            return BINARY[kind][0](a, b) & mask
        return BINARY[kind][1](bits(a, width), bits(b, width))
    if kind in ('CmpLT', 'CmpLE'):
        kind += '_' + sign
    if kind in COMPARISONS:
        known_way, way = COMPARISONS[kind]
        a, b = values
        if known and kind.endswith('_S'):
            a, b = signed(a, width), signed(b, width)
        return known_way(a, b) if known else way(bits(a, width), bits(b, width))
    if kind in ('Shl', 'Shr', 'Sar'):
        return shift(kind, width, *values)
    if kind == 'Not':
        return ~values[0] & mask if known else ~values[0]
    if kind in ('Ctz', 'CtzNat'):
        return count_trailing_zeros(values[0], width)
    if kind in ('Clz', 'ClzNat'):
        return count_leading_zeros(values[0], width)
    if kind == 'CmpNEZ':
        return values[0] != 0
    if kind in ('MullU', 'MullS') or (kind == 'Mull' and sign):
        extend = z3.ZeroExt if (sign or kind[-1]) == 'U' else z3.SignExt
        if known:
            a, b = values if extend is z3.ZeroExt else (signed(v, width) for v in values)
            return a * b & (1 << 2 * width) - 1
        return extend(width, bits(values[0], width)) * extend(width, bits(values[1], width))
    raise NotImplementedError(name)


def shift(kind, width, value, amount):
    if is_known(value) and is_known(amount):
        mask = (1 << width) - 1
        if kind == 'Shl':
            return value << amount & mask if amount < width else 0
        if kind == 'Shr':
            return value >> amount
        return (signed(value, width) >> min(amount, width - 1)) & mask
    value = bits(value, width)
    amount = z3.BitVecVal(amount, width) if is_known(amount) else \
        z3.ZeroExt(width - 8, amount) if width > 8 else amount
    return value << amount if kind == 'Shl' else z3.LShR(value, amount) if kind == 'Shr' else \
        value >> amount


def divide(value, divisor, is_signed):
    """The remainder and, below it, the quotient of known numbers, which must fit a word."""
    if is_signed:
        value, divisor = signed(value, 128), signed(divisor, 64)
    if divisor == 0:
        raise NotImplementedError('a division by 0')
    quotient = abs(value) // abs(divisor)
    if (value < 0) != (divisor < 0):
        quotient = -quotient
    mask = (1 << 64) - 1
    return (value - quotient * divisor & mask) << 64 | quotient & mask


def convert(before, how, after, value):
    if before == 1:
        if how == 'S':
            return choose(as_condition(value), (1 << after) - 1, 0, after)
        return choose(as_condition(value), 1, 0, after)
    if how == 'HI':
        return extract(value, after, after)
    if after < before:
        if after == 1:
            return as_condition(extract(value, 0, 1))
        return extract(value, 0, after)
    if is_known(value):
        return (signed(value, before) if how == 'S' else value) & (1 << after) - 1
    return (z3.SignExt if how == 'S' else z3.ZeroExt)(after - before, value)


# ---- Flags, which VEX keeps as an operation and what it was applied to ----

OPERATIONS = ('ADD', 'SUB', 'ADC', 'SBB', 'LOGIC', 'INC', 'DEC', 'SHL', 'SHR')
# Each for 8, 16, 32 and 64 bits, from 1 on.
LAST_OPERATION = 4 * len(OPERATIONS)
# The condition that the last sum did not fit, or the last difference was below 0.
CARRY = 2


def flag_condition(code, operation, first, second, carry):
    """Whether a condition of the processor (B, BE, L, …) holds after an operation."""
    if operation == 0:
        flags = bits(first, 64)
        carried, zero = z3.Extract(0, 0, flags) == 1, z3.Extract(6, 6, flags) == 1
        negative, overflown = z3.Extract(7, 7, flags) == 1, z3.Extract(11, 11, flags) == 1
    else:
        name = OPERATIONS[(operation - 1) // 4]
        width = 8 << (operation - 1) % 4
        a, b = (z3.Extract(width - 1, 0, bits(v, 64)) for v in (first, second))
        carried, overflown, result = flags_of(name, width, a, b, bits(carry, 64))
        zero, negative = result == 0, z3.Extract(width - 1, width - 1, result) == 1
    base = {0: lambda: overflown, 1: lambda: carried, 2: lambda: zero,
            3: lambda: z3.Or(carried, zero), 4: lambda: negative,
            6: lambda: negative != overflown, 7: lambda: z3.Or(zero, negative != overflown)}
    condition = base[code >> 1]()
    return as_condition(z3.Not(condition) if code & 1 else condition)


def flags_of(name, width, a, b, carry):
    """Carry, overflow and result.  What VEX keeps of shifts, INC and DEC is in part the result."""
    top = width - 1

    def sign(value):
        return z3.Extract(top, top, value) == 1

    old_carry = z3.Extract(0, 0, carry)
    if name == 'ADD':
        result = a + b
        return z3.ULT(result, a), sign((a ^ ~b) & (a ^ result)), result
    if name == 'SUB':
        result = a - b
        return z3.ULT(a, b), sign((a ^ b) & (a ^ result)), result
    if name in ('ADC', 'SBB'):
        # The second operand was kept with the old carry in its lowest bit exchanged.
        one = z3.ZeroExt(width - 1, old_carry)
        b = b ^ one
        if name == 'ADC':
            result = a + b + one
            carried = z3.If(old_carry == 1, z3.ULE(result, a), z3.ULT(result, a))
            return carried, sign((a ^ ~b) & (a ^ result)), result
        result = a - b - one
        carried = z3.If(old_carry == 1, z3.ULE(a, b), z3.ULT(a, b))
        return carried, sign((a ^ b) & (a ^ result)), result
    if name == 'LOGIC':
        return z3.BoolVal(False), z3.BoolVal(False), a
    if name == 'INC':
        return old_carry == 1, a == 1 << top, a
    if name == 'DEC':
        return old_carry == 1, a == (1 << top) - 1, a
    if name == 'SHL':
        return sign(b), sign(a ^ b), a
    return z3.Extract(0, 0, b) == 1, sign(a ^ b), a
