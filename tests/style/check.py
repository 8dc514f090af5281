#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks a source tree against the style rules: check.py rules|layout [TREE]. Status 0 clean, 1 not, 77 skipped."""
import os
import re
import shutil
import subprocess
import sys

import rules

HERE = os.path.dirname(os.path.abspath(__file__))
CLANG_FORMAT_VERSION = 14
SKIPPED = 77


def paths_of(root):
    """The files of the tree, relative to its root: what git knows or would add; without git, all but build folders."""
    listing = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             capture_output=True, check=False) if shutil.which("git") else None
    if listing and listing.returncode == 0:
        return sorted(path for path in listing.stdout.decode().split("\0") if path)
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in (".git", "build", "__pycache__")]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


def read_tree(root):
    tree = {}
    for path in paths_of(root):
        full = os.path.join(root, path)
        if os.path.islink(full) or not os.path.isfile(full):
            continue
        try:
            with open(full, encoding="utf-8") as file:
                tree[path] = file.read()
        except UnicodeDecodeError:
            pass  # not text
    return tree


def read_exceptions():
    """Lines `rule path reason`; the reason must be there."""
    exceptions = []
    with open(os.path.join(HERE, "exceptions.txt"), encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                parts = line.split(None, 2)
                if len(parts) < 3:
                    sys.exit(f"exceptions.txt: an exception needs rule, path and reason: {line}")
                exceptions.append((parts[0], parts[1]))
    return exceptions


def check_rules(root):
    tree = read_tree(root)
    found = list(rules.findings(tree, read_exceptions()))
    for rule, path, line, complaint in found:
        print(f"{path}:{line}: {complaint} [{rule}]")
    print(f"{len(tree)} files, {len(rules.RULES)} rules, {len(found)} complaints")
    return 1 if found else 0


def check_layout(root):
    """clang-format of one version only: each lays out a little differently."""
    for program in (f"clang-format-{CLANG_FORMAT_VERSION}", "clang-format"):
        if shutil.which(program):
            version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
            if re.search(rf"version {CLANG_FORMAT_VERSION}\.", version):
                break
    else:
        print(f"SKIPPED: no clang-format {CLANG_FORMAT_VERSION} here, so the layout was not checked")
        return SKIPPED
    sources = [path for path in paths_of(root) if rules.is_cpp(path) and os.path.isfile(os.path.join(root, path))]
    return subprocess.run([program, "--dry-run", "--Werror", *sources], cwd=root, check=False).returncode


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in ("rules", "layout"):
        sys.exit(__doc__)
    root = sys.argv[2] if len(sys.argv) == 3 else os.path.dirname(os.path.dirname(HERE))
    return {"rules": check_rules, "layout": check_layout}[sys.argv[1]](root)


if __name__ == "__main__":
    sys.exit(main())
