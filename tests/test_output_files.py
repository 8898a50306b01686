"""Outputs replace an older file of their kind and nothing else, by whatever name they are called."""

import os
import socket
import stat
import sys
from pathlib import Path

import pytest
from ase.io import read, write

import isoprint as ip
from folders import names, posix, put_folder, refused
from isoprint import cli
from outputs import PARAMETERS, WRITERS, every_suffix, load, make
from reference_structures import reference


def state(path):
    found = path.lstat()
    return found.st_ino, found.st_mode, found.st_mtime_ns


# What is in the way


def put_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


OBSTACLES = {
    "a folder": (put_folder, "where there is a folder"),
    "an empty folder": (lambda path: path.mkdir(), "where there is a folder"),
    "a link to a folder": (lambda path: (put_folder(path.with_name("real")), path.symlink_to("real")), "is a folder"),
    "a pipe": (lambda path: os.mkfifo(path), "no place for a file"),
    "a socket": (put_socket, "there is a socket"),
    "a device": (lambda path: path.symlink_to("/dev/null"), "no place for a file"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "a link that leads to itself"),
    "a link to nowhere": (lambda path: path.symlink_to("no/where"), "there is no folder"),
}


@every_suffix
@posix
@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_what_is_no_file_is_refused_and_not_touched(folder, capsys, suffix, obstacle):
    put, message = OBSTACLES[obstacle]
    path = Path(f"proj.{suffix}")
    put(path)
    before = names(), state(path)
    # The input does not exist: nothing is read before the output has been looked at.
    error = refused(capsys, "transform", "none.xyz", "-o", str(path), *PARAMETERS)
    assert message in error
    with pytest.raises(ValueError, match=r"output is 'proj\."):
        make(path)
    assert (names(), state(path)) == before
    if "folder" in obstacle and "empty" not in obstacle:
        assert (path / "thesis.txt").read_text() == "three years"


@posix
@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_keeps_the_same_rules(folder, name):
    write_to, path = WRITERS[name], Path(name)
    write_to(path)
    path.chmod(0o640)
    first = path.stat()
    link = Path(f"link-{name}")
    link.symlink_to(name)
    write_to(link)
    assert link.is_symlink()
    assert path.stat().st_ino != first.st_ino
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names() == sorted(["in.extxyz", name, link.name])
    there = Path(f"there-{name}")
    put_folder(there)
    for wrong, message in (
        (there, "there is a folder"),
        (f"none/{name}", "no folder 'none'"),
        (f"{name}/{name}", "no folder"),
    ):
        with pytest.raises(ValueError, match=message):
            write_to(wrong)
    assert names(there) == ["thesis.txt"]


@pytest.mark.parametrize("path", [".", "..", "/", "", "folder/", "a\0b"])
def test_names_of_no_file(folder, path):
    with pytest.raises(ValueError, match="output is"):
        ip.degenerate_pairs(n=1).write(path)
    assert names() == ["in.extxyz"]


# Zarr stores


@posix
@pytest.mark.parametrize("old", [False, True], ids=["signed", "of the first version"])
def test_a_store_of_ours_is_replaced(folder, old):
    pytest.importorskip("zarr")
    assert cli.main(["transform", "in.extxyz", "-o", "out.zarr", *PARAMETERS]) == 0
    if old:
        forget_author("out.zarr")
    Path("link.zarr").symlink_to("out.zarr")
    make("link.zarr", 3.0)
    assert load("out.zarr") == 3.0
    assert Path("link.zarr").is_symlink()
    assert names() == ["in.extxyz", "link.zarr", "out.zarr"]


def forget_author(store):
    group = pytest.importorskip("zarr").open_group(store, mode="r+")
    del group.attrs["written_by"]


def foreign(path):
    zarr = pytest.importorskip("zarr")
    zarr.open_group(str(path), mode="w").create_group("features")


def with_a_file(path):
    make(path)
    (path / "notes.txt").write_text("mine")


def with_a_file_among_chunks(path):
    make(path)
    (path / "features" / "notes.txt").write_text("mine")


def with_a_link(path):
    make(path)
    (path / "features" / "7").symlink_to("/")


def with_an_array(path):
    make(path)
    pytest.importorskip("zarr").open_group(str(path), mode="r+").create_group("mine")


def unreadable(path):
    path.mkdir()
    (path / "zarr.json").write_text("[" * 10**5)


@posix
@pytest.mark.parametrize(
    "put", [foreign, with_a_file, with_a_file_among_chunks, with_a_link, with_an_array, unreadable, Path.touch]
)
def test_other_stores_are_not_replaced(folder, put):
    pytest.importorskip("zarr")
    path = Path("out.zarr")
    put(path)
    before = sorted(map(str, path.rglob("*")))
    with pytest.raises(ValueError, match=r"output is 'out.zarr', where there is a "):
        make(path)
    assert sorted(map(str, path.rglob("*"))) == before


# Links, modes, names


@every_suffix
@posix
def test_links_stay_and_what_they_lead_to_is_new(folder, suffix):
    Path("deep").mkdir()
    Path(f"b.{suffix}").symlink_to(f"deep/c.{suffix}")
    Path(f"a.{suffix}").symlink_to(f"b.{suffix}")
    for value in (1.0, 2.0):  # at first it leads to nothing
        make(f"a.{suffix}", value)
        assert Path(f"a.{suffix}").is_symlink()
        assert Path(f"b.{suffix}").is_symlink()
        assert not Path(f"deep/c.{suffix}").is_symlink()
        assert load(f"deep/c.{suffix}") == value
        assert names("deep") == [f"c.{suffix}"]


@every_suffix
@posix
def test_modes_are_kept_and_new_files_follow_the_mask(folder, suffix):
    path = Path(f"a.{suffix}")
    before = os.umask(0o027)
    try:
        make(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == (0o750 if suffix == "zarr" else 0o640)
    path.chmod(0o700)
    make(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


@every_suffix
@posix
def test_odd_names(folder, suffix, capsys):
    longest = "x" * (254 - len(suffix)) + f".{suffix}"
    odd = [
        f"-o.{suffix}",
        f"a b'\".{suffix}",
        f"..{suffix}",
        f".hidden.{suffix}",
        f"new\nline.{suffix}",
        f"old.{suffix}",
    ]
    if sys.platform == "linux":
        odd.append(os.fsdecode(b"latin\xe9." + suffix.encode()))
    if suffix != "zarr":  # which makes longer names on its way
        odd.append(longest)
    odd = [name for name in odd if Path(name).suffix == f".{suffix}"]
    for name in odd:
        assert cli.main(["transform", "in.extxyz", f"--output={name}", *PARAMETERS]) == 0
        assert cli.main(["transform", "in.extxyz", f"--output={name}", *PARAMETERS]) == 0
    assert names() == sorted([*odd, "in.extxyz"])
    with pytest.raises(OSError, match="too long"):
        make("y" * 255 + f".{suffix}")


@pytest.mark.parametrize("name", ["lock", "new", "old"])
def test_names_that_are_ours_too(folder, name):
    ip.degenerate_pairs(n=1).write(name)
    ip.degenerate_pairs(n=2).write(name)
    assert len(read(name, ":", format="extxyz")) == 4
    assert names() == ["in.extxyz", name]


# What is read is not replaced


@posix
@pytest.mark.parametrize("way", ["itself", "link", "hard link", "another spelling"])
@pytest.mark.parametrize("command", ["transform", "manifold", "pairs", "sensitivity", "plot", "json", "config"])
def test_an_output_is_no_input(folder, capsys, command, way):
    if command == "plot":
        pytest.importorskip("matplotlib")
    source = {"transform": "in.npz", "plot": "in.png", "json": "in.json"}.get(command, "in.extxyz")
    Path("in.extxyz").rename(source)
    before = Path(source).read_bytes()
    target = {"itself": source, "another spelling": f"./{source}"}.get(way, f"other{Path(source).suffix}")
    if way == "link":
        Path(target).symlink_to(source)
    elif way == "hard link":
        Path(target).hardlink_to(source)
    arguments = {
        "plot": ["sensitivity", source, "--plot", target],
        "json": ["sensitivity", source, "--json", target],
        "config": ["pairs", "NH3", "--config", source, "-o", target],
    }.get(command, [command, source, "-o", target])
    error = refused(capsys, *arguments, *PARAMETERS)
    assert f"is {target!r}, which is the file that is read" in error
    assert Path(source).read_bytes() == before


def test_two_outputs_have_two_names(folder, capsys):
    arguments = ["sensitivity", "in.extxyz", *PARAMETERS, "-o", "same.json", "--json", "./same.json"]
    assert "--json and --output are both './same.json'" in refused(capsys, *arguments)
    assert names() == ["in.extxyz"]


def test_a_path_may_be_made_longer_in_its_place(folder):
    write("nh3.extxyz", reference("NH3-a"))
    options = ["--descriptor", "acsf", "--standard", "-o", "ring.extxyz", "--max-steps"]
    assert cli.main(["manifold", "nh3.extxyz", *options, "2"]) == 0
    short = len(ip.Path.read("ring.extxyz"))
    assert cli.main(["manifold", "ring.extxyz", "--resume", *options, "4"]) == 0
    assert len(ip.Path.read("ring.extxyz")) == short + 2
