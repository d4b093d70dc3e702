# SPDX-License-Identifier: GPL-2.0-only
"""From one finished .ko to one plugin: descriptor, linker scripts, ld."""

import os
import re
import subprocess

from . import elf, symtab
from .errors import Problem

# The sections that find_module_sections(), module_bug_finalize() and setup_modinfo() of the
# kernel look for. .symtab and .strtab join them, see symtab.py.
# tests/rules/plugin-sections compares the list with the kernel's source.
SECTIONS = (
    '__param', '__ksymtab', '__kcrctab', '__ksymtab_gpl', '__kcrctab_gpl',
    '__kflagstab', '.ctors', '.init_array',
    '.noinstr.text', '__tracepoints_ptrs', '___srcu_struct_ptrs', '__bpf_raw_tp_map',
    '__jump_table', '_ftrace_events', '_ftrace_eval_map', '__trace_printk_fmt', '__mcount_loc',
    '__patchable_function_entries', '_error_injection_whitelist', '.kprobes.text',
    '_kprobe_blacklist', '.printk_index', '.static_call_sites', '.kunit_test_suites',
    '.kunit_init_test_suites', '__ex_table', '__bug_table', '__dyndbg', '__dyndbg_classes',
    '.modinfo',
)
PERCPU = '.data..percpu'
PERCPU_ROOM = '.dde.percpu_room'
CONSTRUCTORS = ('.ctors', '.init_array')
IDENTIFIER = re.compile(r'[A-Za-z_][A-Za-z0-9_]*\Z')

SEAM_DIR = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))), 'dde-linux')

CC_FLAGS = ('-std=gnu11', '-O2', '-m64', '-fPIC', '-ffreestanding', '-fno-stack-protector',
            '-fcf-protection=none', '-fno-asynchronous-unwind-tables', '-Wall', '-Werror')
LD_FLAGS = ('-m', 'elf_x86_64', '-shared', '-Bsymbolic', '-z', 'text', '-z', 'defs', '-z', 'now',
            '-z', 'noexecstack', '-z', 'start-stop-visibility=hidden', '--hash-style=gnu',
            '--eh-frame-hdr', '--no-undefined-version', '--build-id=sha1', '--fatal-warnings')
OWN_EXPORTS = ('__this_module', 'dde_plugin_sections', 'dde_plugin_abi')


def _bounds(name):
    """The symbols at the start and the end of a section; those of ld if the name permits."""
    if IDENTIFIER.match(name):
        return f'__start_{name}', f'__stop_{name}'
    word = re.sub(r'[^A-Za-z0-9]', '_', name)
    return f'dde_start{word}', f'dde_end{word}'


def sections_of(module):
    """The non-empty sections of the module that are in SECTIONS."""
    out = []
    for name in SECTIONS:
        sec = module.elf.section(name)
        if sec is not None and sec.flags & elf.SHF_ALLOC and sec.size:
            out.append(sec)
    return out


def percpu_size(module):
    """The maximum size of the per-CPU variables of the module, with alignment."""
    found = [s for s in module.elf.sections if s.name == PERCPU or s.name.startswith(PERCPU + '..')]
    return sum(s.size + s.align for s in found if s.size)


def check_linkable(module, runtime):
    """Rejects a module that cannot become a plugin of this runtime."""
    size = percpu_size(module)
    if size and not runtime.percpu_unit:
        raise Problem(f'{module.ko}: has per-CPU data, but the runtime {runtime.path} has one '
                      'CPU only; build both in one kernel tree')
    if size > runtime.percpu_unit:
        raise Problem(f'{module.ko}: has {size} bytes of per-CPU data; the runtime has room for '
                      f'{runtime.percpu_unit} per CPU (DDE_PERCPU_UNIT in asm/percpu_unit.h)')


def descriptor(module, runtime):
    """C source of the symbols that the driver host looks up."""
    lines = [f'/* Made by drivers/mkplugin for {module.name}. */', '#include <seam.h>', '']
    entries = []
    names = [s.name for s in sections_of(module)]
    for name in names + ([PERCPU] if percpu_size(module) else []):
        start, end = _bounds(name)
        lines.append(f'extern char {start}[], {end}[] __attribute__((visibility("hidden")));')
        entries.append(f'\t{{ "{name}", {start}, {end} }},')
    for name, image, size in zip(('.symtab', '.strtab'),
                                 (symtab.IMAGE_SYMTAB, symtab.IMAGE_STRTAB),
                                 symtab.room(module)):
        word = 'dde_' + name[1:]
        lines.append(f'static const char {word}[{size}] '
                     f'__attribute__((section("{image}"), aligned(8), used)) = {{ 0 }};')
        entries.append(f'\t{{ "{name}", (void *){word}, (void *)({word} + {size}) }},')
    lines += ['', 'const struct dde_section dde_plugin_sections[] = {', *entries, '\t{ 0 },', '};',
              f'const char dde_plugin_abi[] = "{runtime.abi}";', '']
    return '\n'.join(lines)


def _percpu_script(module, runtime):
    """Per-CPU variables, followed by space for the copies of the CPUs other than 0.

    The copy for CPU n is n units behind a variable. Like .bss, this space has no bytes in the
    file, and CPUs that do not exist use no memory. It is just before .bss, because sections
    with bytes in the file cannot follow it."""
    if not percpu_size(module):
        return ''
    start, end = _bounds(PERCPU)
    room = (runtime.max_cpus - 1) * runtime.percpu_unit
    return (f'SECTIONS {{\n\t{PERCPU} : ALIGN(64) {{ {start} = .; '
            f'KEEP(*({PERCPU} {PERCPU}..*)) {end} = .; }}\n'
            f'\t{PERCPU_ROOM} (NOLOAD) : {{ . += {room:#x}; }}\n}} INSERT BEFORE .bss;')


def linker_script(module, runtime):
    """Gives bounds to sections whose name is no C identifier; empty if there are none.

    Constructors get another name: under their own the dynamic linker would call them before the
    runtime knows the module."""
    groups = {}
    for sec in sections_of(module):
        if IDENTIFIER.match(sec.name):
            continue
        start, end = _bounds(sec.name)
        place = '.text' if sec.flags & elf.SHF_EXECINSTR else \
                '.data' if sec.flags & elf.SHF_WRITE else '.rodata'
        name = '.dde' + sec.name if sec.name in CONSTRUCTORS else sec.name
        groups.setdefault(place, []).append(
            f'\t{name} : ALIGN(8) {{ {start} = .; KEEP(*({sec.name} {sec.name}.*)) '
            f'{end} = .; }}')
    scripts = ['SECTIONS {\n' + '\n'.join(lines) + f'\n}} INSERT AFTER {place};'
               for place, lines in groups.items()]
    return '\n'.join(filter(None, [*scripts, _percpu_script(module, runtime)]))


def version_node(module):
    return 'DDE_PLUGIN_' + module.name.replace('-', '_')


def version_script(module):
    names = '\n'.join(f'\t{s};' for s in (*OWN_EXPORTS, *module.exports))
    return f'{version_node(module)} {{\nglobal:\n{names}\nlocal:\n\t*;\n}};\n'


def _run(command, what):
    r = subprocess.run(command, capture_output=True, text=True, check=False)
    if r.returncode:
        text = (r.stderr or r.stdout).strip()
        raise Problem(f'{what}: {os.path.basename(command[0])} failed:\n{text}')


def _write(path, text):
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def recipe_of_link(module, runtime):
    """All inputs of the link except the .ko and the bindings of its symbols."""
    return '\0'.join((descriptor(module, runtime), linker_script(module, runtime),
                      version_script(module),
                      *CC_FLAGS, *LD_FLAGS))


def link(module, runtime, libraries, tmp):
    """Links module against the shared objects libraries, in the folder tmp, which is the
    caller's to remove. Returns the path of the new file."""
    check_linkable(module, runtime)
    base = os.path.join(tmp, module.name)
    out = base + '.so'
    _write(base + '.c', descriptor(module, runtime))
    _write(base + '.ver', version_script(module))
    _run(['cc', '-c', *CC_FLAGS, '-I', SEAM_DIR, '-o', base + '.o', base + '.c'], module.ko)
    script = linker_script(module, runtime)
    if script:
        _write(base + '.ld', script)
    _run(['ld', *LD_FLAGS, *(['-T', base + '.ld'] if script else []),
          '--version-script', base + '.ver', '-soname', module.so, '-o', out,
          module.ko, base + '.o', *libraries, runtime.path], module.ko)
    symtab.fill(out)
    return out
