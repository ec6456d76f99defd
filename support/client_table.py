"""The table of docs/clients.md: which client, in which version, did what in a run of `make contract`.

    python -m support.client_table .venv-contract/report.xml            # what ran, and whether the page knows of it
    python -m support.client_table .venv-contract/report.xml --write    # write the table

Versions differ from machine to machine; only a client that ran and is not in the page, or that the page promises and
no test knows, is an error.
"""

from __future__ import annotations

import argparse
import re
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from support.server import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "clients.md"
BEGIN, END = "<!-- table of clients: begin -->\n", "<!-- table of clients: end -->\n"
HEAD = "| client | version | what it did |\n|---|---|---|\n"

# In the order of the table.
CLIENTS = (
    "boto3 1.26",
    "boto3 1.34",
    "boto3, the newest",
    "aioboto3",
    "AWS CLI 1",
    "AWS CLI 2",
    "JavaScript v2",
    "JavaScript v3",
    "Go v2",
    "Ruby",
    "s3fs",
    "minio-py",
    "PyArrow",
    "rclone",
    "s3cmd",
    "Terraform",
    "CloudFormation",
    "CDK",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A client that ran: name, version, what it did."""

    client: str
    version: str
    what: str


def rows_of_report(report: Path) -> list[Row]:
    """What passed in a JUnit report, in the order of the table. Raises ValueError for an unknown client."""
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        if case.find("failure") is None and case.find("error") is None:
            for item in case.iterfind("properties/property[@name='client']"):
                row = Row(*str(item.get("value")).split("\t"))
                found[row.client] = row
    if unknown := set(found) - set(CLIENTS):
        raise ValueError(f"clients that the table has no place for: {', '.join(sorted(unknown))}")
    return [found[name] for name in CLIENTS if name in found]


def rows_of_page(page: str) -> list[Row]:
    """The table as the page has it."""
    table = page.partition(BEGIN)[2].partition(END)[0]
    return [Row(*cells) for cells in re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", table, re.MULTILINE)[1:]]


def with_rows(page: str, rows: list[Row]) -> str:
    """The page with these rows; what did not run keeps the row that it has."""
    known = {row.client: row for row in rows_of_page(page)} | {row.client: row for row in rows}
    lines = [f"| {row.client} | {row.version} | {row.what} |\n" for name in CLIENTS if (row := known.get(name))]
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + HEAD + "".join(lines) + END + rest.partition(END)[2]


def main() -> int:
    """Show what ran; 1 if the page does not know of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path)
    parser.add_argument("--write", action="store_true", help="write the table into docs/clients.md")
    arguments = parser.parse_args()
    rows, page = rows_of_report(arguments.report), PAGE.read_text()
    for row in rows:
        print(f"{row.client:20}{row.version:14}{row.what}")
    if arguments.write:
        PAGE.write_text(with_rows(page, rows))
        return 0
    known = {row.client for row in rows_of_page(page)}
    if missing := [row.client for row in rows if row.client not in known]:
        print(f"docs/clients.md lacks {', '.join(missing)}: make contract WRITE=1", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
