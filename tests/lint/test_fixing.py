"""`custom-labels lint --fix OUT`: what is safe is mended into a new file, and said; nothing else changes."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.lint.dates import as_manifest_date
from emulator.lint.fixing import fix
from support.manifests import Line, as_manifest, box_line, image_line
from tests.lint.test_lint import run

LINES: list[Line] = [image_line(number, "äb"[number % 2]) for number in range(4)] + [box_line(9), box_line(10)]
GOOD = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in LINES)
DATED = image_line(3, "äb"[1], creation_date="2020-03-06T00:00:00")


def nan(text: str) -> str:
    return text.replace('"confidence": 1', '"confidence": NaN', 1)


MENDED: dict[str, tuple[bytes, str]] = {
    "UTF-16": (GOOD.encode("utf-16"), "UTF-16"),
    "UTF-16 without mark": (GOOD.encode("utf-16-le"), "UTF-16"),
    "UTF-32": (GOOD.encode("utf-32"), "UTF-32"),
    "a byte order mark": (codecs.BOM_UTF8 + GOOD.encode(), "byte order mark"),
    "byte order marks of joined files": (codecs.BOM_UTF8.join([b"", *GOOD.encode().splitlines(True)]), "byte order"),
    "Latin-1": (GOOD.encode("latin-1"), "Latin-1"),
    "CR LF": (GOOD.replace("\n", "\r\n").encode(), "CR LF"),
    "CR": (GOOD.replace("\n", "\r").encode(), "separators"),
    "line separators": (GOOD.replace("\n", "\u2028").encode(), "separators"),
    "record separators": (GOOD.replace("\n", "\x1e\n").encode(), "separators"),
    "no line feed at the end": (GOOD.rstrip("\n").encode(), "nothing to mend"),
    "commas behind objects": (GOOD.replace("}}\n", "}},\n").encode(), "commas"),
    "trailing commas": (GOOD.replace("}}\n", ",},}\n").encode(), "trailing commas"),
    "an array": (json.dumps(LINES).encode(), "array"),
    "an array over lines": (b"[\n" + GOOD.rstrip("\n").replace("\n", ",\n").encode() + b"\n]\n", "array"),
    "a pretty-printed array": (json.dumps(LINES, indent=2).encode(), "array"),
    "pretty-printed objects": ("\n".join(json.dumps(line, indent=4) for line in LINES).encode(), "several lines"),
    "objects in one line": (GOOD.replace("\n", "").encode(), "divided"),
    "objects in one line with blanks": (GOOD.replace("\n", " ").encode(), "divided"),
    "ListDatasetEntries": (json.dumps({"DatasetEntries": GOOD.splitlines()}).encode(), ""),
    "JSON in texts": ("\n".join(json.dumps(line) for line in GOOD.splitlines()).encode(), "taken out of texts"),
    "Python dicts": ("\n".join(map(str, LINES)).encode(), "Python dicts"),
    "NaN": (nan(GOOD).encode(), "NaN"),
    "blank lines": (GOOD.replace("\n", "\n\n").encode(), "blank lines"),
    "a date": (GOOD.replace('"2026-11-21T00:00:00"', '"2026/11/21 00:00:00"').encode(), "dates"),
    "a no-break space": (GOOD.replace("\n", "\u00a0\n").encode(), ""),
}


@pytest.mark.parametrize("name", MENDED)
def test_what_is_safe_is_mended_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    body, told = MENDED[name]
    source, target = tmp_path / "a.manifest", tmp_path / "fixed.manifest"
    source.write_bytes(body)
    assert run(source, "--fix", target, "--no-images") == 0
    shown = capsys.readouterr().out
    assert f"{target}: 6 lines written" in shown and told in shown
    assert [json.loads(line) for line in target.read_text("utf-8").splitlines()] == LINES
    assert source.read_bytes() == body
    assert not list(tmp_path.glob("*.partial"))


def test_good_lines_keep_their_characters(tmp_path: Path) -> None:
    good = '{"source-ref":  "s3://b/\\u00e4.jpg"}\n{ "source-ref" : "s3://b/ä.jpg" }\n'
    (tmp_path / "a.manifest").write_text(good, "utf-8")
    fix(tmp_path / "a.manifest", tmp_path / "b.manifest")
    assert (tmp_path / "b.manifest").read_text("utf-8") == good


def test_what_cannot_be_mended_stays_and_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = GOOD.splitlines()
    lines[2] = lines[2][:60]
    lines[4] = '{"source-ref": "s3://b/c.jpg" "kind": 1}'
    (tmp_path / "a.manifest").write_text("\n".join(lines) + "\n", "utf-8")
    assert run(tmp_path / "a.manifest", "--fix", tmp_path / "b.manifest", "--no-images") == 1
    shown = capsys.readouterr().out
    assert "2 lines could not be mended and are as they were: 3, 5" in shown
    assert (tmp_path / "b.manifest").read_text("utf-8").splitlines() == lines
    assert "cut off" in shown


@pytest.mark.parametrize(
    "change", [lambda s: s.replace('"yes"', '"no"'), lambda s: s.replace('"confidence"', '"other"')]
)
def test_nan_of_no_human_stays(tmp_path: Path, change: Callable[[str], str]) -> None:
    body = change(nan(GOOD.splitlines()[0]))
    (tmp_path / "a.manifest").write_text(body + "\n", "utf-8")
    fixes = fix(tmp_path / "a.manifest", tmp_path / "b.manifest")
    assert (fixes.left_count, (tmp_path / "b.manifest").read_text("utf-8")) == (1, body + "\n")


@pytest.mark.parametrize("target", ["a.manifest", "manifest"])
def test_the_file_itself_is_never_written(tmp_path: Path, capsys: pytest.CaptureFixture[str], target: str) -> None:
    (tmp_path / "a.manifest").write_text(GOOD, "utf-8")
    assert run(tmp_path / "a.manifest", "--fix", tmp_path / target, "--no-images") == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert (tmp_path / "a.manifest").read_text("utf-8") == GOOD


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2020-03-06", "2020-03-06T00:00:00"),
        ("2020/03/06 17:46:39", "2020-03-06T17:46:39"),
        ("2020:03:06 17:46:39", "2020-03-06T17:46:39"),
        ("20200306T174639Z", "2020-03-06T17:46:39"),
        ("2020-03-06T17:46", "2020-03-06T17:46:00"),
        ("2020-03-06T17:46:39.123456789012", "2020-03-06T17:46:39.123"),
        ("2020-03-06 17:46:39 +01:00", "2020-03-06T16:46:39"),
        ("2020-03-06 17:46:39 UTC", "2020-03-06T17:46:39"),
        ("Fri, 06 Mar 2020 17:46:39 GMT", "2020-03-06T17:46:39"),
        ("Fri Mar  6 17:46:39 2020", "2020-03-06T17:46:39"),
        ("1583516799", "2020-03-06T17:46:39"),
        (1583516799, "2020-03-06T17:46:39"),
        (1583516799.25, "2020-03-06T17:46:39"),
        (1583516799123, "2020-03-06T17:46:39"),
        ("03/06/2020", None),
        ("06.03.2020 17:46", None),
        ("yesterday", None),
        ("2020", None),
        ("", None),
        (None, None),
        (True, None),
        (7, None),
        ([], None),
    ],
)
def test_dates_of_other_tools(written: object, meant: str | None) -> None:
    """Where days and months could be exchanged nothing is guessed."""
    assert as_manifest_date(written) == meant


@settings(max_examples=150)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)), st.integers(0, 900))
def test_any_bytes_are_mended_or_kept_and_mending_twice_changes_nothing(tmp_path: Path, damage: bytes, at: int) -> None:
    body = GOOD.encode()[:at] + damage + GOOD.encode()[at:]
    first, second, third = (tmp_path / name for name in ("a.manifest", "b.manifest", "c.manifest"))
    first.write_bytes(body)
    fixes = fix(first, second)
    fix(second, third)
    assert third.read_bytes() == second.read_bytes()
    assert len(second.read_text("utf-8").split("\n")) == fixes.written + 1
    lost = {line for line in GOOD.splitlines() if line in body.decode(errors="replace").splitlines()}
    assert lost <= set(second.read_text("utf-8").splitlines())


def test_a_long_file_is_mended_in_pieces(tmp_path: Path) -> None:
    """Several pieces of 256 KB, with objects over the borders."""
    lines = [image_line(number, "ab"[number % 2]) for number in range(4000)]
    (tmp_path / "a.manifest").write_bytes(as_manifest(lines).replace(b"\n", b",\r\n"))
    fixes = fix(tmp_path / "a.manifest", tmp_path / "b.manifest")
    assert (fixes.written, fixes.left_count) == (4000, 0)
    assert (tmp_path / "b.manifest").read_bytes() == as_manifest(lines)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"PK\x03\x04" + bytes(50), "ZIP archive"),
        (b"a.jpg,cat\nb.jpg,dog\n", "custom-labels convert csv"),
        (b'{"images": [], "annotations": [], "categories": []}', "custom-labels convert coco"),
    ],
)
def test_what_is_not_a_manifest_is_not_mended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: bytes, told: str
) -> None:
    (tmp_path / "a.manifest").write_bytes(body)
    assert run(tmp_path / "a.manifest", "--fix", tmp_path / "b.manifest", "--no-images") == 1
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1
    assert not (tmp_path / "b.manifest").exists()
