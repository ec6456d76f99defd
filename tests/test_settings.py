"""Settings: read, refused by name, documented."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.cli import build_parser
from emulator.settings import PREFIX, Settings, SettingsError, document, rule_of

ROOT = Path(__file__).resolve().parents[1]
NUMBERS = [item for item in fields(Settings) if str(item.type) in ("int", "float")]
CHOSEN = [item for item in fields(Settings) if rule_of(item).choices]


def read(**variables: str) -> Settings:
    return Settings.read({PREFIX + name.upper(): text for name, text in variables.items()})


def test_the_document_is_up_to_date() -> None:
    assert (ROOT / "docs" / "settings.md").read_text() == document(), "run `make docs`"


def test_every_setting_is_documented_and_has_a_flag() -> None:
    """O-5."""
    serve = build_parser("serve").parse_args(["serve"])
    for item in fields(Settings):
        assert rule_of(item).text.endswith(".")
        flag = item.name.replace("_", "-")
        assert re.search(rf"^\| `{PREFIX}{item.name.upper()}` \| `--{flag}( \S+)?` \|", document(), re.MULTILINE)
        assert getattr(serve, item.name) is None


def test_without_variables_all_is_default() -> None:
    """O-1, O-3, O-17, O-18, O-20, O-21, O-22, O-34."""
    settings = Settings.read({"PATH": "/bin", "AWS_REGION": "eu-west-1"})
    assert (settings.host, settings.port, settings.data_dir) == ("127.0.0.1", 4598, Path("data"))
    assert (settings.starting_seconds, settings.stopping_seconds, settings.deleting_seconds) == (0.5, 0.2, 0.2)
    assert (settings.waiter_hold, settings.waiter_hold_for, settings.settle_hold) == (50, "waiters", 2)
    assert (settings.default_account, settings.auth, settings.quotas) == ("000000000000", "off", "off")
    assert (settings.tps_per_unit, settings.price_per_unit_hour, settings.price_per_training_hour) == (5, 4, 1)
    assert (settings.scale_up_percent, settings.scale_up_seconds, settings.in_service_seconds) == (80, 10, 5)
    assert (settings.scale_down_percent, settings.scale_down_seconds) == (40, 60)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        read().port = 1  # type: ignore[misc]


def test_flags_win_over_variables() -> None:
    environment = {f"{PREFIX}PORT": "1", f"{PREFIX}SEED": "2"}
    settings = Settings.read(environment, {"port": "3", "seed": None, "ephemeral": "true"})
    assert (settings.port, settings.seed, settings.ephemeral) == (3, 2, True)


@pytest.mark.parametrize(
    "name", ["CUSTOM_LABELS_PROT", "CUSTOM_LABELS_", "CUSTOM_LABELS_port", "CUSTOM_LABELS_DATADIR"]
)
def test_an_unknown_variable_is_named(name: str) -> None:
    """O-5: never silently ignored."""
    with pytest.raises(SettingsError, match=f"^{name} is not a setting"):
        Settings.read({name: "1"})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "http"),
        ("port", "-1"),
        ("port", "65536"),
        ("port", "4598.0"),
        ("port", ""),
        ("ephemeral", "maybe"),
        ("ephemeral", ""),
        ("waiter_hold", "-0.1"),
        ("waiter_hold", "nan"),
        ("waiter_hold", "inf"),
        ("waiter_hold", "1e999"),
        ("seed", "-1"),
        ("log_level", "INFO"),
        ("quotas", "on"),
        ("auth", "maybe"),
        ("auth", "IAM"),
        ("default_account", "12345678901"),
        ("default_account", "1234567890123"),
        ("default_account", "12345678901x"),
        ("default_account", "\u0661" * 12),
        ("concurrent_trainings", "0"),
        ("training_effort", "most"),
        ("virtual_host_domain", "localhost:4598"),
        ("virtual_host_domain", ".emulator.internal"),
        ("s3_region", "us east"),
        ("s3_endpoint_url", "minio:9000"),
        ("s3_endpoint_url", "ftp://minio"),
        ("s3_endpoint_url", "http://"),
        ("s3_endpoint_url", "http://[::1"),
        ("s3_endpoint_url", "http://minio:90000"),
    ],
)
def test_a_bad_value_is_named(name: str, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(**{name: text})
    assert str(caught.value).startswith(f"{PREFIX}{name.upper()}={text}: expected ")
    with pytest.raises(SettingsError, match=f"^--{name.replace('_', '-')}="):
        Settings.read({}, {name: text})


@pytest.mark.parametrize("name", ["host", "data_dir", "init_dir", "virtual_host_domain"])
def test_an_empty_value_is_named_where_it_would_mean_something_else(name: str) -> None:
    """O-3, O-5: an empty host is every address, an empty folder the present one."""
    with pytest.raises(SettingsError, match=f"^{PREFIX}{name.upper()} is empty"):
        read(**{name: ""})
    with pytest.raises(SettingsError, match=f"^--{name.replace('_', '-')} is empty"):
        Settings.read({}, {name: ""})


@pytest.mark.parametrize("address", ["", "http://minio:9000", "https://s3.example.com/path", "http://[::1]:9000"])
def test_addresses_of_an_outside_s3(address: str) -> None:
    assert read(s3_endpoint_url=address).s3_endpoint_url == address


def test_scaling_down_begins_below_scaling_up() -> None:
    with pytest.raises(SettingsError, match="SCALE_DOWN_PERCENT must be less"):
        read(scale_down_percent="80")


@pytest.mark.parametrize("item", NUMBERS, ids=lambda item: item.name)
def test_the_bounds_of_numbers_are_allowed(item: Any) -> None:
    rule = rule_of(item)
    for bound in (rule.minimum, rule.maximum):
        if bound is not None and item.name not in ("scale_up_percent",):
            text = str(int(bound)) if str(item.type) == "int" else str(bound)
            assert getattr(read(**{item.name: text}), item.name) == bound


@pytest.mark.parametrize("item", CHOSEN, ids=lambda item: item.name)
def test_every_choice_is_allowed(item: Any) -> None:
    for choice in rule_of(item).choices or ():
        assert getattr(read(**{"identities": "identities.json", item.name: choice}), item.name) == choice


@pytest.mark.parametrize(("text", "value"), [("1", True), ("TRUE", True), ("on", True), ("0", False), ("No", False)])
def test_ways_to_say_yes_and_no(text: str, value: bool) -> None:
    assert read(ephemeral=text).ephemeral is value


@given(st.sampled_from(fields(Settings)), st.text(max_size=20))
def test_any_text_is_read_or_refused(item: Any, text: str) -> None:
    try:
        settings = read(**{item.name: text})
    except SettingsError as error:
        assert PREFIX in str(error)
    else:
        assert isinstance(settings, Settings)


@pytest.mark.parametrize("name", ["DATABASE_URL", "CONTROL_ACCOUNT_TOKENS"])
def test_a_secret_that_does_not_fit_is_not_repeated(name: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.read({f"{PREFIX}{name}": "mysql://user:password@db"})
    assert name in str(refused.value) and "password" not in str(refused.value)


def test_what_a_pattern_wants_is_said_in_words() -> None:
    assert all(rule_of(item).form for item in fields(Settings) if rule_of(item).pattern is not None)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"DASK_SCHEDULER": "tls://scheduler:8786"}, "needs CUSTOM_LABELS_DASK_TLS_CA and CUSTOM_LABELS_DASK_TLS_CERT"),
        ({"DASK_SCHEDULER": "scheduler:8786"}, "expected tls://HOST:PORT or tcp://HOST:PORT"),
    ],
)
def test_a_cluster_that_could_not_be_used_is_refused_at_the_start(environment: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings.read({f"CUSTOM_LABELS_{name}": value for name, value in environment.items()})
