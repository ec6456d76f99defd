"""`python -m support.dead_code`, part of make check: what is defined and used nowhere, as vulture finds it."""

from __future__ import annotations

import sys
from pathlib import Path

from vulture import Vulture

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("emulator", "support", "benchmarks", "models", "migrations", "container", "tests")
KINDS = {"function", "class", "method", "property", "import", "unreachable_code"}
REGISTERED = ("@router.*", "@app.*", "@operation", "@coroutine_operation", "@pytest.*", "@rule", "@initialize",
              "@invariant", "@event.*", "@precondition", "@given")  # fmt: skip
EXCEPTIONS = {
    "readable": "io.RawIOBase asks for it",
    "readinto": "io.RawIOBase asks for it",
    "get_next": "onnxruntime's quantisation asks for it",
    "do_GET": "http.server calls it",
    "do_POST": "http.server calls it",
    "log_message": "http.server calls it",
    "handle": "socketserver calls it",
    "get_connection_mode": "testcontainers asks a Docker client for it",
    "cloudformation_name_type": "moto's engine calls it, and what follows",
    "cloudformation_type": "moto",
    "has_cfn_attr": "moto",
    "get_cfn_attribute": "moto",
    "update_from_cloudformation_json": "moto",
    "delete_from_cloudformation_json": "moto",
    "is_created": "moto",
    "teardown": "hypothesis calls it",
    "handle_starttag": "html.parser calls it",
    "on_config": "MkDocs calls it",
    "on_files": "MkDocs calls it",
    "on_page_markdown": "MkDocs calls it",
    "process_bind_param": "SQLAlchemy calls it",
    "process_result_value": "SQLAlchemy calls it",
    "upgrade": "Alembic calls it",
    "downgrade": "Alembic calls it",
}


def dead_code() -> list[str]:
    """What is defined in the package or beside it and used nowhere, not even in a test; a line each."""
    found = Vulture(ignore_decorators=list(REGISTERED))
    found.scavenge([str(ROOT / folder) for folder in FOLDERS], exclude=["*/node_modules/*", "*/guide/programs/*"])
    unused = [
        item
        for item in found.get_unused_code(min_confidence=60)
        if item.typ in KINDS and item.name not in EXCEPTIONS and not item.name.startswith(("test_", "pytest_", "_"))
    ]
    return [f"{Path(item.filename).relative_to(ROOT)}:{item.first_lineno}: {item.message}" for item in unused]


if __name__ == "__main__":
    lines = dead_code()
    print("\n".join(lines), end="\n" if lines else "")
    sys.exit(1 if lines else 0)
