"""All settings: one frozen object, read once from `CUSTOM_LABELS_<NAME>` variables and the flags of `serve` (O-5).

An unknown variable with the prefix, or a value that does not fit, is a SettingsError that names it; nothing is ignored.
docs/settings.md is generated from this file by `python -m emulator.settings`.
"""

from __future__ import annotations

import math
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any

PREFIX = "CUSTOM_LABELS_"


class SettingsError(ValueError):
    """A setting is unknown or has a value that does not fit; the message names it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a setting means and which values fit; `form` says in words what `pattern` wants.

    The value of one that `is_secret` is never repeated in a message.
    """

    text: str
    choices: tuple[str, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    form: str = ""
    is_address: bool = False
    is_secret: bool = False


def _setting(default: Any, text: str, **rule: Any) -> Any:
    return field(default=default, metadata={"rule": Rule(text, **rule)})


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one emulator process. Durations are seconds, prices US dollars."""

    host: str = _setting(
        "127.0.0.1", "Address to listen on. Leave it at loopback unless a container's port is published."
    )
    port: int = _setting(4598, "Port to listen on; 0 takes a free one, which is printed.", minimum=0, maximum=65535)
    port_file: str = _setting(
        "",
        "A file that the port is written to as soon as the emulator is ready, and that is removed at the end; for "
        "programs that start it.",
    )
    ready_json: bool = _setting(
        False, "Print one line of JSON when it is ready (endpoint, pid, version), and nothing else on standard output."
    )
    data_dir: Path = _setting(Path("data"), "Where everything is kept: state, objects, models.")
    ephemeral: bool = _setting(False, "Keep everything in a temporary directory that is removed at the end.")
    log_level: str = _setting("info", "How much is logged.", choices=("debug", "info", "warning", "error"))
    default_account: str = _setting(
        "000000000000",
        "Account of requests whose access key is not twelve digits.",
        pattern=r"[0-9]{12}",
        form="twelve digits",
    )
    auth: str = _setting(
        "off",
        "`off`: signatures are read for account and Region, not verified. `signature`: they are verified. `iam`: "
        "policies decide as well. `iam-report`: they decide, refusals are recorded and let pass; docs/access.md.",
        choices=("off", "signature", "iam-report", "iam"),
    )
    identities: str = _setting(
        "",
        "A file, JSON or YAML, with accounts, their users, roles, policies and keys; read again on SIGHUP. Needed "
        "unless `auth` is `off`.",
    )
    virtual_host_domain: str = _setting(
        "localhost",
        "`BUCKET.<this>` in the Host header addresses a bucket (virtual-host style).",
        pattern=r"[\w-]+(\.[\w-]+)*",
        form="a domain name such as emulator.internal",
    )
    hosts: str = _setting(
        "",
        "Names under which browsers may reach the emulator, besides local names and the virtual-host domain: "
        "`emulator.example`, several with commas between them; docs/docker.md.",
        pattern=r"([A-Za-z0-9._-]+(,[A-Za-z0-9._-]+)*)?",
        form="names with commas between them, such as emulator.example",
    )
    cors_origins: str = _setting(
        "",
        "Origins whose pages may call the emulator, besides local ones: `https://app.example`, several with commas "
        "between them. For S3 a bucket's CORS rules let others in.",
        pattern=r"(https?://[^/,\s]+(,https?://[^/,\s]+)*)?",
        form="origins with commas between them, such as https://app.example",
    )
    s3_owners: str = _setting(
        "open",
        "Buckets of other accounts in the embedded S3: `open`, or `strict`: only for whom a bucket policy opens them.",
        choices=("open", "strict"),
    )
    database_url: str = _setting(
        "",
        "A database of PostgreSQL 14 or newer for the state, postgresql+psycopg://USER:PASSWORD@HOST:PORT/DATABASE; "
        "without it a SQLite file in the data directory. A second emulator on it waits and takes over; docs/scale.md.",
        pattern=r"(postgresql(\+psycopg)?://\S+)?",
        form="postgresql+psycopg://USER:PASSWORD@HOST:PORT/DATABASE",
        is_secret=True,
    )
    s3_endpoint_url: str = _setting(
        "",
        "An S3 endpoint to use instead of the embedded S3 for manifests, images and results; docs/s3.md.",
        is_address=True,
    )
    s3_region: str = _setting(
        "",
        "Region of that endpoint; without it the region of each request.",
        pattern=r"[A-Za-z0-9-]*",
        form="a Region such as eu-west-1",
    )
    s3_addressing_style: str = _setting(
        "path", "How buckets of that endpoint are addressed.", choices=("auto", "path", "virtual")
    )
    s3_credentials: str = _setting(
        "", "A file that maps accounts to keys or profiles for that endpoint; without it boto3's default chain."
    )
    s3_checksums: str = _setting(
        "when_supported",
        "Checksums sent to that endpoint; `when_required` for those that do not know the newer ones.",
        choices=("when_supported", "when_required"),
    )
    events_webhook_url: str = _setting(
        "",
        "An address that events of objects are POSTed to, whatever destination a bucket's notification configuration "
        "names; docs/s3.md.",
        is_address=True,
    )
    events_endpoint_url: str = _setting(
        "",
        "An endpoint with the SQS, SNS and Lambda that notification configurations of buckets name, such as moto's "
        "server; docs/s3.md.",
        is_address=True,
    )
    waiter_hold: float = _setting(
        50.0,
        "How long a waiter's DescribeProjectVersions call is held while a version is changing. Clients give up "
        "after their read timeout, botocore after 60 seconds.",
        minimum=0,
    )
    waiter_hold_for: str = _setting(
        "waiters",
        "Which DescribeProjectVersions calls are held: those of botocore's waiters, all that name versions (for SDKs "
        "that do not mark their waiters), or none.",
        choices=("waiters", "describes", "off"),
    )
    settle_hold: float = _setting(
        2.0,
        "How long a describing call that names one resource is held for work on it that the caller began less than "
        "that ago; 0 holds none. For programs that look once and then sleep.",
        minimum=0,
        maximum=30,
    )
    starting_seconds: float = _setting(0.5, "The least time that STARTING lasts under the policy `real`.", minimum=0)
    stopping_seconds: float = _setting(0.2, "The least time that STOPPING lasts under the policy `real`.", minimum=0)
    deleting_seconds: float = _setting(0.2, "The least time that deletions last under the policy `real`.", minimum=0)
    seed: int = _setting(0, "Seed of every random choice in splitting and training.", minimum=0, maximum=2**31 - 1)
    training_effort: str = _setting(
        "standard",
        "How much a training tries; docs/training.md gives cost and gain. The tag `custom-labels:training-effort` of a "
        "version overrides it.",
        choices=("instant", "fast", "standard", "best"),
    )
    training_threads: int = _setting(2, "Threads that one training uses.", minimum=1, maximum=256)
    concurrent_trainings: int = _setting(
        1, "Trainings that run at once; further ones wait their turn.", minimum=1, maximum=64
    )
    dask_scheduler: str = _setting(
        "",
        "A Dask scheduler whose workers help with trainings, tls://HOST:PORT, or tcp://HOST:PORT in a network that you "
        "trust wholly; docs/scale.md.",
        pattern=r"((tls|tcp)://\S+)?",
        form="tls://HOST:PORT or tcp://HOST:PORT",
    )
    dask_spread: str = _setting(
        "stages",
        "What they do: `stages`, the looks at images, features and evaluation of each training; or whole `trainings`.",
        choices=("stages", "trainings"),
    )
    dask_s3_endpoint_url: str = _setting(
        "",
        "Address under which Dask workers reach the S3 for whole trainings; without it the address that the emulator "
        "listens on, or that of `s3_endpoint_url`.",
        is_address=True,
    )
    dask_tls_ca: str = _setting("", "A PEM file: the authority that signed the certificates of a tls:// scheduler.")
    dask_tls_cert: str = _setting("", "A PEM file: the certificate that the emulator shows there.")
    dask_tls_key: str = _setting("", "A PEM file: its private key, unless that is in the certificate's file.")
    inference_threads: int = _setting(
        2, "Images that are analysed at once; each uses one thread.", minimum=1, maximum=256
    )
    tps_per_unit: float = _setting(
        5.0, "Requests a second that one inference unit serves; 0 means no limit.", minimum=0
    )
    scale_up_percent: float = _setting(
        80.0, "Load, in percent of the units in service, over which one more is wanted.", minimum=1
    )
    scale_up_seconds: float = _setting(10.0, "How long the load must stay over it.", minimum=0.001)
    in_service_seconds: float = _setting(
        5.0, "How long after it is wanted a unit comes into service, or goes out of it.", minimum=0
    )
    scale_down_percent: float = _setting(
        40.0, "Load, in percent of the units in service, under which one less is wanted.", minimum=0.001
    )
    scale_down_seconds: float = _setting(60.0, "How long the load must stay under it.", minimum=0.001)
    quotas: str = _setting(
        "off",
        "Whether the service's default quotas of an account hold; docs/parity.md has them.",
        choices=("off", "aws"),
    )
    price_per_unit_hour: float = _setting(
        4.0, "Dollars that an hour of one inference unit costs in the usage report.", minimum=0
    )
    price_per_training_hour: float = _setting(
        1.0, "Dollars that an hour of training costs in the usage report.", minimum=0
    )
    stop_idle_after: float = _setting(
        0.0,
        "Stop a model by itself after so many seconds, by the emulator's clock, without an image; 0 never does.",
        minimum=0,
    )
    warn_running_after: float = _setting(
        0.0,
        "Warn in the log, in the model's StatusMessage and in the console when a model has run for so many seconds, "
        "and again after as many more; 0 never does.",
        minimum=0,
    )
    answers: str = _setting("", "A JSON file with forced answers that hold from the start and after a reset.")
    faults: str = _setting("", "A JSON file with faults that hold from the start and after a reset.")
    init_dir: str = _setting(
        "/etc/custom-labels/init/ready.d",
        "A folder whose `*.sh`, `*.py` and `*.http` run in order before the emulator is ready; only the default may be "
        "missing.",
    )
    control: str = _setting(
        "on", "Whether the paths under /_emulator answer; health and ready always do.", choices=("on", "off")
    )
    control_token: str = _setting("", "If set, control calls must carry `Authorization: Bearer <this>`.")
    control_account_tokens: str = _setting(
        "",
        "Tokens for control calls that concern one account: `ACCOUNT=TOKEN`, several with commas between them. If set, "
        "calls that concern all accounts need `control_token`.",
        pattern=r"(\d{12}=[^,\s]+(,\d{12}=[^,\s]+)*)?",
        form="ACCOUNT=TOKEN, several with commas between them",
        is_secret=True,
    )

    @classmethod
    def read(cls, environment: Mapping[str, str], flags: Mapping[str, str | None] | None = None) -> Settings:
        """Settings from variables, overridden by flags (names as fields). Raises SettingsError."""
        known = {PREFIX + item.name.upper(): item for item in fields(cls)}
        values: dict[str, Any] = {}
        for name, text in environment.items():
            if name.startswith(PREFIX):
                if name not in known:
                    raise SettingsError(f"{name} is not a setting; docs/settings.md lists them all")
                values[known[name].name] = _parse(known[name], text, name)
        for item in fields(cls):
            text_of_flag = (flags or {}).get(item.name)
            if text_of_flag is not None:
                values[item.name] = _parse(item, text_of_flag, "--" + item.name.replace("_", "-"))
        settings = cls(**values)
        if settings.scale_down_percent >= settings.scale_up_percent:
            raise SettingsError(f"{PREFIX}SCALE_DOWN_PERCENT must be less than {PREFIX}SCALE_UP_PERCENT")
        if settings.auth != "off" and not settings.identities:
            raise SettingsError(f"{PREFIX}AUTH={settings.auth} needs {PREFIX}IDENTITIES=FILE; docs/access.md shows one")
        settings._check_dask()
        return settings

    def _check_dask(self) -> None:
        if self.dask_scheduler.startswith("tls:") and not (self.dask_tls_ca and self.dask_tls_cert):
            raise SettingsError(
                f"{PREFIX}DASK_SCHEDULER={self.dask_scheduler} needs {PREFIX}DASK_TLS_CA and {PREFIX}DASK_TLS_CERT"
            )


GROUPS: Mapping[str, Mapping[str, str]] = {
    "where it listens": {"host": "ADDRESS", "port": "PORT", "hosts": "NAME,…", "cors_origins": "ORIGIN,…"},
    "what it keeps": {
        "data_dir": "DIR",
        "ephemeral": "",
        "database_url": "URL",
        "default_account": "ACCOUNT",
        "auth": "",
        "identities": "FILE",
    },
    "for programs that start it": {"port_file": "FILE", "ready_json": "", "log_level": "", "init_dir": "DIR"},
    "training": {
        "training_effort": "",
        "training_threads": "THREADS",
        "concurrent_trainings": "TRAININGS",
        "seed": "NUMBER",
    },
    "trainings on other machines": {
        "dask_scheduler": "URL",
        "dask_spread": "",
        "dask_s3_endpoint_url": "URL",
        "dask_tls_ca": "FILE",
        "dask_tls_cert": "FILE",
        "dask_tls_key": "FILE",
    },
    "running models": {
        "inference_threads": "THREADS",
        "tps_per_unit": "REQUESTS",
        "scale_up_percent": "PERCENT",
        "scale_up_seconds": "SECONDS",
        "in_service_seconds": "SECONDS",
        "scale_down_percent": "PERCENT",
        "scale_down_seconds": "SECONDS",
    },
    "how long things take": {
        "starting_seconds": "SECONDS",
        "stopping_seconds": "SECONDS",
        "deleting_seconds": "SECONDS",
        "waiter_hold": "SECONDS",
        "waiter_hold_for": "",
        "settle_hold": "SECONDS",
    },
    "S3": {
        "virtual_host_domain": "DOMAIN",
        "events_webhook_url": "URL",
        "events_endpoint_url": "URL",
        "s3_endpoint_url": "URL",
        "s3_region": "REGION",
        "s3_addressing_style": "",
        "s3_credentials": "FILE",
        "s3_checksums": "",
        "s3_owners": "",
    },
    "for tests": {
        "control": "",
        "control_token": "TOKEN",
        "control_account_tokens": "ACCOUNT=TOKEN,…",
        "faults": "FILE",
        "answers": "FILE",
        "quotas": "",
    },
    "money": {
        "stop_idle_after": "SECONDS",
        "warn_running_after": "SECONDS",
        "price_per_unit_hour": "DOLLARS",
        "price_per_training_hour": "DOLLARS",
    },
}
"""The settings as the help of `serve` and docs/settings.md group them, each with what its value is called there.

A flag without a value, or one whose values are listed, has none.
"""


def grouped() -> Iterator[tuple[str, list[Field[Any]]]]:
    """The title and the settings of each group; those that are in none last."""
    left = {item.name: item for item in fields(Settings)}
    for title, names in GROUPS.items():
        yield title, [left.pop(name) for name in names]
    if left:
        yield "more", list(left.values())


def placeholder(item: Field[Any]) -> str:
    """What the value of a setting is called, empty for a flag without one: `PORT`, `{on,off}`."""
    rule = rule_of(item)
    if rule.choices is not None:
        return "{" + ",".join(rule.choices) + "}"
    return next((names[item.name] for names in GROUPS.values() if item.name in names), "VALUE")


def rule_of(item: Field[Any]) -> Rule:
    """The rule of one field of Settings."""
    rule: Rule = item.metadata["rule"]
    return rule


def _parse(item: Field[Any], text: str, name: str) -> Any:
    rule = rule_of(item)
    value: object = text
    kind = str(item.type)
    if kind in ("str", "Path") and text == "" and item.default != "":
        # An empty host would listen on every address, an empty folder be the one the emulator was started in.
        raise SettingsError(f"{name} is empty; leave it away for the default, {item.default}")
    if kind == "bool":
        value = {
            "1": True,
            "true": True,
            "yes": True,
            "on": True,
            "0": False,
            "false": False,
            "no": False,
            "off": False,
        }.get(text.lower())
        if value is None:
            raise SettingsError(f"{name}={text}: expected true or false")
    elif kind in ("int", "float"):
        value = _number(kind, text, name, rule)
    elif kind == "Path":
        value = Path(text)
    if rule.choices is not None and value not in rule.choices:
        raise SettingsError(f"{name}={text}: expected one of {', '.join(rule.choices)}")
    if rule.is_address and text and not _is_address(text):
        raise SettingsError(f"{name}={text}: expected an address such as http://127.0.0.1:9000")
    if rule.pattern is not None:
        import re

        if not re.fullmatch(rule.pattern, text):
            given = name if rule.is_secret else f"{name}={text}"
            raise SettingsError(f"{given}: expected {rule.form}")
    return value


def _is_address(text: str) -> bool:
    """Whether boto3 takes it for an endpoint, which it otherwise says only when the first object is asked for."""
    from botocore.utils import is_valid_endpoint_url, is_valid_ipv6_endpoint_url

    try:
        has_good_port = urllib.parse.urlsplit(text).port != 0
        is_known = is_valid_endpoint_url(text) or is_valid_ipv6_endpoint_url(text)
    except ValueError:
        return False
    return text.startswith(("http://", "https://")) and has_good_port and is_known


def _number(kind: str, text: str, name: str, rule: Rule) -> float:
    try:
        value = int(text) if kind == "int" else float(text)
    except ValueError:
        raise SettingsError(f"{name}={text}: expected {'a whole number' if kind == 'int' else 'a number'}") from None
    if not math.isfinite(value):
        raise SettingsError(f"{name}={text}: expected a finite number")
    if rule.minimum is not None and value < rule.minimum:
        raise SettingsError(f"{name}={text}: expected at least {rule.minimum:g}")
    if rule.maximum is not None and value > rule.maximum:
        raise SettingsError(f"{name}={text}: expected at most {rule.maximum:g}")
    return value


def document() -> str:
    """docs/settings.md, whole."""
    rows = [
        "# Settings",
        "",
        "Every setting is an environment variable and a flag of `custom-labels serve`; a flag wins. An unknown",
        f"`{PREFIX}` variable or a value that does not fit ends the start with a line that names it.",
    ]
    for title, items in grouped():
        rows += ["", f"## {title[0].upper()}{title[1:]}", ""]
        rows += ["| variable | flag | default | meaning |", "|---|---|---|---|"]
        rows += [_row(item) for item in items]
    return "\n".join(rows) + "\n"


def _row(item: Field[Any]) -> str:
    rule = rule_of(item)
    default = "" if item.default is MISSING or item.default == "" else f"`{item.default}`"
    choices = f" One of {', '.join(f'`{choice}`' for choice in rule.choices)}." if rule.choices else ""
    value = "" if rule.choices is not None else placeholder(item)
    flag = f"--{item.name.replace('_', '-')} {value}".strip()
    return f"| `{PREFIX}{item.name.upper()}` | `{flag}` | {default} | {rule.text}{choices} |"


if __name__ == "__main__":
    print(document(), end="")
