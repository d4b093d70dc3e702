# SPDX-License-Identifier: GPL-2.0-only
"""mkplugin module: an out-of-tree module, built by kbuild against the runtime's build tree.

The source folder is copied, changed files only, so that no object lands in it; kbuild then
compiles what an edit made old and no more."""

import contextlib
import fcntl
import filecmp
import hashlib
import os
import re
import shutil
import subprocess

from .errors import Problem

# What an earlier build in place may have left in a source folder.
DEBRIS = re.compile(r'(\.o|\.ko|\.a|\.mod|\.mod\.c|\.cmd|\.so|~)\Z|\A(\.git|\.tmp_versions|'
                    r'modules\.order|Module\.symvers)\Z')
SET = re.compile(r'[A-Za-z_][A-Za-z0-9_]*=.*\Z')


def work_folder(out, source):
    """Where the copy of source is built: one folder per source folder."""
    digest = hashlib.sha256(os.path.abspath(source).encode()).hexdigest()[:8]
    name = os.path.basename(os.path.abspath(source)) or 'root'
    return os.path.join(out.state, f'work.{name}.{digest}')


def _files(folder):
    """Relative paths of all files that count as source."""
    for base, folders, files in os.walk(folder):
        folders[:] = sorted(d for d in folders if not DEBRIS.search(d))
        for f in files:
            if not DEBRIS.search(f):
                yield os.path.relpath(os.path.join(base, f), folder)


@contextlib.contextmanager
def locked(work):
    """Serialises builds of one source folder."""
    os.makedirs(os.path.dirname(work), exist_ok=True)
    with open(work + '.lock', 'w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def refresh_copy(source, work):
    """Copies changed sources from source to work. Unchanged files keep their time stamp."""
    if not os.path.isdir(source):
        raise Problem(f'{source}: no such folder; name the folder with the module\'s Makefile')
    if not any(os.path.isfile(os.path.join(source, m)) for m in ('Kbuild', 'Makefile')):
        raise Problem(f'{source}: has no Kbuild or Makefile')
    if os.path.commonpath([os.path.realpath(source), os.path.realpath(work)]) == \
            os.path.realpath(source):
        raise Problem(f'{source}: contains the output folder; choose an --out outside of it')
    os.makedirs(work, exist_ok=True)
    wanted = set(_files(source))
    for rel in sorted(wanted):
        src, dst = os.path.join(source, rel), os.path.join(work, rel)
        if os.path.isfile(dst) and filecmp.cmp(src, dst, shallow=False):
            continue
        os.makedirs(os.path.dirname(dst), exist_ok=True)
        shutil.copyfile(src, dst)
    for rel in set(_files(work)) - wanted:
        if not rel.endswith('.mod.c'):
            os.unlink(os.path.join(work, rel))


def _make_variables(tree, jobs, settings, flags):
    for s in settings:
        if not SET.match(s):
            raise Problem(f'--set {s}: expected NAME=VALUE, such as CONFIG_FOO=m')
    cc = ['CC=ccache gcc'] if shutil.which('ccache') else []
    return [f'-j{jobs}', '-C', tree.obj, 'ARCH=dde', *cc, 'KCFLAGS=' + ' '.join(flags), *settings]


def build(tree, source, work, jobs, settings, debug_info, show):
    """Runs kbuild. Return: plain names of the modules made.

    show: called with kbuild's output, compiler errors with the source folder's own paths."""
    refresh_copy(source, work)
    for stale in ('modules.order', 'Module.symvers'):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(work, stale))
    # What names a file, names that of the source folder.
    flags = [f'-ffile-prefix-map={work}/={os.path.abspath(source)}/', *(['-g'] * debug_info)]
    variables = _make_variables(tree, jobs, settings, flags)
    r = subprocess.run(['make', *variables, f'M={work}', 'modules'],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       errors='replace', check=False)
    show(r.stdout.replace(work + '/', os.path.join(source, '')))
    if r.returncode:
        raise Problem(f'{source}: kbuild failed (make returned {r.returncode}); '
                      'its messages stand above')
    order = os.path.join(work, 'modules.order')
    if not os.path.exists(order) or not os.path.getsize(order):
        raise Problem(f'{source}: kbuild made no module; does the Makefile say obj-m? For a copy '
                      'of an in-tree driver name its symbol, such as --set CONFIG_E1000E=m')
    return tree.add_external(work)
