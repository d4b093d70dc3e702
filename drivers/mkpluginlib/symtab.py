# SPDX-License-Identifier: GPL-2.0-only
"""A plugin's symbol table in memory, so that the kernel can name addresses in backtraces.

The table's size is known before the link (the functions of the .ko), its values only after it:
room is reserved in the image, linked, and filled in the file. Values are relative to the image."""

import struct

from . import elf
from .errors import Problem

ENTRY = '<IBBHQQ'
ENTRY_SIZE = struct.calcsize(ENTRY)
IMAGE_SYMTAB, IMAGE_STRTAB = '.dde.symtab', '.dde.strtab'


def functions(obj):
    """The functions that an ELF file defines, by address; of one address, local names first."""
    found = [s for s in obj.symbols() if s.type == elf.STT_FUNC and s.name
             and s.shndx != elf.SHN_UNDEF]
    return sorted(found, key=lambda s: (s.value, s.bind != elf.STB_LOCAL, s.name))


def room(module):
    """Bytes for the table and for its strings; the first entry and string are the empty ones."""
    names = [s.name for s in functions(module.elf)]
    return (len(names) + 1) * ENTRY_SIZE, 1 + sum(len(n.encode()) + 1 for n in names)


def _content(symbols):
    table, strings = bytearray(ENTRY_SIZE), bytearray(1)
    for s in symbols:
        table += struct.pack(ENTRY, len(strings), s.bind << 4 | s.type, 0, s.shndx, s.value,
                             s.size)
        strings += s.name.encode() + b'\0'
    return table, strings


def fill(path):
    """Writes the functions of the linked file at path into the room reserved in it."""
    obj = elf.Elf(path)
    table, strings = _content(functions(obj))
    with open(path, 'r+b') as f:
        for name, content in ((IMAGE_SYMTAB, table), (IMAGE_STRTAB, strings)):
            section = obj.section(name)
            if section is None or section.size != len(content):
                raise Problem(f'{path}: the functions changed in the link: {name} has '
                              f'{section.size if section else 0} bytes, not {len(content)}')
            f.seek(section.offset)
            f.write(content)
