"""The page's types are made from a document that is the API's."""

from __future__ import annotations

import json
from pathlib import Path

from emulator.documents.console_api import console_api_document
from support.console import ConsoleClient

WRITTEN = Path(__file__).resolve().parents[2] / "web" / "openapi.json"


def test_the_document_is_up_to_date() -> None:
    assert WRITTEN.read_text(encoding="utf-8") == console_api_document(), "run `make docs`"


def test_operations_have_names_of_their_own() -> None:
    document = json.loads(console_api_document())
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))


def test_a_running_emulator_describes_itself(console: ConsoleClient) -> None:
    described = console.send("GET", "/console/api/openapi.json").json
    assert set(described["paths"]) == set(json.loads(console_api_document())["paths"])
