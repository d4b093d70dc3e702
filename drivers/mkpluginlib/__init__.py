# SPDX-License-Identifier: GPL-2.0-only
"""The modules of drivers/mkplugin, the plugin builder."""
