# SPDX-License-Identifier: MIT
"""A linked program: its code and variables, as formulas read them, and as this process can run them."""

import ctypes
import struct

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int,
                      ctypes.c_long)
# Readable, writable, executable; private, fixed but not over anything else, anonymous.
ALL_RIGHTS, PLACED = 7, 0x2 | 0x100000 | 0x20
PAGE = 4096


def map_memory(start, byte_count):
    """Memory of this process at that very address, all zero."""
    if LIBC.mmap(start, byte_count, ALL_RIGHTS, PLACED, -1, 0) != start:
        raise OSError(ctypes.get_errno(), f'no memory at {start:#x}')


def read_bytes(address, byte_count):
    return ctypes.string_at(address, byte_count)


def write_bytes(address, content):
    ctypes.memmove(address, content, len(content))


class Image:
    """A static ELF program, in place in this process."""

    def __init__(self, path):
        with open(path, 'rb') as file:
            self.file = file.read()
        self.segments = []
        self.symbols, self.sizes = {}, {}
        self.read_segments()
        self.read_symbols()
        pages = sorted({address for start, end, _ in self.segments
                        for address in range(start & -PAGE, end, PAGE)})
        for page in pages:
            map_memory(page, PAGE)
        for start, _, content in self.segments:
            write_bytes(start, content)

    def read_segments(self):
        offset, size, count = struct.unpack_from('<Q', self.file, 32)[0], *struct.unpack_from(
            '<HH', self.file, 54)
        self.executable, self.constants = [], []
        for index in range(count):
            kind, flags, start, address, _, in_file, in_memory, _ = struct.unpack_from(
                '<IIQQQQQQ', self.file, offset + index * size)
            if kind != 1 or in_memory == 0:
                continue
            content = self.file[start:start + in_file] + bytes(in_memory - in_file)
            self.segments.append((address, address + in_memory, content))
            if flags & 1:
                self.executable.append((address, address + in_memory))
            elif flags & 3 == 0:
                self.constants.append((address & -8, -(-(address + in_memory) // 8) * 8))

    def read_symbols(self):
        offset = struct.unpack_from('<Q', self.file, 40)[0]
        size, count = struct.unpack_from('<HH', self.file, 58)
        sections = [struct.unpack_from('<IIQQQQIIQQ', self.file, offset + i * size)
                    for i in range(count)]
        for section in sections:
            if section[1] != 2:
                continue
            names = sections[section[6]][4]
            for place in range(section[4], section[4] + section[5], 24):
                name, _, _, number, value, length = struct.unpack_from('<IBBHQQ', self.file, place)
                if number == 0:
                    continue
                begin = names + name
                text = self.file[begin:self.file.index(b'\0', begin)].decode()
                self.symbols[text], self.sizes[text] = value, length

    def has_code(self, address):
        return any(start <= address < end for start, end in self.executable)

    def code(self, address, byte_count):
        for start, end, content in self.segments:
            if start <= address < end:
                return content[address - start:address - start + byte_count]
        raise KeyError(address)

    def patch(self, address, code):
        """Changes the code that is looked at; not what this process would run."""
        for index, (start, end, content) in enumerate(self.segments):
            if start <= address < end:
                place = address - start
                self.segments[index] = start, end, \
                    content[:place] + code + content[place + len(code):]

    def describe(self, address):
        """The function and the place in it."""
        value, name = max((value, name) for name, value in self.symbols.items() if value <= address)
        return f'{name}+{address - value:#x}'

    def is_readable(self, address, byte_count):
        return any(start <= address and address + byte_count <= end
                   for start, end, _ in self.segments)

    def cell(self, address):
        """What is in memory now; a proof begins with what its preparation has left there."""
        return int.from_bytes(read_bytes(address, 8), 'little')

    def set_variable(self, name, value):
        write_bytes(self.symbols[name], value.to_bytes(8, 'little'))

    def call(self, function, arguments, result=ctypes.c_uint64):
        """Calls a function on this processor."""
        kind = ctypes.CFUNCTYPE(result, *[ctypes.c_uint64] * len(arguments))
        return kind(self.symbols[function])(*arguments)
