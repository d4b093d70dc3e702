# SPDX-License-Identifier: GPL-2.0-only
"""The one exception that carries a message for the user."""


class Problem(Exception):
    """What is wrong, naming the thing, and the next step; shown as it is."""
