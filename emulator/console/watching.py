"""What changes, told to every console that watches: one reader for all of them (O-31).

While somebody watches, the database is asked four times a second whether anything was committed (`data_version`). If
so, each account that is watched is read once, in a reader thread, whatever the number of its consoles; what differs
from the last time is made JSON once and goes to all of them. While nobody watches, nothing is read.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from emulator.console.project_documents import read_projects, training_documents
from emulator.console.task_documents import read_tasks
from emulator.domain.caller import Caller
from emulator.jobs.clock import Clocks
from emulator.jobs.training_progress import RunningTrainings
from emulator.storage.engine import Database

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 0.25
SECONDS_BETWEEN_PINGS = 15.0
_LOOKS_BETWEEN_TRAININGS = 4
_SHARE_OF_REST = 4
"""After a reading the account rests for so many times as long: thousands of projects cost a fifth of a core at most."""
_MOST_WAITING = 64


class Subscription:
    """One console. Events wait here until it takes them; one that takes none for long is told everything anew.

    None among them is the end. `is_admitted` says whether the console's caller would still be let in.
    """

    def __init__(self, is_admitted: Callable[[], bool]) -> None:
        self.events: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.needs_everything = True
        self.is_admitted = is_admitted

    def end(self) -> None:
        """Tell no more; what still waits is forgotten."""
        while not self.events.empty():
            self.events.get_nowait()
        self.events.put_nowait(None)

    def put(self, event: bytes) -> None:
        """Let an event wait, unless so many wait that a new snapshot says the same in less."""
        if self.events.qsize() >= _MOST_WAITING:
            while not self.events.empty():
                self.events.get_nowait()
            self.needs_everything = True
        if not self.needs_everything:
            self.events.put_nowait(event)


@dataclass(slots=True)
class _View:
    """What the consoles of one account and region were told last: JSON texts by ARN or id."""

    caller: Caller
    subscriptions: set[Subscription] = field(default_factory=set)
    projects: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    trainings: str = "[]"
    clock: tuple[str, float | None] = ("", None)
    read_at: int | None = None
    rests_until: float = 0.0


class Watcher:
    """Lives on the event loop. `epoch` changes with every reset and loaded archive; `ending` is set at the end."""

    def __init__(
        self,
        database: Database,
        trainings: RunningTrainings,
        clocks: Clocks,
        epoch: Callable[[], int],
        ending: asyncio.Event,
    ) -> None:
        self._database = database
        self._trainings = trainings
        self._clocks = clocks
        self._epoch = epoch
        self._ending = ending
        self._process = secrets.token_hex(4)
        self._views: dict[tuple[str, str, str], _View] = {}
        self._task: asyncio.Task[None] | None = None
        self._known_epoch = 0

    @asynccontextmanager
    async def watch(
        self, caller: Caller, is_admitted: Callable[[], bool] = lambda: True
    ) -> AsyncIterator[Subscription]:
        """A subscription to the caller's account and region, for as long as the block runs.

        It ends, within a look, once `is_admitted` says that the caller would not be let in any more.
        """
        # Who has rights of its own sees what these let it see.
        key = (caller.account, caller.region, "" if caller.rights is None else caller.rights.reference)
        view = self._views.setdefault(key, _View(caller))
        if _policies(view.caller) != _policies(caller):
            # The file of identities was read again: who came before sees what it may not any more.
            for old in view.subscriptions:
                old.end()
            view = self._views[key] = _View(caller)
        subscription = Subscription(is_admitted)
        view.subscriptions.add(subscription)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look_on(), name="console watcher")
        try:
            yield subscription
        finally:
            view.subscriptions.discard(subscription)
            if not view.subscriptions and self._views.get(key) is view:
                del self._views[key]

    async def _look_on(self) -> None:
        looks = 0
        self._known_epoch = self._epoch()
        while self._views and not self._ending.is_set():
            try:
                await self._look(with_trainings=looks % _LOOKS_BETWEEN_TRAININGS == 0)
            except SQLAlchemyError:
                logger.exception("what consoles watch could not be read")
            looks += 1
            try:
                await asyncio.wait_for(self._ending.wait(), SECONDS_BETWEEN_LOOKS)
            except TimeoutError:
                continue
        for view in self._views.values():
            for subscription in view.subscriptions:
                subscription.events.put_nowait(None)

    async def _look(self, *, with_trainings: bool) -> None:
        epoch = self._epoch()
        is_new = epoch != self._known_epoch
        self._known_epoch = epoch
        self._end_what_is_over()
        for view in list(self._views.values()):
            if is_new:
                for subscription in view.subscriptions:
                    subscription.needs_everything = True
            committed = self._database.data_version()
            began = asyncio.get_running_loop().time()
            # What became another is read at once, however long the last reading took: its snapshot must not be old.
            if committed != view.read_at and (is_new or began >= view.rests_until):
                await self._read(view)
                view.read_at = committed
                ended = asyncio.get_running_loop().time()
                view.rests_until = ended + _SHARE_OF_REST * (ended - began)
            if with_trainings:
                self._compare_trainings(view)
            clock = self._shown_clock(view)
            if clock != view.clock:
                view.clock = clock
                _tell(view, "clock", self._clock_text(view))
            self._tell_everything(view)

    def _end_what_is_over(self) -> None:
        """Whoever is not let in any more is told nothing more; a new view is made for whoever comes again."""
        for key, view in list(self._views.items()):
            for subscription in [one for one in view.subscriptions if not one.is_admitted()]:
                view.subscriptions.discard(subscription)
                subscription.end()
            if not view.subscriptions:
                del self._views[key]

    async def _read(self, view: _View) -> None:
        def read(connection: Connection) -> tuple[dict[str, str], dict[str, str]]:
            projects = read_projects(connection, view.caller)
            tasks = read_tasks(connection, view.caller)
            return (
                {project.arn: project.model_dump_json() for project in projects},
                {str(task.id): task.model_dump_json() for task in tasks},
            )

        projects, tasks = await self._database.read_in_thread(read)
        removed = json.dumps([arn for arn in view.projects if arn not in projects])
        _compare(view, "projects", view.projects, projects, removed)
        _compare(view, "tasks", view.tasks, tasks, f"[{','.join(task for task in view.tasks if task not in tasks)}]")
        view.projects, view.tasks = projects, tasks

    def _compare_trainings(self, view: _View) -> None:
        documents = training_documents(self._trainings, view.caller, self._database)
        text = f"[{','.join(document.model_dump_json() for document in documents)}]"
        if text != view.trainings:
            view.trainings = text
            _tell(view, "trainings", f'{{"trainings":{text}}}')

    def _tell_everything(self, view: _View) -> None:
        """A snapshot to those who have just come, or have missed something."""
        behind = [subscription for subscription in view.subscriptions if subscription.needs_everything]
        if not behind:
            return
        instance = json.dumps(f"{self._process}.{self._known_epoch}")
        parts = (
            f'"instance":{instance}',
            f'"projects":[{",".join(view.projects.values())}]',
            f'"trainings":{view.trainings}',
            f'"tasks":[{",".join(view.tasks.values())}]',
            f'"clock":{self._clock_text(view)}',
        )
        snapshot = event("snapshot", f"{{{','.join(parts)}}}")
        for subscription in behind:
            subscription.needs_everything = False
            subscription.events.put_nowait(snapshot)

    def _shown_clock(self, view: _View) -> tuple[str, float | None]:
        """What a page shows of its account's clock: its mode, and its moment if it is moved by hand."""
        clock = self._clocks.of(view.caller.account)
        return clock.mode, clock.now() if clock.mode == "manual" else None

    def _clock_text(self, view: _View) -> str:
        clock = self._clocks.of(view.caller.account)
        return json.dumps({"mode": clock.mode, "now": clock.now()})


def _policies(caller: Caller) -> object:
    return None if caller.rights is None else caller.rights.policies


def _compare(view: _View, name: str, before: dict[str, str], after: dict[str, str], removed: str) -> None:
    changed = [text for key, text in after.items() if before.get(key) != text]
    if changed or removed != "[]":
        _tell(view, name, f'{{"changed":[{",".join(changed)}],"removed":{removed}}}')


def _tell(view: _View, name: str, text: str) -> None:
    told = event(name, text)
    for subscription in view.subscriptions:
        subscription.put(told)


def event(name: str, text: str) -> bytes:
    """An event as text/event-stream has it; JSON has no line feeds."""
    return f"event: {name}\ndata: {text}\n\n".encode()
