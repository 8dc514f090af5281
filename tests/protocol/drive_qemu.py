#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Drives a stock QEMU by link v1: drive_qemu.py FERMATA_QEMU ECHO_ELF VERSION. As drive_guest.py, which has the checks.

Where QEMUs are is in the environment, FERMATA_TEST_QEMUS=VERSION=FOLDER:...
"""
from __future__ import annotations

import os
import subprocess
import sys
import tempfile

import drive_guest
from guest_program import Machine


def main() -> int:
    program, echo, version = sys.argv[1:4]
    folders = dict(entry.split("=", 1) for entry in os.environ.get("FERMATA_TEST_QEMUS", "").split(":") if entry)
    if version not in folders:
        print(f"no QEMU {version}: run ./dev test, which fetches it, or set FERMATA_TEST_QEMUS=LABEL=FOLDER:...")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        disk = os.path.join(folder, "snapshots.qcow2")  # where QEMU keeps checkpoints
        subprocess.run([os.path.join(folders[version], "qemu-img"), "create", "-q", "-f", "qcow2", disk, "8M"], check=True)
        Machine.is_qemu = True
        Machine.has_any_status = version.startswith("7.")  # which cannot be told what to exit with
        Machine.program = [program, os.path.join(folders[version], "qemu-system-riscv64")]
        Machine.options = ["-nodefaults", "-display", "none", "-drive", f"if=none,format=qcow2,file={disk}"]
        Machine.guests = os.path.dirname(os.path.abspath(echo))
        return drive_guest.run_checks()


if __name__ == "__main__":
    sys.exit(main())
