"""A PostgreSQL that is away while calls come: they fail, the log says so once, and they succeed when it is back."""

from __future__ import annotations

from contextlib import closing

import pytest
from botocore.exceptions import ClientError

from support import postgresql
from support.database_cluster import DatabaseCluster
from support.server import EmulatorProcess, wait_until

ACCOUNT = "111122223333"

pytestmark = pytest.mark.skipif(not postgresql.can_run(), reason="there is no wheel of PostgreSQL for this machine")


def test_a_database_that_is_away_is_told_without_tracebacks() -> None:
    with (
        closing(DatabaseCluster()) as cluster,
        EmulatorProcess(environment={"CUSTOM_LABELS_DATABASE_URL": cluster.url}) as emulator,
    ):
        client = emulator.client("rekognition", ACCOUNT)

        def code(name: str) -> str:
            try:
                client.create_project(ProjectName=name)
            except ClientError as error:
                return str(error.response["Error"]["Code"])
            return "OK"

        assert code("before") == "OK"
        cluster.kill()
        codes = [code(f"meanwhile-{number}") for number in range(5)]
        told = emulator.log()
        cluster.start()
        wait_until(lambda: code("afterwards") in ("OK", "ResourceInUseException"), what="that calls succeed again")
    assert set(codes) == {"InternalServerError"}
    assert "Traceback" not in told
    assert told.count("CreateProject failed") == told.count(": the database is away") == 1
