# SPDX-License-Identifier: GPL-2.0-only
"""The distribution's kernel source: where it comes from, unpacking it, comparing with it."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time

TARBALL = '/usr/src/linux-source-6.12.tar.xz'     # of the default kernel
UNPACKED_BYTES = 1_700_000_000      # what the tree takes, with room for directories
# Our folders (symlinks): nothing else may be in the tree beside the package's files.
ADDED = ('arch/dde',)


class Problem(Exception):
    """An error to be shown to the user as it is."""


_start = time.monotonic()


def say(text):
    """A progress line."""
    print(f'[{time.monotonic() - _start:6.1f} s] {text}', flush=True)


def write_file(path, text):
    """Writes a file atomically."""
    tmp = f'{path}.new'
    try:
        with open(tmp, 'w', encoding='utf-8') as f:
            f.write(text)
        os.replace(tmp, path)
    except OSError as e:
        with contextlib.suppress(OSError):
            os.unlink(tmp)
        raise Problem(f'{path}: {e.strerror}') from e


def read_json(path):
    """The object in a JSON file; {} if there is none."""
    try:
        with open(path, encoding='utf-8') as f:
            return json.load(f)
    except (OSError, ValueError):
        return {}


def write_json(path, value):
    write_file(path, json.dumps(value, indent=1, sort_keys=True) + '\n')


class Source:
    """A tarball, and the tree that it is unpacked to in a build directory."""

    def __init__(self, builddir, tarball):
        self.builddir = os.path.abspath(builddir)
        self.tarball = os.path.abspath(tarball)
        self.package = package_of(tarball)
        self.tree = os.path.join(self.builddir, self.package)
        self.record = os.path.join(self.builddir, 'source.json')
        if not os.path.isfile(self.tarball):
            raise Problem(f'{self.tarball}: no such file. Install the kernel source with '
                          f'"apt-get install {package_of(TARBALL)}" or name the file with --source')

    def identity(self):
        """Identifies the tarball, by its hash too (cached as long as the file is the same)."""
        st = os.stat(self.tarball)
        known = read_json(self.record)
        same = {'tarball': self.tarball, 'size': st.st_size, 'mtime_ns': st.st_mtime_ns}
        if all(known.get(k) == v for k, v in same.items()) and known.get('sha256'):
            return {**same, 'sha256': known['sha256'], 'package_version': known['package_version']}
        return {**same, 'sha256': digest_of(self.tarball, 'sha256'),
                'package_version': package_version(self.tarball)}

    def unpack(self):
        """Unpacks the tarball unless the tree is there. Returns identity()."""
        identity = self.identity()
        known = read_json(self.record)
        if os.path.isdir(self.tree) and not known:
            say(f'{self.tree} exists, without a record of its origin: comparing it')
            differences = compare(self)
            if differences.any():
                raise Problem(f'{self.tree}: is not what is in {self.tarball} '
                              f'({differences.summary()}); remove it and build again')
        elif not os.path.isdir(self.tree) or known.get('sha256') != identity['sha256']:
            self._unpack_anew()
        if known != identity:
            write_json(self.record, identity)
        return identity

    def _unpack_anew(self):
        free = shutil.disk_usage(self.builddir).free
        if free < UNPACKED_BYTES:
            raise Problem(f'{self.builddir}: {free >> 20} MB free, the kernel source needs '
                          f'{UNPACKED_BYTES >> 20} MB; free some space or choose another '
                          '--builddir')
        say(f'unpacking {self.tarball}')
        temporary = os.path.join(self.builddir, f'.{self.package}.unpacking')
        try:
            shutil.rmtree(temporary, ignore_errors=True)
            os.mkdir(temporary)
            run_tar(self.tarball, temporary)
            inner = os.path.join(temporary, self.package)
            if not os.path.isfile(os.path.join(inner, 'Makefile')):
                raise Problem(f'{self.tarball}: has no {self.package}/Makefile; '
                              'is it the kernel source?')
            self._remove_old(temporary)
            os.replace(inner, self.tree)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _remove_old(self, temporary):
        """Removes another package's tree and all that was compiled from it: its files may be
        newer than this one's, and make would not recompile them."""
        if os.path.isdir(self.tree):
            say('removing the tree of another package')
            os.replace(self.tree, os.path.join(temporary, 'old'))
        for name in os.listdir(self.builddir):
            if name.startswith('obj-'):
                os.replace(os.path.join(self.builddir, name), os.path.join(temporary, name))

    def version(self):
        """"6.12", by the tree's Makefile."""
        with open(os.path.join(self.tree, 'Makefile'), encoding='utf-8') as f:
            found = dict(re.findall(r'^(VERSION|PATCHLEVEL) = (\d+)$', f.read(), re.M))
        if len(found) != 2:
            raise Problem(f'{self.tree}/Makefile: names no version; is it the kernel source?')
        return f'{found["VERSION"]}.{found["PATCHLEVEL"]}'

    def add_folders(self, arch):
        """Links our folders into the tree; arch is the folder to appear as arch/dde."""
        for name in ADDED:
            link = os.path.join(self.tree, name)
            target = os.path.relpath(os.path.realpath(arch),
                                     os.path.realpath(os.path.dirname(link)))
            if os.path.islink(link) and os.readlink(link) == target:
                continue
            if os.path.lexists(link) and not os.path.islink(link):
                raise Problem(f'{link}: remove it; the package has no such folder')
            with contextlib.suppress(FileNotFoundError):
                os.unlink(link)
            os.symlink(target, link)


def run_tar(tarball, folder):
    """Unpacks with tar, which may use several processors for xz."""
    command = ['tar', '--extract', '--file', tarball, '--directory', folder]
    if tarball.endswith('.xz'):
        command += ['--use-compress-program', 'xz --threads=0']
    r = subprocess.run(command, stderr=subprocess.PIPE, text=True, errors='replace', check=False)
    if r.returncode:
        lines = r.stderr.strip().splitlines()
        full = next((x for x in lines if 'No space left' in x), None)
        hint = f'; free some space on {os.path.dirname(folder)} and build again' if full else ''
        raise Problem(f'unpacking {tarball}: {full or (lines or ["tar failed"])[0]}{hint}')


def package_of(tarball):
    """A tarball's folder has the same name: "linux-source-6.12", or "linux-6.12.9"."""
    name = os.path.basename(tarball)
    end = name.find('.tar')
    return name[:end] if end > 0 else name


def digest_of(path, kind):
    """The checksum of a file's content."""
    with open(path, 'rb') as f:
        return hashlib.file_digest(f, kind).hexdigest()


def _dpkg(*arguments):
    r = subprocess.run(['dpkg-query', *arguments], stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL, text=True, check=False)
    return r.stdout.strip() if r.returncode == 0 else ''


def package_version(tarball):
    """Version of the installed package whose checksum the tarball has; None if it is another
    file, or the package is not installed."""
    package = package_of(tarball)
    name = f'usr/src/{package}.tar.xz'
    sums = [x.split(maxsplit=1)[0]
            for x in _dpkg('--control-show', package, 'md5sums').splitlines()
            if x.split(maxsplit=1)[1:] == [name]]
    if sums != [digest_of(tarball, 'md5')]:
        return None
    return _dpkg('--show', '--showformat=${Version}', package) or None


class Differences:
    """What compare() found."""

    def __init__(self):
        self.files = 0          # in the package
        self.same = 0
        self.changed = []       # other content, or another kind of file
        self.missing = []       # in the package, not in the tree
        self.extra = []         # in the tree, not in the package
        self.added = []         # our folders

    def any(self):
        return bool(self.changed or self.missing or self.extra)

    def summary(self):
        return (f'{self.files} files in the package, {self.same} identical, '
                f'{len(self.changed)} changed, {len(self.missing)} missing, '
                f'{len(self.extra)} extra, added: {", ".join(self.added) or "none"}')


# What the package holds, by name: 'l' and a link's target, 'h' for a second name of a
# file (its content counts under the first), else the SHA-256 of the content.

def _package_of(tarball):
    """Reads the tarball. Return: {name: what}."""
    package = {}
    command = ['xz', '--decompress', '--stdout', '--threads=0', tarball]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as xz:
        with tarfile.open(fileobj=xz.stdout, mode='r|') as archive:
            for member in archive:
                name = os.path.relpath(member.name, package_of(tarball))
                if member.issym():
                    package[name] = 'l' + member.linkname
                elif member.islnk():
                    package[name] = 'h'
                elif not member.isdir():
                    package[name] = hashlib.sha256(archive.extractfile(member).read()).hexdigest()
    if xz.returncode:
        raise Problem(f'{tarball}: xz cannot read it')
    return package


def _package(source, anew):
    """The same, from the list of an earlier run, if that was made from this tarball."""
    digest = digest_of(source.tarball, 'sha256')
    kept = os.path.join(source.builddir, 'package.json')
    if not anew:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            with open(kept, encoding='utf-8') as f:
                kept_list = json.load(f)
            if kept_list['tarball'] == digest:
                return kept_list['files']
    package = _package_of(source.tarball)
    with contextlib.suppress(OSError):      # then the next run takes longer
        with open(kept + '.new', 'w', encoding='utf-8') as f:
            json.dump({'tarball': digest, 'files': package}, f)
        os.replace(kept + '.new', kept)
    return package


def _what_is(path):
    """What the tree has there, as in _package_of(); '' for a kind no package has."""
    if os.path.islink(path):
        return 'l' + os.readlink(path)
    try:
        with open(path, 'rb') as f:
            return hashlib.sha256(f.read()).hexdigest()
    except OSError:
        return ''


def _names_in(tree, found):
    """All that is in the tree, but for our folders, which go to found.added."""
    names = set()
    for base, folders, files in os.walk(tree):
        for name in folders + files:
            path = os.path.relpath(os.path.join(base, name), tree)
            if path in ADDED:
                found.added.append(path)
                continue
            if name in files or os.path.islink(os.path.join(base, name)):
                names.add(path)
    return names


def compare(source, anew=False):
    """Compares every file of the tree with the tarball's, by content; modes do not count.
    anew: read the tarball itself, not the list of its contents that is kept beside the tree."""
    found = Differences()
    names = _names_in(source.tree, found)
    for name, what in _package(source, anew).items():
        path = os.path.join(source.tree, name)
        found.files += 1
        if name not in names:
            found.missing.append(name)
        elif _what_is(path) == what or (what == 'h' and os.path.isfile(path)):
            found.same += 1
        else:
            found.changed.append(name)
        names.discard(name)
    found.extra = sorted(names)
    return found


def main_with_problems(main):
    """Runs main() and turns a Problem into one message and exit status 1."""
    try:
        sys.exit(main())
    except Problem as e:
        print(f'{os.path.basename(sys.argv[0])}: {e}', file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print(f'{os.path.basename(sys.argv[0])}: interrupted', file=sys.stderr)
        sys.exit(130)
