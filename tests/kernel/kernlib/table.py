# SPDX-License-Identifier: GPL-2.0-only
"""Reads modules.conf: how to run test modules without KUnit, and how they report results."""

import configparser
import errno
import re
from dataclasses import dataclass, field


class TableError(Exception):
    """An error in modules.conf, with its section."""


@dataclass
class Entry:
    """One section. README.md describes the keys."""
    name: str
    module: str
    group: str = 'module'
    args: str = ''
    cmdline: str = ''
    pool: int = 0
    init: int = 0
    why: str = ''
    quiet: str = ''
    passes: list = field(default_factory=list)
    fails: list = field(default_factory=list)
    allows: list = field(default_factory=list)
    count: object = None
    load: list = field(default_factory=list)
    then: list = field(default_factory=list)
    seconds: float = 0
    unload: bool = False
    timeout: float = 60
    smp: bool = False
    concurrency: bool = False
    core: bool = True
    nightly: str = ''
    skip: str = ''
    one_cpu: str = ''


def _patterns(text):
    return [re.compile(line) for line in text.splitlines() if line.strip()]


def _init(text):
    """A result of init: 0, -22 or -EINVAL."""
    if text.lstrip('-').isdigit():
        return int(text)
    return -getattr(errno, text.lstrip('-'))


READERS = {
    'module': str, 'group': str, 'args': str, 'cmdline': str, 'pool': int, 'init': _init,
    'why': str, 'quiet': str, 'pass': _patterns, 'fail': _patterns, 'allow': _patterns,
    'count': re.compile,
    'load': str.split, 'then': str.split, 'seconds': float, 'timeout': float, 'nightly': str,
    'unload': lambda t: {'yes': True, 'no': False}[t], 'smp': lambda t: {'yes': True}[t],
    'concurrency': lambda t: {'yes': True}[t], 'core': lambda t: {'no': False}[t],
    'skip': str, 'one_cpu': str,
}
FIELD = {'pass': 'passes', 'fail': 'fails', 'allow': 'allows'}


def _entry(name, section):
    values = {}
    for key, text in section.items():
        if key not in READERS:
            raise TableError(f'[{name}]: unknown key "{key}"')
        try:
            values[FIELD.get(key, key)] = READERS[key](text)
        except (ValueError, KeyError, AttributeError, re.error) as e:
            raise TableError(f'[{name}]: {key} = {text}: {e}') from e
    e = Entry(name=name, **{'module': name, **values})
    if not (e.passes or e.quiet or e.skip or e.group == 'kunit'):
        raise TableError(f'[{name}]: no "pass" or "quiet": the result of init is not enough')
    if (e.init or e.allows or e.skip) and not (e.why or e.skip):
        raise TableError(f'[{name}]: has "init" or "allow" without "why"')
    return e


def read(path):
    """section name -> Entry, in the order of the file."""
    parser = configparser.RawConfigParser(strict=True, delimiters=('=',), comment_prefixes=('#',))
    try:
        with open(path, encoding='utf-8') as f:
            parser.read_file(f)
        return {n: _entry(n, parser[n]) for n in parser.sections()}
    except (configparser.Error, TableError, OSError) as e:
        raise TableError(f'{path}: {e}') from e
