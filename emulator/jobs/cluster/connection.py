"""A Dask cluster that may lose its workers, its scheduler and its links: what was asked for is asked for again."""

from __future__ import annotations

import importlib.metadata
import logging
import pickle
import platform
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Generic, TypeVar

from distributed import Client, Future, KilledWorker, Security
from distributed.client import ClosedClientError

from emulator.domain.json_values import JsonValue
from emulator.jobs.cluster.sending import Data, Sender
from emulator.jobs.cluster.settings import ClusterSettings

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
Answer = TypeVar("Answer", covariant=True)

PACKAGES = ("custom-labels-emulator", "numpy", "onnx", "onnxruntime", "pillow")
"""What must be of one version everywhere, so that it does not matter where something is computed (O-24)."""

_CONNECT_SECONDS = 5
_PAUSE_SECONDS = 1.0
_SECONDS_BETWEEN_LINES = 60.0
_CALLS_A_THREAD = 2
"""One that is computed and one that is on its way."""

# What a client raises whose scheduler or worker is gone. Functions of ours give their own errors as values.
_LOST = (OSError, TimeoutError, CancelledError, KilledWorker)

Listener = Callable[[JsonValue], None]


class Cluster:
    """One client. Not for several threads.

    A scheduler that does not answer and a cluster without workers of this version are waited for, and the log says so.
    """

    def __init__(self, settings: ClusterSettings, waiting: Callable[[str], None] = lambda _: None) -> None:
        """`waiting` hears what is waited for."""
        self._settings = settings
        self._waiting = waiting
        self._client: Client | None = None
        self._listeners: dict[str, Listener] = {}
        self._threads: dict[str, int] = {}
        self._versions: dict[str, str] = {}
        self._asked_at = 0.0
        self._told_at: dict[str, float] = {}
        self._shared: tuple[bytes, frozenset[str], Future[object]] | None = None
        self._given: list[Asked[object]] = []
        self._sender = Sender()
        self._answered = threading.Event()
        self.connections = 0
        """How often a connection was made: what was sent over an earlier one is lost."""
        warnings.filterwarnings("ignore", message="Sending large graph")

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self._disconnect()

    def client(self) -> Client:
        """A client that is connected, as far as is known."""
        while self._client is None or self._client.status != "running":
            self._disconnect()
            try:
                self._client = Client(
                    self._settings.scheduler,
                    security=self._security(),
                    timeout=_CONNECT_SECONDS,
                    name="custom-labels",
                    set_as_default=False,
                    direct_to_workers=False,
                )
            except _LOST as error:
                self._tell_waiting("the Dask scheduler", f"{self._settings.scheduler} does not answer: {error}")
                time.sleep(_PAUSE_SECONDS)
                continue
            self.connections += 1
            for topic, listener in self._listeners.items():
                self._client.subscribe_topic(topic, _handler(listener))
        return self._client

    def workers(self) -> Mapping[str, int]:
        """The addresses of the workers that may be used, and their threads; waits for one at least."""
        while time.monotonic() - self._asked_at >= _PAUSE_SECONDS or not self._threads:
            client = self.client()
            try:
                found = client.scheduler_info(n_workers=-1)["workers"]
                self._ask_versions(client, {address: str(worker["id"]) for address, worker in found.items()})
            except _LOST:
                self.lose()
                continue
            self._asked_at = time.monotonic()
            self._threads = {
                address: worker["nthreads"] for address, worker in found.items() if self._versions.get(address) == ""
            }
            self._sender.forget_all_but(self._threads)
            if not self._threads:
                self._tell_waiting("Dask workers", f"{self._settings.scheduler} has none that can be used")
                time.sleep(_PAUSE_SECONDS)
        return self._threads

    def start(self, function: Callable[..., Result], *arguments: object) -> Asked[Result]:
        """Have a function called by the worker that the scheduler chooses."""
        return Asked(self, function, arguments)

    def start_shared(
        self, shared: bytes, data: Data, function: Callable[..., Result], *arguments: object
    ) -> Asked[Result]:
        """Have it called by the worker with the most room. A pickled object, sent once to each, and data come first.

        The scheduler would choose among those that have the object already, which is one worker in the beginning.
        """
        return Asked(self, function, arguments, (shared, data))

    def roomiest(self) -> tuple[str, int]:
        """The worker with the most room for `start_shared`, and how many calls it lacks until each thread has two."""
        room = {address: _CALLS_A_THREAD * threads for address, threads in self.workers().items()}
        for asked in self._unanswered():
            for address in asked.workers & room.keys():
                room[address] -= 1
        return max(room.items(), key=lambda item: item[1])

    def wait(self) -> None:
        """Until one of the calls of `start_shared` is done, at most a second."""
        self._answered.clear()
        given = len(self._given)
        if given and len(self._unanswered()) == given:
            self._answered.wait(_PAUSE_SECONDS)

    def give(self, asked: Asked[Answer], future: Future[Answer]) -> None:
        """Count a call as one that a worker is to answer."""
        self._given.append(asked)
        future.add_done_callback(lambda _: self._answered.set())

    def _unanswered(self) -> list[Asked[object]]:
        self._given = [asked for asked in self._given if not asked.is_done()]
        return self._given

    def listen(self, topic: str, listener: Listener) -> None:
        """Hear what workers say under a topic, in a thread of the client."""
        self._listeners[topic] = listener
        self.client().subscribe_topic(topic, _handler(listener))

    def lose(self) -> None:
        """Take the connection for lost."""
        self._disconnect()

    def share(self, pickled: bytes, workers: frozenset[str]) -> Future[object]:
        """The object as a task of its own: the scheduler has it done again where the worker that holds it is lost."""
        if self._shared is None or self._shared[0] != pickled or self._shared[1] != workers:
            future: Future[object] = self.client().submit(
                pickle.loads, pickled, key=f"custom-labels-shared-{uuid.uuid4()}", workers=sorted(workers)
            )
            self._shared = (pickled, workers, future)
        return self._shared[2]

    def send(self, data: Data, worker: str) -> Data | Future[Data]:
        """See Sender."""
        return self._sender.send(self.client(), data, worker)

    def has_lost(self, workers: frozenset[str]) -> bool:
        """Whether all of them are gone, as the scheduler knows at this moment."""
        self._asked_at = -_PAUSE_SECONDS
        return workers.isdisjoint(self.workers())

    def _security(self) -> Security | None:
        settings = self._settings
        if not settings.scheduler.startswith("tls://"):
            return None
        return Security(
            require_encryption=True,
            tls_ca_file=settings.tls_ca,
            tls_client_cert=settings.tls_cert,
            tls_client_key=settings.tls_key or None,
        )

    def _disconnect(self) -> None:
        client, self._client, self._shared = self._client, None, None
        self._threads = {}
        if client is not None:
            with suppress(*_LOST):
                client.close(timeout=_CONNECT_SECONDS)

    def _ask_versions(self, client: Client, names: Mapping[str, str]) -> None:
        """Find out about workers that are new. A worker of another version is refused, by name."""
        self._versions = {address: said for address, said in self._versions.items() if address in names}
        new = [address for address in names if address not in self._versions]
        if not new:
            return
        differing: dict[str, list[str]] = {address: [] for address in new}
        # Functions of the standard library: a worker may not have this package, or another Python.
        asked = {"Python": (platform.python_version, ())} | {
            name: (importlib.metadata.version, (name,)) for name in PACKAGES
        }
        for name, (function, arguments) in asked.items():
            here = function(*arguments)
            found = client.run(function, *arguments, workers=new, on_error="return")
            for address in new:
                there = found.get(address)
                if isinstance(there, OSError):  # it is gone, or about to be
                    differing.pop(address, None)
                elif address in differing and _comparable(name, there) != _comparable(name, here):
                    said = f"no {name}" if not isinstance(there, str) else f"{name} {there} instead of {here}"
                    differing[address].append(said)
        for address, items in differing.items():
            self._versions[address] = said = "; ".join(items)
            if said:
                logger.warning("the Dask worker %s at %s is refused: it has %s", names[address], address, said)

    def _tell_waiting(self, what: str, why: str) -> None:
        self._waiting(f"waiting for {what}")
        now = time.monotonic()
        if now - self._told_at.get(what, -_SECONDS_BETWEEN_LINES) >= _SECONDS_BETWEEN_LINES:
            self._told_at[what] = now
            logger.warning("waiting for %s: %s", what, why)


class Asked(Generic[Answer]):
    """A call that was asked for: it is asked for again until a worker has answered it.

    `workers` are those one of which is to answer; `future` is None while nobody is.
    """

    def __init__(
        self,
        cluster: Cluster,
        function: Callable[..., Answer],
        arguments: tuple[object, ...],
        shared: tuple[bytes, Data] | None = None,
    ) -> None:
        self._cluster = cluster
        self._function = function
        self._arguments = arguments
        self._shared = shared
        self._sent: Data | Future[Data] | None = None
        self._connection = 0
        self.workers: frozenset[str] = frozenset()
        self.future: Future[Answer] | None = None
        self._ask()

    def is_done(self) -> bool:
        """Whether `result` has something to do: to give the result, or to ask again."""
        return self.future is None or self.future.done() or self._is_lost()

    def result(self) -> Answer:
        """What the function gave; its error is raised."""
        while True:
            try:
                if self.future is None or self._is_lost():
                    self._ask()
                    continue
                return self.future.result(timeout=_PAUSE_SECONDS)
            except TimeoutError:
                continue
            except KilledWorker as error:
                logger.warning("asked for again: %s", error)
                self.future = None
            except (OSError, CancelledError) as error:
                logger.info("asked for again: %s", error)
                self.future = None
                # What lay at a worker that is gone is cancelled; the connection is as before.
                if self._shared is None or not self._cluster.has_lost(self.workers):
                    self._cluster.lose()

    def _is_lost(self) -> bool:
        """Whether nobody can answer any more: another connection, or none of the workers that were to answer left."""
        return self.workers.isdisjoint(self._cluster.workers()) or self._connection != self._cluster.connections

    def _ask(self) -> None:
        """Ask, unless the connection is lost meanwhile; then `result` does."""
        self.future, self.workers, self._sent = None, frozenset(), None
        client = self._cluster.client()
        self._connection = self._cluster.connections
        try:
            self.workers, first = self._placed()
            self.future = client.submit(
                self._function,
                *first,
                *self._arguments,
                key=f"custom-labels-{uuid.uuid4()}",
                workers=sorted(self.workers),
            )
        except (*_LOST, ClosedClientError) as error:
            logger.info("asked for again: %s", error)
            self._cluster.lose()
        if self._shared and self.future is not None:
            self._cluster.give(self, self.future)

    def _placed(self) -> tuple[frozenset[str], tuple[object, ...]]:
        """The workers one of which is to answer, and what is sent there first."""
        if not self._shared:
            return frozenset(self._cluster.workers()), ()
        worker, _ = self._cluster.roomiest()
        # The one that needs the shared object is among those that may have it, whoever came or went meanwhile.
        everyone = frozenset(self._cluster.workers()) | {worker}
        # Held as long as this call: Dask forgets data that nobody holds.
        self._sent = self._cluster.send(self._shared[1], worker)
        return frozenset({worker}), (self._cluster.share(self._shared[0], everyone), self._sent)


def _handler(listener: Listener) -> Callable[[tuple[float, JsonValue]], None]:
    return lambda event: listener(event[1])


def _comparable(name: str, version: object) -> object:
    """Of Python the first two numbers count."""
    return version.rpartition(".")[0] if name == "Python" and isinstance(version, str) else version
