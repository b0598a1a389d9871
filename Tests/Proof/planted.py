# SPDX-License-Identifier: MIT
"""Changes of single instructions: whoever proves the code that has one must find a counterexample."""

# The opcodes of one byte that become each other: add and sub, and and or, with a register.
EXCHANGED = {0x01: 0x29, 0x29: 0x01, 0x03: 0x2b, 0x2b: 0x03, 0x21: 0x09, 0x09: 0x21, 0x23: 0x0b, 0x0b: 0x23}
# With a number, the operation is in bits 3 to 5 of the second byte: add, or, and, sub; not, neg; rol, ror, shl, shr.
OF_NUMBERS = {0: 5, 5: 0, 4: 1, 1: 4}
SHIFTS = {4: 5, 5: 4, 0: 1, 1: 0}
COUNTS = {0: 1, 1: 0}


def changed(instruction):
    """The bytes of an instruction that does something else; None where there is none of as many bytes.

    A condition is inverted: of a jump, of a move, of a byte that is set.  Sums become differences, what
    is cut out is joined, and what is shifted to the left goes to the right, and the other way round.
    """
    start = 0
    while instruction[start] in (0x66, 0xf2, 0xf3) or 0x40 <= instruction[start] <= 0x4f:
        start += 1
    code = bytearray(instruction)
    first = code[start]
    if 0x70 <= first <= 0x7f:
        code[start] ^= 1
        return bytes(code)
    if first == 0x0f and code[start + 1] >> 4 in (4, 8, 9):
        code[start + 1] ^= 1
        return bytes(code)
    if first in EXCHANGED:
        code[start] = EXCHANGED[first]
        return bytes(code)
    table = OF_NUMBERS if first in (0x81, 0x83) else SHIFTS if first in (0xc1, 0xd1, 0xd3) else \
        COUNTS if first == 0xff else None
    if table is None:
        return None
    operation = code[start + 1] >> 3 & 7
    if operation not in table:
        return None
    code[start + 1] = code[start + 1] & ~(7 << 3) | table[operation] << 3
    return bytes(code)


def places(machine):
    """Where the code that a proof has been through can be changed: the place, and its bytes then."""
    found = {}
    for block in machine.blocks.values():
        for statement in block.statements:
            if statement.tag == 'Ist_IMark':
                new = changed(machine.image.code(statement.addr, statement.len))
                if new is not None:
                    found[statement.addr] = new
    return sorted(found.items())


def spread(places, count):
    """So many of the places at most, spread evenly over all."""
    if len(places) <= count:
        return places
    return [places[index * len(places) // count] for index in range(count)]
