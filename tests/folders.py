"""Folders in which commands run, what is in them, and what a command says."""

import os
import re
from pathlib import Path

import pytest
from ase.build import molecule

from isoprint import cli

posix = pytest.mark.skipif(os.name != "posix", reason="of POSIX systems")


def molecules():
    return [molecule(name) for name in ("H2O", "CH4", "CO2")]


def names(folder="."):
    return sorted(path.name for path in Path(folder).iterdir())


def contents(folder="."):
    """Every file and the bytes in it."""
    return {path.relative_to(folder): path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()}


def put_folder(path):
    """A folder of somebody else."""
    path.mkdir()
    (path / "thesis.txt").write_text("three years")


def run(capsys, *arguments):
    """Status of a command, what was said on stdout, and the lines on stderr."""
    capsys.readouterr()
    try:
        status = cli.main(list(arguments))
    except SystemExit as stop:
        status = stop.code
    said = capsys.readouterr()
    return status, said.out, said.err.splitlines()


def refused(capsys, *arguments):
    """The one line on stderr of a command that must fail, leaving nothing behind."""
    before = names()
    status, out, err = run(capsys, *arguments)
    assert (status, out, len(err)) == (2, "", 1), (status, out, err)
    assert re.match(r"isoprint( \w+)?: error: ", err[0]), err
    assert names() == before
    return err[0]
