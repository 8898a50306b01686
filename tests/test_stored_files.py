"""Files of paths and pairs: what was cut or changed is never taken for whole."""

import functools
import gzip
import json
import random
import re
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from ase.io import read, write

import isoprint as ip
from folders import posix
from isoprint import cli
from isoprint.blindness.manifold import _storage
from reference_structures import reference

ACSF = ip.ACSF.standard()
OPTIONS = ["--descriptor", "acsf", "--standard"]


PLACE = r"(frame \d+ \(line \d+\)|line \d+|frames: it was cut after line \d+|it is empty)"


@functools.cache
def ring():
    return ip.follow_manifold(ACSF, reference("NH3-a"), 0)


@functools.cache
def stored():
    """A closed ring as it is in a file."""
    return _text_of(ring())


def _text_of(path):
    with tempfile.TemporaryDirectory() as folder:
        path.write(Path(folder) / "ring.extxyz")
        return (Path(folder) / "ring.extxyz").read_bytes()


@functools.cache
def short():
    """A path of few points, followed in both directions."""
    return _text_of(ip.follow_manifold(ACSF, reference("NH3-a"), 0, max_steps=3))


def first_version(content):
    """The same file as the first version of isoprint wrote it."""
    text = re.sub(rb"( frames=\d+ seal=x\w+)? check=x\w+", b"", content)
    return text.replace(rb"\"format\": 2, ", b"")


@pytest.fixture
def reading(tmp_path):
    """Read a path from bytes."""

    def read_path(content, name="ring.extxyz"):
        (tmp_path / name).write_bytes(content)
        return ip.Path.read(tmp_path / name)

    return read_path


@pytest.fixture
def refused(reading):
    """What is said of a damaged file: one line that names it and a place."""

    def complain(content, place=PLACE):
        with pytest.raises(ValueError, match=r"ring\.extxyz") as caught:
            reading(content)
        message = str(caught.value)
        assert type(caught.value) is ValueError
        assert "\n" not in message
        assert len(message) < 800
        assert re.search(place, message), message
        return message

    return complain


def blocks(content):
    lines = content.splitlines(keepends=True)
    size = int(lines[0]) + 2
    return [b"".join(lines[start : start + size]) for start in range(0, len(lines), size)]


# What is whole


def test_what_is_written_is_read(reading):
    path, again = ring(), reading(stored())
    for name in ("numbers", "positions", "tangents", "spectra", "outside", *_storage._OF_POINTS):
        assert np.array_equal(getattr(again, name), getattr(path, name)), name
        assert getattr(again, name).dtype == getattr(path, name).dtype
    for name in ("rules", *_storage._OF_THE_PATH):
        assert getattr(again, name) == getattr(path, name), name


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: content.replace(b"\n", b"\r"),
        lambda content: content + b"\n \n",
    ],
    ids=["windows", "old mac", "blank lines after it"],
)
def test_line_endings_may_change(reading, change):
    assert np.array_equal(reading(change(stored())).positions, ring().positions)


def test_a_compressed_path(tmp_path):
    ring().write(tmp_path / "ring.extxyz.gz")
    assert gzip.decompress((tmp_path / "ring.extxyz.gz").read_bytes()) == stored()
    assert ip.Path.read(tmp_path / "ring.extxyz.gz").closed
    (tmp_path / "ring.extxyz.gz").write_bytes((tmp_path / "ring.extxyz.gz").read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"ring\.extxyz\.gz' is damaged: it cannot be unpacked"):
        ip.Path.read(tmp_path / "ring.extxyz.gz")


def test_ase_reads_it_as_before(tmp_path):
    (tmp_path / "ring.extxyz").write_bytes(stored())
    frames = read(tmp_path / "ring.extxyz", ":")
    assert len(frames) == len(ring())
    assert frames[0].info["frames"] == len(frames)
    assert frames[0].info["isoprint_path"]["format"] == 2


# What is damaged


def test_a_ring_cut_between_two_frames_is_not_closed(refused):
    whole = blocks(stored())
    for kept in range(1, len(whole)):
        message = refused(b"".join(whole[:kept]))
        assert f"has {kept} of {len(whole)} frames: it was cut" in message


def test_what_is_left_of_a_cut_path_can_be_saved(refused, tmp_path):
    content = stored()
    message = refused(content[: 3 * len(content) // 4])
    found = re.search(r"ase\.io\.read\('(.*)', '(:\d+)'\)", message)
    frames = read(found[1], found[2])
    assert len(frames) > 30
    assert np.array_equal(frames[-1].positions, ring().positions[len(frames) - 1])


def test_cut_anywhere(refused):
    content = short()
    for length in [*range(0, len(content), 97), *range(len(content) - 50, len(content))]:
        refused(content[:length])


def test_a_flipped_bit_anywhere(refused):
    content, rng = short(), random.Random(1)
    for _ in range(600):
        place = rng.randrange(len(content))
        changed = bytearray(content)
        changed[place] ^= 1 << rng.randrange(8)
        refused(bytes(changed))


def test_a_changed_digit_anywhere(refused):
    content, rng = stored(), random.Random(2)
    digits = [place for place, byte in enumerate(content) if chr(byte).isdigit()]
    for place in rng.sample(digits, 100):
        changed = bytearray(content)
        changed[place] = ord("0") + (changed[place] - ord("0") + rng.randrange(1, 10)) % 10
        refused(bytes(changed))


def test_bytes_lost_or_repeated(refused):
    content, rng = short(), random.Random(3)
    for _ in range(100):
        start = rng.randrange(len(content) - 1)
        stop = rng.randrange(start + 1, min(start + 300, len(content)) + 1)
        refused(content[:start] + content[stop:])
        refused(content[:stop] + content[start:])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda whole: [whole[0], whole[2], whole[1], *whole[3:]], r"frame 1 \(line 7\): it was written as frame 2"),
        (lambda whole: [*whole[:4], whole[3], *whole[4:]], r"frame 4 \(line 25\): it was written as frame 3"),
        (lambda whole: [*whole[:3], *whole[4:]], r"frame 3 \(line 19\): it was written as frame 4"),
        (lambda whole: whole[1:], r"frame 0 \(line 1\): it was written as frame 1"),
        (lambda whole: whole[::-1], "frame 0"),
        (lambda whole: whole + whole, "it was written as frame 0"),
        (lambda whole: [*whole, b"rubbish\n"], "line 43: there is 'rubbish' where the number of atoms of frame 7"),
    ],
)
def test_frames_exchanged_repeated_or_lost(refused, change, message):
    assert len(blocks(short())) == 7
    assert re.search(message, refused(b"".join(change(blocks(short())))))


def test_frames_of_another_path(refused):
    one = blocks(short())
    other = blocks(_text_of(ip.follow_manifold(ACSF, reference("NH3-b"), 0, max_steps=3)))
    assert len(one) == len(other)
    message = refused(b"".join([*one[:3], *other[3:]]))
    assert "it was not written together with the frames after it" in message


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"\0" * 1000, b"\xff\xfe4\n", b"9" * 10_000, b"4", b"4\n", b"-4\n\n", b"0\n\n"]
)
def test_what_is_no_path_at_all(refused, content):
    refused(content)


def test_a_folder_is_no_path(tmp_path):
    with pytest.raises(ValueError, match="is a folder, not a file"):
        ip.Path.read(tmp_path)


@posix
def test_a_link_to_nowhere_is_no_path(tmp_path):
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(ValueError, match="leads nowhere"):
        ip.Path.read(tmp_path / "link")


# Files of the first version


def test_files_of_the_first_version_are_read_with_a_warning(reading):
    with pytest.warns(UserWarning, match=r"ring\.extxyz' has no checksums"):
        again = reading(first_version(stored()))
    assert np.array_equal(again.positions, ring().positions)
    assert again.closed


@pytest.fixture
def unsealed(refused):
    def complain(content, **options):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return refused(content, **options)

    return complain


def test_a_ring_of_the_first_version_that_was_cut(unsealed):
    whole = blocks(first_version(stored()))
    for kept in range(1, len(whole)):
        assert "the ring is closed, but its last point" in unsealed(b"".join(whole[:kept]))


@pytest.mark.parametrize(
    "change",
    [
        lambda whole: [whole[0], whole[2], whole[1], *whole[3:]],
        lambda whole: [*whole[:4], whole[3], *whole[4:]],
        lambda whole: [*whole[:3], *whole[4:]],
        lambda whole: whole[:3],
        lambda whole: [*whole[:3], whole[3].replace(b"\nH ", b"\nHe ", 1), *whole[4:]],
        lambda whole: [*whole[:3], whole[3].replace(b"\nH 0", b"\nH 9", 1).replace(b"\nH -0", b"\nH 9", 1), *whole[4:]],
    ],
)
def test_frames_of_the_first_version_exchanged_repeated_lost_or_changed(unsealed, change):
    whole = blocks(first_version(short()))
    unsealed(b"".join(change(whole)), place=r"frame \d \(line \d+\)")


def headed(change):
    """A file of the first version with another header."""
    content = first_version(short()).decode()
    said = re.search(r'isoprint_path="_JSON (.*)"\n', content)
    header = json.loads(said[1].replace('\\"', '"'))
    changed = change(header)
    changed = json.dumps(header if changed is None else changed)
    return (content[: said.start(1)] + changed.replace('"', '\\"') + content[said.end(1) :]).encode()


WRONG = {
    "status": (7, None, "", []),
    "start": (-1, 7, 1.5, True, None, "0", [0]),
    "first_status": (3, [], {}),
    "gap": ("0", None, -1.0, float("nan"), [1.0], True),
    "next_step": (None, "x", float("nan")),
    "r_cut": (None, -1.0, {}),
    "outside": (3, None, [1.0], [[1.0, 2.0]], [[1.0, 2.0, "x"]], [[1.0, 2.0, float("inf")]], [[[1, 2, 3]]], {"a": 1}),
    "rules": (None, [], 3),
    "format": (3, "2", None, 10**400),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_headers_of_the_wrong_kind(unsealed, name, value):
    message = unsealed(headed(lambda header: header.update({name: value})))
    assert re.search(rf"frame 0 \(line 1\): .*{name}", message)


# What the first version did not know has a default.
@pytest.mark.parametrize(
    "name", [name for name in (*_storage._OF_THE_PATH, "rules", "outside") if name not in ("contrast", "noise")]
)
def test_headers_with_something_missing(unsealed, name):
    message = unsealed(headed(lambda header: (header.pop(name), None)[1]))
    assert f"frame 0 (line 1): it does not say {name}" in message


@pytest.mark.parametrize("rule", ["step", "max_steps", "largest_ratio"])
@pytest.mark.parametrize("value", [None, "1", [], -1, float("nan"), True])
def test_rules_of_the_wrong_kind(unsealed, rule, value):
    message = unsealed(headed(lambda header: header["rules"].update({rule: value})))
    assert f"{rule} is" in message


@pytest.mark.parametrize(("rules", "missing"), [({}, "step"), ({"step": 1.0}, "largest_step")])
def test_rules_that_are_not_all_there(unsealed, rules, missing):
    message = unsealed(headed(lambda header: header.update(rules=rules)))
    assert f"frame 0 (line 1): it does not say {missing}" in message


def test_rules_that_nobody_knows(unsealed):
    assert "rules have 'speed'" in unsealed(headed(lambda header: header["rules"].update(speed=1)))


@pytest.mark.parametrize("header", [[], 3, "text", None, True])
def test_headers_that_are_no_table(unsealed, header):
    assert "is no path" in unsealed(headed(lambda _: header if header is not None else "null"), place="isoprint_path")


@pytest.mark.parametrize("bracket", ["[", '{"a":'])
def test_a_header_of_a_hundred_thousand_brackets(unsealed, bracket):
    content = first_version(short()).decode()
    said = re.search(r'isoprint_path="_JSON (.*)"\n', content)
    deep = (bracket * 10**5).replace('"', '\\"')
    unsealed((content[: said.start(1)] + deep + content[said.end(1) :]).encode(), place="ring")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (rb"spectrum=", b"spectral="),
        (rb'spectrum="_JSON \[[^,]*,', b'spectrum="_JSON ['),
        (rb'spectrum="_JSON \[[^,]*,', b'spectrum="_JSON [NaN,'),
        (rb'spectrum="_JSON \[[^,]*,', b'spectrum="_JSON [null,'),
        (rb'spectrum="[^"]*"', b"spectrum=3"),
        (rb"tangent:R:3", b"tangent:R:2"),
        (rb"tangent:R:3", b"tangent:R:300000000000"),
        (rb"tangent:R:3", b"velo:R:3"),
        (rb"tangent:R:3", b"tangent:S:3"),
        (rb"pos:R:3", b"qos:R:3"),
        (rb"species:S:1", b"species:R:1"),
        (rb"Properties=\S*", b""),
        (rb"steps=\S*", b"steps=nan"),
        (rb"steps=\S*", b"steps=T"),
        (rb"iterations=\S*", b"iterations=1.5"),
        (rb"ranks=\S*", b"ranks=-1"),
        (rb"arc=\S*", b"arc=0.5"),
        (rb"arc=\S*", b""),
        (rb"\nH \S*", b"\nH nan"),
        (rb"\nH \S*", b"\nH inf"),
        (rb"\nH \S*", b"\nH"),
        (rb"\nH ", b"\nQq "),
    ],
)
def test_a_point_of_the_first_version_that_is_damaged(unsealed, old, new):
    whole = blocks(first_version(short()))
    changed = re.sub(old, new.replace(b"\\", b"\\\\"), whole[3], count=1)
    assert changed != whole[3]
    unsealed(b"".join([*whole[:3], changed, *whole[4:]]), place=r"frame 3 \(line 19\)")


def test_a_path_that_ase_has_rewritten(reading, tmp_path):
    (tmp_path / "old.extxyz").write_bytes(first_version(short()))
    write(tmp_path / "again.extxyz", read(tmp_path / "old.extxyz", ":"))
    with pytest.warns(UserWarning, match="no checksums"):
        path = reading((tmp_path / "again.extxyz").read_bytes())
    assert len(path) == 7
    # Eight decimals are not what was written, and it says so.
    (tmp_path / "new.extxyz").write_bytes(short())
    write(tmp_path / "again.extxyz", read(tmp_path / "new.extxyz", ":"))
    with pytest.raises(ValueError, match=r"again\.extxyz', frame 0 \(line 1\): "):
        ip.Path.read(tmp_path / "again.extxyz")


# On the command line


def test_a_damaged_path_is_not_resumed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("ring.extxyz").write_bytes(b"".join(blocks(short())[:-1]))
    before = Path("ring.extxyz").read_bytes()
    assert cli.main(["manifold", "ring.extxyz", "--resume", *OPTIONS, "-o", "ring.extxyz"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "'ring.extxyz' has 6 of 7 frames" in captured.err
    assert Path("ring.extxyz").read_bytes() == before


def test_a_damaged_path_read_as_structures_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command = ["transform", "ring.extxyz", "-o", "out.npz", *OPTIONS]
    Path("ring.extxyz").write_bytes(short())
    assert cli.main(command) == 0
    Path("ring.extxyz").write_bytes(b"".join(blocks(short())[:-1]))
    capsys.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert cli.main(command) == 0
    assert "warning: 'ring.extxyz' has 6 of 7 frames" in capsys.readouterr().err


# Pairs


@functools.cache
def pairs():
    om = ip.OverlapMatrix(r_cut=4.8, orbitals="s", max_sites=4)
    return ip.find_blind_pairs(om, "NH3", starts=2, max_evaluations=40)


@pytest.mark.parametrize("kind", ["found", "exact", "plain"])
def test_pairs_are_read_as_they_were_written(tmp_path, kind):
    written = {"found": pairs, "exact": lambda: ip.degenerate_pairs(n=3)}.get(kind, pairs)()
    if kind == "plain":
        from isoprint.blindness.pairs.pair import Pair

        written = ip.Pairs(Pair(pair.a, pair.b, pair.separation) for pair in written)
    written.write(tmp_path / "pairs.extxyz")
    again = ip.Pairs.read(tmp_path / "pairs.extxyz")
    assert type(again) is ip.Pairs
    assert len(again) == len(written)
    for one, other in zip(again, written, strict=True):
        assert type(one) is type(other)
        for name in one.__dataclass_fields__:
            mine, its = getattr(one, name), getattr(other, name)
            if name in "ab":
                assert np.array_equal(mine.positions, its.positions)
                assert np.array_equal(mine.numbers, its.numbers)
            else:
                assert mine == its
                assert type(mine) in (float, int, bool)


def test_damaged_pairs(tmp_path):
    file = tmp_path / "pairs.extxyz"
    pairs().write(file)
    content, rng = file.read_bytes(), random.Random(4)
    damaged = [content[:length] for length in range(0, len(content), 61)]
    for _ in range(100):
        changed = bytearray(content)
        changed[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        damaged.append(bytes(changed))
    damaged.append(b"".join(blocks(content)[:2]))
    for changed in damaged:
        file.write_bytes(changed)
        with pytest.raises(ValueError, match=rf"pairs\.extxyz.* {PLACE}"):
            ip.Pairs.read(file)


def test_what_is_no_list_of_pairs(tmp_path):
    (tmp_path / "ring.extxyz").write_bytes(short())
    with pytest.raises(ValueError, match=r"frame 0 \(line 1\): it is not structure a of pair 0"):
        ip.Pairs.read(tmp_path / "ring.extxyz")
    pairs().write(tmp_path / "pairs.extxyz")
    content = first_version((tmp_path / "pairs.extxyz").read_bytes())
    for old, new in [
        (b"blind=T", b"blind=3"),
        (b"separation=", b"seperation="),
        (b"member=b", b"member=c"),
        (b"\nH ", b"\nHe "),
    ]:
        (tmp_path / "pairs.extxyz").write_bytes(content.replace(old, new, 1))
        with pytest.raises(ValueError, match=r"pairs\.extxyz', frame \d"):
            ip.Pairs.read(tmp_path / "pairs.extxyz")
    (tmp_path / "pairs.extxyz").write_bytes(content)
    with pytest.warns(UserWarning, match="no checksums"):
        assert len(ip.Pairs.read(tmp_path / "pairs.extxyz")) == 2
