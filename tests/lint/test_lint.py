"""`custom-labels lint`: the same verdicts as a training, in three formats, with exit codes."""

from __future__ import annotations

import argparse
import io
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from emulator.commands import lint
from emulator.domain.manifest.findings import Verdict
from emulator.domain.manifest.training import validate_training
from emulator.lint.check import lint as check
from support.manifests import LINE_CASES, as_bytes, as_manifest, box_line, image_line

GOOD = [image_line(number, "ab"[number % 2]) for number in range(10)]


def run(*arguments: object) -> int:
    parser = argparse.ArgumentParser(prog="custom-labels lint")
    lint.add_arguments(parser)
    return lint.run(parser.parse_args([str(argument) for argument in arguments]))


def manifest(folder: Path, lines: Sequence[Any], name: str = "train.manifest") -> Path:
    path = folder / name
    path.write_bytes(as_manifest(list(lines)))
    return path


def picture(path: Path, width: int = 100, height: int = 80) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, height), "navy").save(path)


def test_a_good_manifest_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(manifest(tmp_path, GOOD), "--no-images") == 0
    shown = capsys.readouterr().out
    assert "10 lines: 10 valid" in shown
    assert "No errors: a classification training with 2 labels could begin." in shown


def test_one_line_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(manifest(tmp_path, GOOD[:1]), "--no-images")
    assert "  1 line: 1 valid" in capsys.readouterr().out


def test_offenders_are_shown_with_line_column_and_cure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = as_bytes(image_line(99, "a")).replace(b'"yes"', b'"ja"')
    path = manifest(tmp_path, [*GOOD, bad])
    assert run(path, "--no-images") == 1
    shown = capsys.readouterr().out
    column = bad.decode().index('"ja"') + 1
    assert f"{path}:11:{column}" in shown
    assert 'human-annotated is \'ja\'; it must be "yes" or "no".  (1 of 11 lines)' in shown
    assert "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT: The format of the label attribute metadata" in shown
    assert '→ Write "yes" or "no".' in shown
    text, caret = shown.splitlines()[3:5]
    assert text[caret.index("^") : caret.rindex("^") + 1] == '"ja"'


def test_a_byte_order_mark_between_joined_files_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """J-9: the mark that began the second file is in the middle of the whole."""
    path = manifest(tmp_path, [*GOOD, b"\xef\xbb\xbf" + as_bytes(image_line(99, "a"))])
    assert run(path, "--no-images") == 1
    shown = capsys.readouterr().out
    assert f"{path}:11:1" in shown
    assert (
        "● The line begins with a byte order mark: files were joined that each began with one.  (1 of 11 lines)"
        in shown
    )


def test_only_the_first_offenders_are_shown_and_all_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = manifest(tmp_path, [*GOOD, *[b"{"] * 5])
    assert run(path, "--no-images", "--show", 2) == 1
    shown = capsys.readouterr().out
    assert shown.count(f"{path}:1") == 2
    assert "(5 of 15 lines)" in shown
    assert "and 3 more" in shown
    assert "✗ ERROR_TOO_MANY_INVALID_ROWS_IN_MANIFEST" in shown


def test_control_sequences_in_a_manifest_do_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = {**image_line(), "kind-metadata": {"type": "[red]\u001b[2J"}}
    assert run(manifest(tmp_path, [*GOOD, line]), "--no-images") == 1
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "[red]" in shown


def test_warnings_alone_are_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(manifest(tmp_path, [*GOOD, {"source-ref": "s3://photographs/x.jpg"}]), "--no-images") == 0
    assert "(1 warning)" in capsys.readouterr().out


def test_json_holds_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = manifest(tmp_path, [*GOOD, *[case.line for case in LINE_CASES.values()]])
    assert run(path, "--no-images", "--format", "json") == 1
    document = json.loads(capsys.readouterr().out)
    (file,) = document["files"]
    assert document["ok"] is False
    assert (file["path"], file["total_json_lines"]) == (str(path), 10 + len(LINE_CASES))
    assert {finding["code"] for finding in file["findings"]} >= {case.code for case in LINE_CASES.values()}
    for number, case in enumerate(LINE_CASES.values(), start=11):
        found = [finding for finding in file["findings"] if finding["line"] == number]
        assert (case.code, case.message) in [(finding["code"], finding["message"]) for finding in found]
        assert all(finding["title"] and finding["cure"] for finding in found)
    assert document["failures"][0]["code"] == "ERROR_TOO_MANY_INVALID_ROWS_IN_MANIFEST"


def test_github_annotations_are_escaped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = manifest(tmp_path, [*GOOD, b"", box_line(77, [])], "a,b.manifest")
    assert run(path, "--no-images", "--format", "github") == 1
    lines = capsys.readouterr().out.splitlines()
    name = str(path).replace(",", "%2C")
    place = f"::error file={name},line=11,col=1,endColumn=2,title=ERROR_INVALID_JSON_LINE::"
    assert lines[0].startswith(f"{place}The JSON Line has an invalid format. The line is blank.")
    assert lines[1].startswith(f"::warning file={name},line=12,col=")
    assert all(line.startswith("::") for line in lines)


def test_a_pair_is_checked_with_the_pair_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    training = manifest(tmp_path, [image_line(number, "abc"[number % 3]) for number in range(9)])
    testing = manifest(tmp_path, [image_line(50, "a")], "test.manifest")
    assert run(training, "--test", testing, "--no-images", "--format", "github") == 1
    assert "title=ERROR_INSUFFICIENT_LABEL_OVERLAP::Less than 50%25 label overlap" in capsys.readouterr().out
    assert run(training, "--no-images") == 0


def test_the_split_is_tried_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """TE-11."""
    path = manifest(tmp_path, [*GOOD, image_line(99, "rare")])
    assert run(path, "--no-images") == 0
    assert run(path, "--no-images", "--split") == 1
    assert "ERROR_INSUFFICIENT_IMAGES_PER_LABEL_FOR_AUTOSPLIT" in capsys.readouterr().out
    assert run(manifest(tmp_path, GOOD), "--no-images", "--split") == 0


@pytest.mark.parametrize("layout", ["images/{:06}.jpg", "{:06}.jpg", "deep/er/images/{:06}.jpg"])
@pytest.mark.parametrize("mapping", ["{}", "s3://photographs/images={}"])
def test_images_come_from_a_folder(tmp_path: Path, layout: str, mapping: str) -> None:
    """By the longest end of the key, or by an explicit mapping."""
    for number in range(10):
        picture(tmp_path / "pictures" / layout.format(number))
    folder = {"images/{:06}.jpg": "pictures", "{:06}.jpg": "pictures", "deep/er/images/{:06}.jpg": "pictures/deep/er"}
    root = tmp_path / folder[layout]
    if mapping != "{}" and "images" in layout:
        root = root / "images"
    assert run(manifest(tmp_path, GOOD), "--images", mapping.format(root)) == 0


def test_bad_images_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(10):
        picture(tmp_path / f"{number:06}.jpg")
    picture(tmp_path / "000003.jpg", 63, 80)
    whole = (tmp_path / "000004.jpg").read_bytes()
    (tmp_path / "000004.jpg").write_bytes(whole[:-60])
    assert run(manifest(tmp_path, GOOD), "--images", tmp_path, "--format", "json") == 1
    findings = json.loads(capsys.readouterr().out)["files"][0]["findings"]
    assert [(finding["line"], finding["code"], finding["detail"]) for finding in findings] == [
        (4, "ERROR_INVALID_IMAGE", "the image is 63 x 80 px"),
        (5, "ERROR_INVALID_IMAGE", "the image is cut off or damaged"),
    ]


def test_keys_cannot_leave_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture(tmp_path / "outside.jpg")
    (tmp_path / "inside").mkdir()
    line = {**image_line(), "source-ref": "s3://photographs/../outside.jpg"}
    assert run(manifest(tmp_path, [line]), "--images", tmp_path / "inside", "--format", "json") == 1
    assert json.loads(capsys.readouterr().out)["files"][0]["findings"][0]["code"] == "ERROR_INVALID_IMAGE"


@pytest.mark.parametrize(
    "arguments",
    [
        ["missing.manifest", "--no-images"],
        ["{good}", "--test", "missing.manifest", "--no-images"],
        ["{good}", "--images", "missing"],
        ["{good}", "--images", "s3://photographs"],
        ["{good}", "--profile", "no-such-profile-anywhere"],
        ["{good}", "--endpoint-url", "nowhere"],
        ["{good}", "--no-images", "--split", "--test", "{good}"],
        ["/", "--no-images"],
        ["", "--no-images"],
        ["s3://photographs/train.manifest", "--no-images"],
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    good = manifest(tmp_path, GOOD)
    assert run(*[argument.format(good=good) for argument in arguments]) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith("custom-labels lint: ")
    assert written.err.count("\n") == 1


def test_file_errors_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """TE-1, TE-2."""
    assert run(manifest(tmp_path, []), "--no-images") == 1
    assert "The manifest file is empty." in capsys.readouterr().out
    assert run(manifest(tmp_path, GOOD, "train"), "--no-images") == 1
    assert "The manifest file extension or contents are invalid." in capsys.readouterr().out


def test_a_file_error_names_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """TE-2; nothing is said of the lines of a pair of which one file cannot be read."""
    good, empty = manifest(tmp_path, GOOD), manifest(tmp_path, [], "empty.manifest")
    assert run(good, "--test", empty, "--no-images") == 1
    shown = capsys.readouterr().out
    assert str(empty) in shown
    assert "lines:" not in shown
    assert run(good, "--test", empty, "--no-images", "--format", "github") == 1
    assert capsys.readouterr().out.startswith(f"::error file={empty},title=ERROR_EMPTY_MANIFEST::")
    assert run(empty, "--test", good, "--no-images", "--format", "json") == 1
    document = json.loads(capsys.readouterr().out)
    assert [(failure["code"], failure["path"]) for failure in document["failures"]] == [
        ("ERROR_EMPTY_MANIFEST", str(empty))
    ]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    """TE-3."""
    path = manifest(tmp_path, GOOD)
    with path.open("r+b") as file:
        file.truncate(2**30 + 1)
    read = 0

    def count(size: int) -> None:
        nonlocal read
        read += size

    assert check(path, None, None, on_read=count).failures[0][1].rule.code == "ERROR_MANIFEST_SIZE_TOO_LARGE"
    assert read == 0


def test_a_wrong_number_is_said_plainly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(manifest(tmp_path, GOOD), "--show", "many")
    assert "argument --show: expected a number of at least 0" in capsys.readouterr().err


def test_lint_and_training_agree_on_every_line(tmp_path: Path) -> None:
    """On every line of every kind, for both sides of a pair."""
    lines = [as_bytes(line) for line in [*GOOD, *(case.line for case in LINE_CASES.values()), *GOOD]]
    others = [*(as_bytes(box_line(number)) for number in range(5)), b"", as_bytes(image_line(1, "x" * 300))]
    training = validate_training(lambda: lines, lambda: others, None)
    result = check(manifest(tmp_path, lines), manifest(tmp_path, others, "test.manifest"), None)
    for side in ("training", "testing"):
        ours, theirs = (dict(v.summary()["statistics"][side]) for v in (result.validation, training))  # type: ignore[index]
        assert {**theirs, "error_json_line_indices": [], "warnings": []} == {**ours, "warnings": []}
    assert training.failure is not None
    assert result.failures[0][1].message == training.failure.message
    for file, validated in zip(result.files, (training.training, training.testing), strict=True):
        assert [file.count(verdict) for verdict in Verdict] == [validated.count(verdict) for verdict in Verdict]
        assert file.found.error_lines == validated.error_lines
        found = Counter((offence.line, offence.finding) for offence in file.offences)
        told = Counter((number, finding) for number, findings in validated.findings.items() for finding in findings)
        assert found == told


def test_images_come_from_amazons_s3_if_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    boto3 = pytest.importorskip("boto3")
    moto = pytest.importorskip("moto")
    for name, value in (("AWS_ACCESS_KEY_ID", "111122223333"), ("AWS_SECRET_ACCESS_KEY", "x")):
        monkeypatch.setenv(name, value)
    with moto.mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="photographs")
        stream = io.BytesIO()
        Image.new("RGB", (100, 80), "olive").save(stream, "PNG")
        for number in range(9):
            s3.put_object(Bucket="photographs", Key=f"images/{number:06}.jpg", Body=stream.getvalue())
        assert run(manifest(tmp_path, GOOD), "--format", "json", "--endpoint-url", "aws") == 1
    findings = json.loads(capsys.readouterr().out)["files"][0]["findings"]
    assert [(finding["line"], finding["detail"]) for finding in findings] == [(10, "there is no such object")]


def test_an_s3_that_does_not_answer_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert run(manifest(tmp_path, GOOD), "--endpoint-url", "http://127.0.0.1:1") == 2
    error = capsys.readouterr().err
    assert error.startswith("custom-labels lint: S3 cannot be asked: Could not connect")
    assert all(flag in error for flag in ("--images DIR", "--endpoint-url http://127.0.0.1:4598", "--no-images"))
