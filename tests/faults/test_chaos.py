"""A short run of chaos, and its oracle tried on builds that break a promise; `make chaos` runs it for long."""

from __future__ import annotations

import sys
from pathlib import Path

import botocore.session
import pytest

from emulator.s3 import routes
from emulator.s3.handlers.configuration import SETTINGS
from emulator.wire.service_model import CUSTOM_LABELS_OPERATIONS
from tests.faults.chaos import ACCOUNTS, Chaos
from tests.faults.forked_server import SABOTAGES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it forks, and looks at processes through /proc")

CONTROL = {
    *("GET health", "GET ready", "GET usage", "GET metrics", "GET model"),
    *("GET transitions", "PUT transitions", "GET clock", "PUT clock", "POST clock/advance"),
    *("GET faults", "POST faults", "DELETE faults", "DELETE faults/{id}"),
    *("GET answers", "POST answers", "DELETE answers", "DELETE answers/{id}"),
    *("POST outage", "DELETE trainings/{arn}"),
}
"""Chaos itself saves, loads and resets."""


def s3_operations() -> set[str]:
    """The names in S3's model of what the embedded S3 keeps and tells, but for preflights."""
    model = botocore.session.get_session().get_service_model("s3")
    names = {_name(handler) for handler in routes.handlers()} & {*model.operation_names, "PostObject"}
    kept = {f"/{{Bucket}}?{setting.name}" for setting in SETTINGS if setting.kept} | {"/{Bucket}?notification"}
    by_address = {name: model.operation_model(name).http["requestUri"] for name in model.operation_names}
    deprecated = {f"{verb}Bucket{what}" for verb in ("Get", "Put") for what in ("Lifecycle", "Notification")}
    return (names | {name for name, address in by_address.items() if address in kept}) - deprecated


def _name(handler: routes.Handler) -> str:
    return "".join(part.capitalize() for part in handler.__name__.split("_"))


def test_nothing_that_was_acknowledged_is_lost(tmp_path: Path) -> None:
    result = Chaos(tmp_path, seed=5, accounts=ACCOUNTS[:2]).run(kills=5, seconds=120)
    assert result.lost == []
    assert result.kills >= 1 and sum(result.acknowledged.values()) > 0


def test_chaos_calls_every_operation(tmp_path: Path) -> None:
    wanted = {*CUSTOM_LABELS_OPERATIONS, *s3_operations(), *CONTROL}
    result = Chaos(tmp_path, seed=7, accounts=ACCOUNTS[:1]).rehearse(wanted, seconds=300)
    assert result.lost == []
    assert wanted - result.acknowledged.keys() == set()


@pytest.mark.parametrize("sabotage", sorted(SABOTAGES))
def test_the_oracle_notices_a_broken_promise(tmp_path: Path, sabotage: str) -> None:
    # How long what is forgotten is waited for; the other builds must have time to settle.
    seconds = 2 if sabotage == "events-forgotten" else 10
    chaos = Chaos(tmp_path, 6, sabotage, ACCOUNTS[:1], with_models=False, settled_seconds=seconds)
    result = chaos.run(kills=500, seconds=240)
    assert result.lost, "a build that loses what it acknowledged went unnoticed"
