# SPDX-License-Identifier: GPL-2.0-only
"""NAME.json, the catalogue entry of a plugin. The schema is described in drivers/README.md."""

import json
import re
from dataclasses import dataclass, field

from .errors import Problem
from .tree import plain

SCHEMA = 1
PCI = re.compile(r'pci:v(\*|[0-9A-F]{8})d(\*|[0-9A-F]{8})sv(\*|[0-9A-F]{8})sd(\*|[0-9A-F]{8})'
                 r'bc(\*|[0-9A-F]{2})sc(\*|[0-9A-F]{2})i(\*|[0-9A-F]{2})\*?\Z', re.IGNORECASE)


@dataclass
class Plugin:
    """What one NAME.json describes."""
    name: str
    kind: str                   # driver, bridge, module
    cls: str
    own: list                   # its own modules; the last is the driver
    chain: list                 # all modules in load order
    description: str = ''
    recipe: str = ''
    recipe_path: str = ''
    options: dict = field(default_factory=dict)
    firmware: list = field(default_factory=list)
    bus: str = ''


def pci_id(alias):
    """A PCI modalias pattern in readable form; None for another bus."""
    m = PCI.match(alias)
    if not m:
        return None
    vendor, device, subvendor, subdevice = (f'{int(x, 16):04x}' if x != '*' else x
                                            for x in m.groups()[:4])
    text = f'{vendor}:{device}'
    if (subvendor, subdevice) != ('*', '*') or text == '*:*':
        text += f':{subvendor}:{subdevice}'
    cls = ''.join('**' if x == '*' else x.lower() for x in m.groups()[4:])
    return text if cls == '******' else f'{text} class {cls}'


def parameters(plugin):
    """The parameters of all its modules, its own first, with the texts of the recipe."""
    out, known = [], set()
    for m in [*reversed(plugin.own), *(x for x in plugin.chain if x not in plugin.own)]:
        texts = dict(v.split(':', 1) for v in m.tags('parm') if ':' in v)
        types = dict(v.split(':', 1) for v in m.tags('parmtype') if ':' in v)
        for name in sorted(types):
            text = texts.get(name, '').strip()
            if name in plugin.options and name not in known:
                text = plugin.options[name][0] + (f' ({text})' if text else '')
            known.add(name)
            out.append({'name': name, 'type': types[name], 'description': text,
                        'module': m.name})
    for name, (_, line) in plugin.options.items():
        if name not in known:
            raise Problem(f'{plugin.recipe_path}:{line}: {name} is no parameter of '
                          + ', '.join(m.name for m in plugin.chain))
    return out


def _unique(items):
    return list(dict.fromkeys(items))


def entry(plugin, runtime):
    """The JSON object of a plugin."""
    last = plugin.own[-1]
    aliases = sorted({a for m in plugin.own for a in m.tags('alias')})
    return {
        'schema': SCHEMA,
        'name': plugin.name,
        'kind': plugin.kind,
        'class': plugin.cls,
        'bus': plugin.bus,
        'description': plugin.description or last.tag('description'),
        'modules': [m.so for m in plugin.chain],
        'aliases': aliases,
        'pci_ids': _unique(i for i in map(pci_id, aliases) if i),
        'parameters': parameters(plugin),
        'firmware': _unique(plugin.firmware + [f for m in plugin.chain
                                               for f in m.tags('firmware')]),
        'license': last.tag('license'),
        'version': last.tag('version'),
        'vermagic': last.tag('vermagic'),
        'abi': runtime.abi,
        'release': runtime.release,
        'recipe': plugin.recipe,
        'out_of_tree': any(not m.tag('intree') for m in plugin.own),
    }


INDEX = 'modules.index'
INDEX_HEAD = '# Made by mkplugin: what request_module() finds here, see dde-linux/host/index.c\n'


def index(entries):
    """The text of modules.index, from the JSON objects of all plugins of a folder."""
    lines = []
    for e in sorted(entries, key=lambda e: e['name']):
        module = e['modules'][-1].removesuffix('.so')
        if same_name(e['name'], module):    # a recipe of another name is no module
            lines.append(f'module {module} {" ".join(e["modules"])}\n')
            lines += [f'alias {a} {module}\n' for a in e['aliases'] if not re.search(r'\s', a)]
    return INDEX_HEAD + ''.join(lines)


def text(plugin, runtime):
    return json.dumps(entry(plugin, runtime), indent=1, ensure_ascii=False) + '\n'


def check_fits(module, runtime):
    """Rejects a module that was built for another kernel."""
    magic = module.tag('vermagic')
    if magic != runtime.vermagic:
        raise Problem(f'{module.ko}: built for "{magic}", the runtime {runtime.path} is '
                      f'"{runtime.vermagic}"; rebuild both with dde-linux/source/build')


def same_name(a, b):
    return plain(a) == plain(b)
