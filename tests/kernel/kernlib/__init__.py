# SPDX-License-Identifier: GPL-2.0-only
"""The modules of tests/kernel/run, which runs the Linux kernel's own tests."""
