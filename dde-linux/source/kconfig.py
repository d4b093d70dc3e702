# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's configuration: fragments merged into one, and a check of what came of it."""

import os
import re
from dataclasses import dataclass

from sourcetree import Problem

SET = re.compile(r'CONFIG_(\w+)=(.+)\Z')
UNSET = re.compile(r'# CONFIG_(\w+) is not set\Z')
UNKNOWN = re.compile(r'# CONFIG_(\w+) is unknown\Z')    # to this kernel
RECIPE = re.compile(r'# recipe: (.+)\Z')


@dataclass
class Request:
    """A symbol that a fragment sets; value 'n' for "is not set", '' for "is unknown"."""
    symbol: str
    value: str
    origin: str         # file and line, and the recipe if the fragment names one

    def line(self):
        if self.value == 'n':
            return f'# CONFIG_{self.symbol} is not set'
        return f'CONFIG_{self.symbol}={self.value}'


def read_fragment(path):
    """The requests of one file. Raises Problem naming file and line."""
    try:
        with open(path, encoding='utf-8') as f:
            lines = f.read().splitlines()
    except OSError as e:
        raise Problem(f'{path}: {e.strerror}') from e
    out, recipe = [], None
    for number, text in enumerate(map(str.strip, lines), 1):
        if m := RECIPE.match(text):
            recipe = m[1]
        where = f'{path}:{number}' + (f' (recipe {recipe})' if recipe else '')
        if m := SET.match(text):
            out.append(Request(m[1], m[2], where))
        elif m := UNSET.match(text):
            out.append(Request(m[1], 'n', where))
        elif m := UNKNOWN.match(text):
            out.append(Request(m[1], '', where))
        elif text and not text.startswith('#'):
            raise Problem(f'{where}: "{text}": expected CONFIG_NAME=value, '
                          '"# CONFIG_NAME is not set" or a comment')
    return out


def merge(groups):
    """One request per symbol. groups: lists of requests; a later group overrides an earlier one,
    but built in stays built in where a later one wants a module."""
    merged = {}
    for requests in groups:
        seen = {}
        for r in requests:
            old = seen.get(r.symbol)
            if old and 'n' in (old.value, r.value) and old.value != r.value:
                raise Problem(f'{r.origin}: CONFIG_{r.symbol}={r.value}, but {old.origin} '
                              f'has CONFIG_{r.symbol}={old.value}')
            seen[r.symbol] = r
            before = merged.get(r.symbol)
            if not (before and before.value == 'y' and r.value == 'm'):
                merged[r.symbol] = r
    return {symbol: r for symbol, r in merged.items() if r.value}


def _values(path):
    """symbol -> value of a .config file."""
    out = {}
    with open(path, encoding='utf-8') as f:
        for text in f.read().splitlines():
            if m := SET.match(text):
                out[m[1]] = m[2]
    return out


def _definition(tree, symbol):
    """What Kconfig says of a symbol: its file, and its "depends on" lines."""
    head = re.compile(rf'^(?:menu)?config {symbol}\n((?:[ \t].*\n|\n)*)', re.M)
    for base, folders, files in os.walk(tree):
        folders[:] = sorted(d for d in folders
                            if base != tree or d not in ('Documentation', 'tools'))
        for name in sorted(files):
            if not name.startswith('Kconfig'):
                continue
            path = os.path.join(base, name)
            with open(path, encoding='utf-8', errors='replace') as f:
                m = head.search(f.read())
            if m:
                depends = [x.strip() for x in m[1].splitlines() if x.strip().startswith('depends')]
                return os.path.relpath(path, tree), depends
    return None, []


def _complaint(tree, request, got):
    file, depends = _definition(tree, request.symbol)
    text = f'{request.origin}: {request.line()} did not take, it is {got}; '
    if not file:
        return text + 'this kernel has no such symbol'
    if not depends:
        return text + f'see {file}: a menu above it may be off, or another symbol selects it'
    return text + f'{file} says "{"; ".join(depends)}": set what it depends on in the same place'


def check(tree, config, merged):
    """Raises Problem, a line per request that config does not have."""
    values = _values(config)
    bad = []
    for r in merged.values():
        got = values.get(r.symbol, 'n')
        if got != r.value and not (r.value == 'm' and got == 'y'):
            bad.append(_complaint(tree, r, got))
    if bad:
        raise Problem('\n'.join(bad))
