# SPDX-License-Identifier: GPL-2.0-only
"""A reader for x86-64 ELF objects and shared objects, as far as mkplugin needs it."""

import struct
from dataclasses import dataclass

from .errors import Problem

SHT_NOBITS, SHT_DYNAMIC, SHT_RELR = 8, 6, 19
SHT_RELA, SHT_GNU_VERDEF, SHT_GNU_VERNEED = 4, 0x6ffffffd, 0x6ffffffe
SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR = 1, 2, 4
DT_NEEDED, DT_SONAME, DT_TEXTREL = 1, 14, 22
R_X86_64_64, R_X86_64_RELATIVE = 1, 8
STB_LOCAL, STB_WEAK = 0, 2
STT_FUNC = 2
SHN_UNDEF = 0


@dataclass
class Section:
    name: str
    type: int
    flags: int
    addr: int
    offset: int
    size: int
    link: int
    info: int
    entsize: int
    align: int


@dataclass
class Symbol:
    name: str
    bind: int
    type: int
    shndx: int
    value: int
    size: int
    version: str = ''   # node of a definition or of a reference
    library: str = ''   # soname that a versioned reference is bound to


class Elf:
    """One file, completely read. A malformed file raises a Problem, never another exception."""

    def __init__(self, path):
        self.path = str(path)
        try:
            with open(path, 'rb') as f:
                self.data = f.read()
        except OSError as e:
            raise Problem(f'{self.path}: {e.strerror}') from e
        try:
            self._read_header()
        except (struct.error, IndexError, UnicodeDecodeError, ValueError) as e:
            raise Problem(f'{self.path}: damaged ELF file') from e

    def _read_header(self):
        d = self.data
        if d[:4] != b'\x7fELF':
            raise Problem(f'{self.path}: not an ELF file')
        machine, = struct.unpack_from('<H', d, 18)
        if d[4:6] != b'\x02\x01' or machine != 62:
            raise Problem(f'{self.path}: not for x86-64')
        shoff, = struct.unpack_from('<Q', d, 40)
        shentsize, shnum, shstrndx = struct.unpack_from('<HHH', d, 58)
        raw = [struct.unpack_from('<IIQQQQIIQQ', d, shoff + i * shentsize) for i in range(shnum)]
        names = raw[shstrndx]
        self.sections = []
        for n, typ, flags, addr, off, size, link, info, align, entsize in raw:
            if typ != SHT_NOBITS and off + size > len(d):
                raise Problem(f'{self.path}: truncated')
            name = self._cstring(names[4] + n)
            self.sections.append(Section(name, typ, flags, addr, off, size, link, info, entsize,
                                         align))

    def _cstring(self, at):
        return self.data[at:self.data.index(b'\0', at)].decode()

    def section(self, name):
        """The first section of that name, or None."""
        return next((s for s in self.sections if s.name == name), None)

    def bytes(self, section):
        """A section's content; empty for none."""
        if section is None or section.type == SHT_NOBITS:
            return b''
        return self.data[section.offset:section.offset + section.size]

    def _guard(self, fn, *args):
        try:
            return fn(*args)
        except (struct.error, IndexError, UnicodeDecodeError, ValueError) as e:
            raise Problem(f'{self.path}: damaged ELF file') from e

    def modinfo(self):
        """The tag=value strings of .modinfo, in order, as pairs."""
        parts = self._guard(lambda: self.bytes(self.section('.modinfo')).decode('utf-8', 'replace'))
        return [tuple(p.split('=', 1)) for p in parts.split('\0') if '=' in p]

    def symbols(self, table='.symtab'):
        """Symbols of .symtab or .dynsym; dynamic ones with their versions."""
        return self._guard(self._symbols, table)

    def _symbols(self, table):
        sec = self.section(table)
        if sec is None:
            return []
        strings = self.sections[sec.link].offset
        out = []
        for n, info, _other, shndx, value, size in struct.iter_unpack('<IBBHQQ', self.bytes(sec)):
            out.append(Symbol(self._cstring(strings + n), info >> 4, info & 15, shndx, value,
                              size))
        if table == '.dynsym':
            self._add_versions(out)
        return out

    def _add_versions(self, symbols):
        nodes = self._version_nodes()
        versym = self.section('.gnu.version')
        if versym is None:
            return
        for sym, (v,) in zip(symbols, struct.iter_unpack('<H', self.bytes(versym))):
            sym.version, sym.library = nodes.get(v & 0x7fff, ('', ''))

    def _version_nodes(self):
        """Version index -> (node, soname it is needed of)."""
        nodes = {}
        for sec in self.sections:
            if sec.type == SHT_GNU_VERDEF:
                self._verdef(sec, nodes)
            elif sec.type == SHT_GNU_VERNEED:
                self._verneed(sec, nodes)
        return nodes

    def _verdef(self, sec, nodes):
        strings, at = self.sections[sec.link].offset, sec.offset
        for _ in range(sec.info):
            _, flags, ndx, _, _, aux, nxt = struct.unpack_from('<HHHHIII', self.data, at)
            name, = struct.unpack_from('<I', self.data, at + aux)
            if not flags & 1:   # the file's own name is no version
                nodes[ndx] = (self._cstring(strings + name), '')
            if not nxt:
                break
            at += nxt

    def _verneed(self, sec, nodes):
        strings, at = self.sections[sec.link].offset, sec.offset
        for _ in range(sec.info):
            _, count, file, aux, nxt = struct.unpack_from('<HHIII', self.data, at)
            a = at + aux
            for _ in range(count):
                _, _, other, name, anxt = struct.unpack_from('<IHHII', self.data, a)
                nodes[other] = (self._cstring(strings + name), self._cstring(strings + file))
                if not anxt:
                    break
                a += anxt
            if not nxt:
                break
            at += nxt

    def dynamic(self, tag):
        """The strings of all dynamic entries with tag DT_NEEDED or DT_SONAME."""
        return self._guard(self._dynamic, tag)

    def _dynamic(self, tag):
        sec = next((s for s in self.sections if s.type == SHT_DYNAMIC), None)
        if sec is None:
            return []
        strings = self.sections[sec.link].offset
        return [self._cstring(strings + (v if tag != DT_TEXTREL else 0))
                for t, v in struct.iter_unpack('<QQ', self.bytes(sec)) if t == tag]

    def has_text_relocations(self):
        return bool(self._guard(self._dynamic, DT_TEXTREL))

    def offset_of(self, addr):
        """File offset of a linked address."""
        for s in self.sections:
            if s.flags & SHF_ALLOC and s.type != SHT_NOBITS and s.addr <= addr < s.addr + s.size:
                return s.offset + addr - s.addr
        raise ValueError(addr)

    def strings_at(self, pointers):
        """The strings that relocated char pointers of a shared object point to.

        pointers: linked addresses of the pointers. Follows RELA entries; where there is none,
        the pointer stands in place (RELR)."""
        return self._guard(self._strings_at, list(pointers))

    def _strings_at(self, pointers):
        found = dict.fromkeys(pointers)
        for sec in self.sections:
            if sec.type == SHT_RELA and sec.flags & SHF_ALLOC:
                for where, info, addend in struct.iter_unpack('<QQq', self.bytes(sec)):
                    if where in found:
                        found[where] = self._target(sec, info, addend)
        for where, target in found.items():
            if target is None:
                found[where], = struct.unpack_from('<Q', self.data, self.offset_of(where))
        return [self._cstring(self.offset_of(found[p])) for p in pointers]

    def _target(self, sec, info, addend):
        if info & 0xffffffff == R_X86_64_RELATIVE:
            return addend
        if info & 0xffffffff != R_X86_64_64:
            raise ValueError(info)
        at = self.sections[sec.link].offset + (info >> 32) * 24
        return struct.unpack_from('<Q', self.data, at + 8)[0] + addend

    def number_at(self, addr, size):
        """The unsigned number of size bytes at a linked address."""
        def read():
            at = self.offset_of(addr)
            return int.from_bytes(self.data[at:at + size], 'little')
        return self._guard(read)

    def string_at(self, addr):
        """The string at a linked address."""
        return self._guard(lambda: self._cstring(self.offset_of(addr)))
