"""Interfaces of other programs: their names, forms of arguments and results, and numbers.

A script runs with one import changed. What the arguments mean is said in `isoprint.translators`.
"""
