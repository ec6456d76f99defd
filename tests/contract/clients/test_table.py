"""The table of docs/clients.md is written from a run of `make contract`, and names every client that it tries."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.client_table import CLIENTS, PAGE, Row, rows_of_page, rows_of_report, with_rows

CASES = (
    ("s3cmd&#9;2.3.0&#9;S3 round trip", ""),
    ("Ruby&#9;1.1&#9;S3 round trip", "<failure/>"),
    ("boto3 1.26&#9;1.26.165&#9;project to answer", ""),
)
NOTE = '<testcase name="a"><properties><property name="client" value="{}"/></properties>{}</testcase>'
SKIPPED = '<testcase name="c"><skipped message="rclone is not installed"/></testcase>'
REPORT = "<testsuites>" + "".join(NOTE.format(*case) for case in CASES) + SKIPPED + "</testsuites>"


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "report.xml"
    file.write_text(REPORT)
    return file


def test_what_passed_stands_in_the_order_of_the_table(report: Path) -> None:
    assert rows_of_report(report) == [
        Row("boto3 1.26", "1.26.165", "project to answer"),
        Row("s3cmd", "2.3.0", "S3 round trip"),
    ]


def test_a_run_replaces_its_rows_and_keeps_the_others(report: Path) -> None:
    page = PAGE.read_text()
    written = with_rows(page, rows_of_report(report))
    rows = {row.client: row.version for row in rows_of_page(written)}
    assert (rows["boto3 1.26"], rows["s3cmd"]) == ("1.26.165", "2.3.0")
    assert {name: version for name, version in rows.items() if name not in ("boto3 1.26", "s3cmd")} == {
        row.client: row.version for row in rows_of_page(page) if row.client not in ("boto3 1.26", "s3cmd")
    }
    assert with_rows(written, []) == written


def test_a_client_without_a_place_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "report.xml"
    file.write_text(REPORT.replace("s3cmd&#9;", "unheard&#9;"))
    with pytest.raises(ValueError, match="no place for: unheard"):
        rows_of_report(file)


def test_the_page_has_every_client_with_a_version() -> None:
    rows = rows_of_page(PAGE.read_text())
    assert tuple(row.client for row in rows) == CLIENTS
    assert all(row.version[0].isdigit() for row in rows)
