# SPDX-License-Identifier: GPL-2.0-only
"""mkplugin check: checks that a plugin fits a runtime and is linked correctly."""

import json
import os
from dataclasses import dataclass

from . import elf
from .errors import Problem
from .link import OWN_EXPORTS


@dataclass
class Verdict:
    faults: list                # what is wrong, one line each; empty: it fits
    from_runtime: int = 0       # symbols bound to the runtime
    from_plugins: int = 0


def _read_abi(plugin):
    sym = next((s for s in plugin.symbols('.dynsym')
                if s.name == 'dde_plugin_abi' and s.shndx != elf.SHN_UNDEF), None)
    return plugin.string_at(sym.value) if sym else ''


def _exports(obj):
    return {s.name: s.version for s in obj.symbols('.dynsym')
            if s.shndx != elf.SHN_UNDEF and s.bind != elf.STB_LOCAL}


def _providers(plugin, runtime, folder, faults):
    """soname -> exported symbols, for everything in DT_NEEDED."""
    out = {}
    for soname in plugin.dynamic(elf.DT_NEEDED):
        if soname == runtime.soname:
            out[soname] = runtime.exports
            continue
        try:
            other = elf.Elf(os.path.join(folder, soname))
        except Problem as e:
            faults.append(f'needs {soname}: {e}')
            continue
        if 'dde_plugin_abi' not in _exports(other):
            faults.append(f'needs {soname}, which is neither the runtime nor a plugin')
        out[soname] = _exports(other)
    if runtime.soname not in out:
        faults.append(f'does not need {runtime.soname} (no DT_NEEDED entry)')
    return out


def _check_symbol(sym, providers, verdict, runtime):
    if not sym.library:
        if sym.bind != elf.STB_WEAK:
            verdict.faults.append(f'{sym.name}: undefined and bound to no version: nothing it '
                                  'needs provides it')
        return
    if sym.library not in providers:
        verdict.faults.append(f'{sym.name}@{sym.version}: wanted of {sym.library}, which is '
                              'not there')
    elif providers[sym.library].get(sym.name) != sym.version:
        verdict.faults.append(f'{sym.name}@{sym.version}: not exported by {sym.library}')
    elif sym.library == runtime.soname:
        verdict.from_runtime += 1
    else:
        verdict.from_plugins += 1


def _check_metadata(path, runtime, faults):
    """Checks that NAME.json describes the same runtime."""
    name = path.removesuffix('.so') + '.json'
    try:
        with open(name, encoding='utf-8') as f:
            meta = json.load(f)
    except FileNotFoundError:
        return
    except (OSError, ValueError) as e:
        faults.append(f'{name}: {e}')
        return
    for key, value in (('abi', runtime.abi), ('vermagic', runtime.vermagic)):
        if not isinstance(meta, dict) or meta.get(key) != value:
            faults.append(f'{os.path.basename(name)}: its {key} is not the runtime\'s')


def verify(path, runtime, folder=None):
    """Checks the plugin at path; dependencies are looked for in folder, its own by default."""
    plugin = elf.Elf(path)
    verdict = Verdict([])
    own = _exports(plugin)
    missing = [s for s in OWN_EXPORTS if s not in own]
    if missing:
        verdict.faults.append('no DDE plugin: does not export ' + ', '.join(missing))
        return verdict
    abi = _read_abi(plugin)
    if abi != runtime.abi:
        verdict.faults.append(f'built for a runtime with abi {abi}, this one has {runtime.abi}; '
                              'rebuild the plugin (mkplugin build)')
    magic = dict(plugin.modinfo()).get('vermagic', '')
    if magic != runtime.vermagic:
        verdict.faults.append(f'built for kernel "{magic}", the runtime is "{runtime.vermagic}"')
    if plugin.has_text_relocations():
        verdict.faults.append('has text relocations; its code was not compiled with -fPIC')
    providers = _providers(plugin, runtime, folder or os.path.dirname(os.path.abspath(path)),
                           verdict.faults)
    for sym in plugin.symbols('.dynsym'):
        if sym.name and sym.shndx == elf.SHN_UNDEF:
            _check_symbol(sym, providers, verdict, runtime)
    if folder is None:
        _check_metadata(path, runtime, verdict.faults)
    return verdict
