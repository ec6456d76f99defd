"""`custom-labels lint --format sarif` holds to SARIF 2.1.0 (OASIS): members, types, and what refers to what."""

from __future__ import annotations

import json
import urllib.parse
from pathlib import Path
from typing import Any

import pytest

from support.manifests import LINE_CASES, box_line, image_line
from tests.lint.test_lint import GOOD, manifest, run


def sarif(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert run(*arguments, "--no-images", "--format", "sarif") in (0, 1)
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def check(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The results, after everything that the standard asks for has been looked at."""
    assert document["version"] == "2.1.0" and document["$schema"].endswith("sarif-2.1.0.json")
    [run_] = document["runs"]
    driver = run_["tool"]["driver"]
    assert driver["name"] and isinstance(driver["version"], str)
    assert run_["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    assert [invocation["executionSuccessful"] for invocation in run_["invocations"]] == [True]
    rules = driver["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert set(rule) <= {"id", "shortDescription", "fullDescription", "help", "defaultConfiguration"}
        assert all(rule[key]["text"] for key in ("shortDescription", "fullDescription", "help"))
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note", "none")
    for result in run_["results"]:
        assert set(result) <= {"ruleId", "ruleIndex", "level", "message", "locations"}
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning") and result["message"]["text"]
        for location in result.get("locations", []):
            place = location["physicalLocation"]
            uri = place["artifactLocation"]["uri"]
            assert urllib.parse.urlsplit(uri).scheme in ("", "file") and " " not in uri and "\\" not in uri
            region = place["region"]
            assert region["startLine"] >= 1 and region["startColumn"] >= 1
            assert region.get("endColumn", region["startColumn"] + 1) > region["startColumn"]
    return list(run_["results"])


def test_every_finding_is_a_result_at_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = manifest(tmp_path, [*GOOD, *[case.line for case in LINE_CASES.values()]], "a manifest.jsonl")
    results = check(sarif(capsys, path))
    assert {result["ruleId"] for result in results} >= {case.code for case in LINE_CASES.values()}
    [place] = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results}
    assert place == path.as_uri()


def test_relative_names_stay_relative(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest(tmp_path, [*GOOD, b"{"], "ä 1.manifest")
    monkeypatch.chdir(tmp_path)
    [result] = check(sarif(capsys, "ä 1.manifest"))
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "%C3%A4%201.manifest"
    assert place["region"]["startLine"] == 11


def test_a_pair_a_good_file_and_a_file_of_another_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(sarif(capsys, manifest(tmp_path, GOOD))) == []
    testing = manifest(tmp_path, [box_line(90)], "test.manifest")
    results = check(sarif(capsys, manifest(tmp_path, GOOD), "--test", testing))
    assert [("locations" in result) for result in results if result["ruleId"].endswith("OVERLAP")] == [False]
    other = manifest(tmp_path, [b"a.jpg,cat", b"b.jpg,dog"], "a.csv")
    assert [result["ruleId"] for result in check(sarif(capsys, other))] == [
        "not-a-manifest/csv",
        "ERROR_MANIFEST_INACCESSIBLE_OR_UNSUPPORTED_FORMAT",
    ]
    repeated = manifest(tmp_path, [*GOOD, image_line(1, "a")], "c.manifest")
    assert {result["level"] for result in check(sarif(capsys, repeated))} == {"error"}
