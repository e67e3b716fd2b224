"""Own programs: a function of a Python file, or a command, that reports metrics for each split.

Found by the entry point `tunebook.programs`; see docs/own-script.md.
"""
