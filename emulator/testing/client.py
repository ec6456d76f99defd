"""Custom Labels as one test sees it: an account of its own on the emulator that the run shares."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch

from emulator.domain.json_values import JsonObject
from emulator.testing.control import call
from emulator.testing.keys import Keys, account_of, new_account, own_keys, signatures_are_verified
from emulator.testing.server import end_run, endpoint_of_run, new_run

REGION = "us-east-1"
# A developer's own profile, role or endpoint would lead a test elsewhere.
_FOREIGN = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")


class CustomLabels:
    """An account of twelve digits that nobody else uses, on the emulator at `endpoint_url`; a context manager.

    Where the emulator verifies signatures it is the account of the developer's own access key (AWS's variables, or a
    profile), emptied; making one raises KeyRefusedError for a key that is not let in.

    Within it, `AWS_ENDPOINT_URL` (or, for `services` alone, `AWS_ENDPOINT_URL_<SERVICE>`) and the keys of the account
    are in the environment, and boto3's default session is a new one, so that an application which knows nothing of
    tests gets here. `run` is the folder that all processes share that share the emulator.
    """

    def __init__(self, endpoint_url: str, run: Path, services: Sequence[str] = ()) -> None:
        self.endpoint_url = endpoint_url
        self.run = run
        self.region = REGION
        self._is_verified = signatures_are_verified()
        self.keys = own_keys() if self._is_verified else Keys(new_account())
        self.account = self.keys.access_key
        if self._is_verified:
            self.account = account_of(self.keys, endpoint_url, REGION)
        self._services = services
        self._open = ExitStack()
        self._answers: list[int] = []

    def __enter__(self) -> Self:
        import boto3

        with ExitStack() as opening:
            opening.enter_context(patch.dict(os.environ))
            self._redirect()
            opening.enter_context(patch.object(boto3, "DEFAULT_SESSION", new_session()))
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.forget_answers()
        finally:
            self._open.close()

    def _redirect(self) -> None:
        for name in list(os.environ):
            if name in _FOREIGN or name.startswith("AWS_ENDPOINT_URL"):
                del os.environ[name]
        names = [f"AWS_ENDPOINT_URL_{name.upper().replace('-', '_')}" for name in self._services]
        os.environ |= dict.fromkeys(names or ["AWS_ENDPOINT_URL"], self.endpoint_url) | {
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self._take(self.keys)
        if self._is_verified:
            self._empty()

    def client(self, service: str, **parameters: Any) -> Any:
        """A boto3 client of this account; `parameters` as of `boto3.client`. It is closed at the end of the test."""
        return self._open.enter_context(client_of(service, self.endpoint_url, self.keys, **parameters))

    def reset(self) -> None:
        """A clean slate for this test alone: another empty account, in the environment as well.

        Clients that were made before keep the old one, as do those that the application made. Where signatures are
        verified the account stays, and is emptied.
        """
        import boto3

        self.forget_answers()
        boto3.DEFAULT_SESSION = new_session()
        if self._is_verified:
            self._empty()
        else:
            self._take(Keys(new_account()))

    def keys_for_training(self) -> tuple[Keys, bool]:
        """Who trains the models that tests share: an account of its own, or True beside the only one there is."""
        return (self.keys, True) if self._is_verified else (Keys(new_account()), False)

    def answer(
        self,
        labels: Mapping[str, float] | Sequence[JsonObject],
        *,
        s3_key: str | None = None,
        sha256: str | None = None,
    ) -> None:
        """Force what DetectCustomLabels finds with models of this account: {name: percent}, or labels in the API's
        form (O-12).

        For images whose object key fits the glob `s3_key`, or whose bytes have this SHA-256 (hexadecimal); with neither
        for every image. The first that fits wins. Raises urllib.error.HTTPError for labels that cannot be.
        """
        if isinstance(labels, Mapping):
            labels = [{"Name": name, "Confidence": percent} for name, percent in labels.items()]
        narrowed = {name: value for name, value in (("s3_key", s3_key), ("sha256", sha256)) if value is not None}
        versions = f"arn:*:rekognition:*:{self.account}:project/*"
        wanted = {"project_version": versions, "labels": list(labels), **narrowed}
        given = call(self.endpoint_url, "POST", "answers", wanted)
        self._answers += [answer["id"] for answer in given["answers"]]

    def forget_answers(self) -> None:
        """Take back what was forced for this account."""
        while self._answers:
            call(self.endpoint_url, "DELETE", f"answers/{self._answers.pop()}")

    def _take(self, keys: Keys) -> None:
        if not self._is_verified:
            self.account = keys.access_key
        self.keys = keys
        os.environ |= keys.for_environment()

    def _empty(self) -> None:
        call(self.endpoint_url, "POST", f"reset?account={self.account}")


def new_session() -> Any:
    """A boto3 session that knows no credentials yet; service models are read once for all of them."""
    import boto3
    import botocore.session

    core, models = botocore.session.Session(), _service_models()
    core.register_component("data_loader", models)
    session = boto3.session.Session(botocore_session=core)
    models.search_paths[:] = dict.fromkeys(models.search_paths)  # each session of boto3 adds its own folder again
    return session


@cache
def _service_models() -> Any:
    import botocore.session

    return botocore.session.Session().get_component("data_loader")


@contextmanager
def client_of(service: str, endpoint_url: str, keys: Keys, **parameters: Any) -> Iterator[Any]:
    """A boto3 client with an access key, closed at the end; `parameters` as of `boto3.client`."""
    usual = {"endpoint_url": endpoint_url, "region_name": REGION, **keys.for_boto3()}
    client = new_session().client(service, **usual | parameters)
    try:
        yield client
    finally:
        client.close()


@contextmanager
def running_emulator() -> Iterator[CustomLabels]:
    """An emulator and an account on it, for unittest (`enterClassContext`, `enterContext`) and programs.

    Raises EmulatorStartError.
    """
    folder = new_run()
    try:
        with CustomLabels(endpoint_of_run(folder, os.getpid()), folder) as custom_labels:
            yield custom_labels
    finally:
        end_run(folder)
