# SPDX-License-Identifier: GPL-2.0-only
"""Recipes: drivers/plugins/NAME.plugin. The format is described in drivers/README.md."""

import os
import re
from dataclasses import dataclass, field

from .errors import Problem

CLASSES = ('net', 'block', 'input', 'usb', 'serial', 'sound', 'can', 'rng', 'watchdog', 'test')
KEYS = ('Description', 'Class', 'Kconfig', 'Module', 'Firmware', 'Bus', 'Kernel')
BUS = re.compile(r'[a-z]{2,15}\Z')
REQUIRED = ('Description', 'Class', 'Kconfig')
NAME = re.compile(r'[a-z0-9][a-z0-9_-]{0,30}\Z')
SYMBOL = re.compile(r'([A-Z0-9_a-z]+)(?:=(y|n|m|[0-9]+|0x[0-9a-fA-F]+|"[^"]*"))?\Z')
MODULE = re.compile(r'[A-Za-z0-9_-]+\Z')
KERNEL = re.compile(r'(>=|<)(\d+)\.(\d+)\Z')
PARAMETER = re.compile(r'[A-Za-z_][A-Za-z0-9_]*\Z')


@dataclass
class Recipe:
    path: str                   # as given
    shown: str                  # relative to the source tree
    name: str
    description: str = ''
    cls: str = ''
    bus: str = ''               # of its disks: the prefix of their links in by-id
    kconfig: list = field(default_factory=list)     # (symbol, value, line)
    modules: list = field(default_factory=list)
    firmware: list = field(default_factory=list)
    options: dict = field(default_factory=dict)     # parameter -> (text, line)
    kernel: list = field(default_factory=list)      # (">=" or "<", (major, minor)): all hold

    def fits(self, release):
        """Is it for a kernel such as "6.12.117"?"""
        version = tuple(int(n) for n in release.split('.')[:2])
        return all(version >= at if op == '>=' else version < at for op, at in self.kernel)


def shown_path(path):
    """A path relative to the source tree where that is possible, else the file's name."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
    full = os.path.realpath(path)
    return os.path.relpath(full, root) if full.startswith(root + os.sep) else os.path.basename(full)


class _Parser:
    def __init__(self, path):
        self.path, self.line, self.section = path, 0, None
        self.values = {}        # key of [Plugin] -> (value, line)
        self.options = {}

    def fail(self, text, line=None):
        raise Problem(f'{self.path}:{line or self.line}: {text}')

    def read(self):
        try:
            with open(self.path, encoding='utf-8') as f:
                lines = f.read().split('\n')
        except OSError as e:
            raise Problem(f'{self.path}: {e.strerror}') from e
        except UnicodeDecodeError as e:
            raise Problem(f'{self.path}: not UTF-8 text') from e
        for self.line, text in enumerate(lines, 1):
            text = text.strip()
            if text and text[0] not in '#;':
                self.take(text)
        self.line = len(lines)

    def take(self, text):
        if text.startswith('['):
            if text not in ('[Plugin]', '[Options]'):
                self.fail(f'unknown section {text}; allowed: [Plugin], [Options]')
            self.section = text
            return
        key, eq, value = (p.strip() for p in text.partition('='))
        if not eq:
            self.fail(f'"{text}": expected KEY=VALUE')
        if self.section is None:
            self.fail(f'{key}= stands before the first section; begin with [Plugin]')
        if not value:
            self.fail(f'{key}= is empty')
        table = self.values if self.section == '[Plugin]' else self.options
        if self.section == '[Plugin]' and key not in KEYS:
            self.fail(f'unknown key {key}=; allowed: {" ".join(KEYS)}')
        if self.section == '[Options]' and not PARAMETER.match(key):
            self.fail(f'"{key}" is no name of a module parameter')
        if key in table:
            self.fail(f'{key}= was given in line {table[key][1]} already')
        table[key] = (value, self.line)

    def kconfig(self):
        value, line = self.values['Kconfig']
        out = []
        for word in re.findall(r'(?:[^\s"]|"[^"]*")+', value):
            m = SYMBOL.match(word.removeprefix('CONFIG_'))
            if not m:
                self.fail(f'Kconfig={word}: expected SYMBOL, SYMBOL=y, =n, =m, =NUMBER or ="TEXT"',
                          line)
            out.append((m[1], m[2] or 'm', line))
        return out

    def kernel(self):
        value, line = self.values.get('Kernel', ('', 0))
        out = []
        for word in value.split():
            m = KERNEL.match(word)
            if not m:
                self.fail(f'Kernel={word}: expected >=MAJOR.MINOR or <MAJOR.MINOR', line)
            out.append((m[1], (int(m[2]), int(m[3]))))
        return out

    def words(self, key, pattern=None):
        value, line = self.values.get(key, ('', 0))
        for word in value.split():
            if pattern and not pattern.match(word):
                self.fail(f'{key}={word}: bad name', line)
        return value.split()


def parse(path):
    """Reads one recipe. Raises Problem with file and line."""
    name, ext = os.path.splitext(os.path.basename(path))
    if ext != '.plugin':
        raise Problem(f'{path}: a recipe is called NAME.plugin')
    if not NAME.match(name):
        raise Problem(f'{path}: a plugin\'s name has 1 to 31 lower-case letters, digits, "-", "_"')
    p = _Parser(path)
    p.read()
    for key in REQUIRED:
        if key not in p.values:
            p.fail(f'{key}= is missing')
    cls, line = p.values['Class']
    if cls not in CLASSES:
        p.fail(f'Class={cls}: unknown class; allowed: {" ".join(CLASSES)}', line)
    bus, line = p.values.get('Bus', ('', 0))
    if bus and (not BUS.match(bus) or cls != 'block'):
        p.fail(f'Bus={bus}: for Class=block, 2 to 15 lower-case letters', line)
    return Recipe(path=path, shown=shown_path(path), name=name,
                  description=p.values['Description'][0], cls=cls, bus=bus, kconfig=p.kconfig(),
                  modules=p.words('Module', MODULE) or [name], firmware=p.words('Firmware'),
                  options=p.options, kernel=p.kernel())


def parse_all(paths):
    """Reads recipes; two of the same name are an error."""
    seen = {}
    for path in paths:
        r = parse(path)
        if r.name in seen:
            raise Problem(f'{path}: plugin {r.name} is defined by {seen[r.name].path} already')
        seen[r.name] = r
    return list(seen.values())


def fragment(recipes):
    """The Kconfig fragment for all recipes: each line below a comment naming its recipe."""
    set_by, lines = {}, ['# Made by drivers/mkplugin config.']
    for r in recipes:
        lines.append(f'# recipe: {r.shown}')
        for symbol, value, line in r.kconfig:
            where = f'{r.path}:{line}'
            if symbol not in set_by:
                lines.append(f'CONFIG_{symbol}={value}' if value != 'n'
                             else f'# CONFIG_{symbol} is not set')
            old, by = set_by.setdefault(symbol, (value, where))
            if old != value:
                raise Problem(f'{where}: {symbol}={value}, but {by} has {symbol}={old}')
    return '\n'.join(lines) + '\n'
