# SPDX-License-Identifier: GPL-2.0-only
"""The modules of tests/lib/runner.py, which runs the layers of tests."""
