# SPDX-License-Identifier: GPL-2.0-only
"""A strict reader of the OpenMetrics text format, as far as ddectl uses it."""

import re

NAME = r'[a-zA-Z_][a-zA-Z0-9_]*'
VALUE = r'-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?'
LABEL = rf'({NAME})="((?:[^"\\\n]|\\[\\"n])*)"'
SAMPLE = re.compile(rf'({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? ({VALUE})')
SUFFIX = {'counter': '_total', 'info': '_info', 'gauge': '', 'stateset': ''}


class Bad(ValueError):
    """The text is not OpenMetrics; the message says where."""


class Reader:
    """Collects samples, {(name, labels): value}, line by line."""

    def __init__(self):
        self.samples = {}
        self.families = {}
        self.family = None
        self.last_meta = None

    def meta(self, line):
        m = re.fullmatch(rf'# (TYPE|UNIT|HELP) ({NAME}) (\S.*)', line)
        if not m:
            raise Bad(f'no metadata: {line}')
        what, name, text = m.groups()
        if name != self.family:
            if what != 'TYPE' or name in self.families or text not in SUFFIX:
                raise Bad(f'family without TYPE, twice, or of unknown type: {line}')
            self.family, self.families[name], self.last_meta = name, text, what
            return
        if self.last_meta is None or what == 'TYPE':
            raise Bad(f'metadata between samples or twice: {line}')
        if what == 'UNIT' and not name.endswith('_' + text):
            raise Bad(f'the name does not end in its unit: {line}')
        self.last_meta = what

    def sample(self, line):
        m = SAMPLE.fullmatch(line)
        if not m:
            raise Bad(f'no sample: {line}')
        kind = self.families.get(self.family)
        if kind is None or m[1] != self.family + SUFFIX[kind]:
            raise Bad(f'sample outside its family: {line}')
        labels = re.findall(LABEL, m[2] or '')
        key = (m[1], tuple(sorted(labels)))
        value = float(m[m.re.groups])
        if len(dict(labels)) != len(labels) or key in self.samples:
            raise Bad(f'label or sample twice: {line}')
        if kind == 'counter' and value < 0 or kind == 'info' and value != 1:
            raise Bad(f'bad value: {line}')
        if kind == 'stateset' and (self.family not in dict(labels) or value not in (0, 1)):
            raise Bad(f'no state: {line}')
        self.samples[key] = value
        self.last_meta = None


def parse(text):
    """Return: the samples of a text.  Raises Bad if it is malformed."""
    if not text.endswith('\n# EOF\n'):
        raise Bad('the text does not end with # EOF')
    reader = Reader()
    for line in text.split('\n')[:-2]:
        if line.startswith('#'):
            reader.meta(line)
        else:
            reader.sample(line)
    return reader.samples
