# SPDX-License-Identifier: GPL-2.0-only
"""What the rules about public headers share: the libraries, and the functions of a header."""

import re

# Name and folder of each library; its headers are in include/ddekit, its map beside that.
LIBRARIES = [('libddekit', 'ddekit'), ('libddekit-classic', 'ddekit/classic')]

_COMMENT = re.compile(r'/\*.*?\*/', re.DOTALL)
_FUNCTION = re.compile(r'^(?:extern )?((?:const |struct |unsigned )*\w+ ?\**) ?\b(ddekit_\w+)\(',
                       re.MULTILINE)


def headers_of(rule, library):
    return rule.files(rf'^{library[1]}/include/ddekit/[^/]+\.h$')


def without_macros(text):
    """Definitions of macros blanked out, lines kept."""
    return re.sub(r'^#(?:[^\n]*\\\n)*[^\n]*', lambda m: '\n' * m[0].count('\n'), text,
                  flags=re.MULTILINE)


def declarations(text):
    """(line, type, name, comment) of each function; the comment is the last one above it, if no
    empty line is between them."""
    text = without_macros(text)
    at = 0
    for paragraph in re.split(r'(?:\n[ \t]*)(?=\n)', text):
        comment = end = None
        for m in re.finditer(rf'{_COMMENT.pattern}|{_FUNCTION.pattern}', paragraph,
                             re.DOTALL | re.MULTILINE):
            if m[0].startswith('/*'):
                comment, end = m[0], m.end()
                continue
            assert end is None or end <= m.start()
            line = text.count('\n', 0, at + m.start(2)) + 1
            yield line, m[1].strip(), m[2], comment or ''
        at = text.index(paragraph, at) + len(paragraph)


def functions_of(rule, library):
    """Names of the functions in a library's headers."""
    return {name for h in headers_of(rule, library)
            for _, _, name, _ in declarations(rule.read(h))}
