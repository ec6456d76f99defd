"""The stream of changes: a snapshot, then what differs, through resets, for many consoles and until the end."""

from __future__ import annotations

import http.client
import json
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import TypeAdapter

from emulator.console.event_documents import ConsoleEvents
from support.console import ConsoleClient
from support.projects import unique_name
from support.server import EmulatorProcess

SECONDS = 60.0
_FIELDS = ConsoleEvents.model_fields.items()
_EVENTS = {name: TypeAdapter[Any](field.annotation) for name, field in _FIELDS if field.annotation is not None}
ACCOUNT = "111122223333"


class Stream:
    """Events as they come; a thread reads them."""

    def __init__(self, response: Any) -> None:
        self._events: queue.Queue[tuple[str, Any] | None] = queue.Queue()
        self._response = response
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        name = ""
        try:
            for raw in self._response:
                line = raw.decode().rstrip("\n")
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    data = json.loads(line.removeprefix("data: "))
                    # What is told is what the page's types are made from (and no more: extra members would be untyped).
                    assert _EVENTS[name].dump_python(_EVENTS[name].validate_python(data), mode="json") == data
                    self._events.put((name, data))
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass
        self._events.put(None)

    def next(self, name: str) -> Any:
        """The data of the next event of a name; others are skipped. `end` is the end of the stream."""
        while True:
            found = self._events.get(timeout=SECONDS)
            if found is None or name == "end":
                assert (found is None) == (name == "end"), f"{name} was waited for, {found} came"
                return None
            if found[0] == name:
                return found[1]

    def until(self, name: str, holds: Callable[[Any], bool]) -> Any:
        """The first event of a name that something holds for."""
        while True:
            data = self.next(name)
            if holds(data):
                return data


@contextmanager
def watching(console: ConsoleClient) -> Iterator[Stream]:
    """The stream of a console."""
    url, headers = console.signed_headers("GET", "/events")
    with console.stream("GET", url, headers=headers) as response:
        assert response.status == 200
        assert response.getheader("content-type", "").startswith("text/event-stream")
        yield Stream(response)


def names(projects: list[dict[str, Any]]) -> set[str]:
    return {project["name"] for project in projects}


def test_a_console_is_told_all_at_first_and_then_what_changes(console: ConsoleClient, rekognition: Any) -> None:
    first, second = unique_name(), unique_name()
    arn = rekognition.create_project(ProjectName=first)["ProjectArn"]
    with watching(console) as stream:
        snapshot = stream.next("snapshot")
        assert names(snapshot["projects"]) == {first}
        assert (snapshot["trainings"], snapshot["tasks"], snapshot["clock"]["mode"]) == ([], [], "real")
        rekognition.create_project(ProjectName=second)
        assert names(stream.next("projects")["changed"]) == {second}
        dataset = rekognition.create_dataset(ProjectArn=arn, DatasetType="TRAIN")["DatasetArn"]
        [changed] = stream.next("projects")["changed"]
        assert [(found["arn"], found["status"]) for found in changed["datasets"]] == [(dataset, "CREATE_COMPLETE")]
        assert changed["datasets"][0]["name"] == f"{first}_training_dataset"
        rekognition.delete_dataset(DatasetArn=dataset)
        stream.until("projects", lambda data: data["changed"] and not data["changed"][0]["datasets"])
        rekognition.delete_project(ProjectArn=arn)
        assert stream.until("projects", lambda data: data["removed"])["removed"] == [arn]


def test_consoles_see_their_own_account_and_region_alone(console: ConsoleClient, rekognition: Any) -> None:
    elsewhere = ConsoleClient(console.emulator, console.account, "eu-west-1")
    with watching(console) as own, watching(elsewhere) as other:
        own.next("snapshot")
        assert other.next("snapshot")["projects"] == []
        name = unique_name()
        rekognition.create_project(ProjectName=name)
        assert names(own.next("projects")["changed"]) == {name}
        there = unique_name()
        client = console.emulator.client("rekognition", console.account, "eu-west-1")
        client.create_project(ProjectName=there)
        assert names(other.next("projects")["changed"]) == {there}


def test_many_consoles_are_told_the_same(console: ConsoleClient, rekognition: Any) -> None:
    with watching(console) as one, watching(console) as two, watching(console) as three:
        for stream in (one, two, three):
            stream.next("snapshot")
        name = unique_name()
        rekognition.create_project(ProjectName=name)
        told = [stream.next("projects") for stream in (one, two, three)]
        assert told[0] == told[1] == told[2]
        assert names(told[0]["changed"]) == {name}


def test_a_stream_must_be_signed_and_of_this_site(console: ConsoleClient) -> None:
    assert console.send("GET", "/console/api/events").code == "MissingAuthenticationToken"
    answer = console.call("GET", "/events", headers={"Origin": "http://evil.example"})
    assert (answer.status, answer.code) == (403, "ForeignOrigin")


def test_a_console_is_told_of_the_clock_and_of_a_reset(start_emulator: Callable[..., EmulatorProcess]) -> None:
    emulator = start_emulator()
    console = ConsoleClient(emulator, ACCOUNT)
    emulator.client("rekognition", ACCOUNT).create_project(ProjectName="before")
    with watching(console) as stream:
        first = stream.next("snapshot")
        emulator.control("PUT", "/_emulator/clock", {"mode": "manual", "now": 5})
        assert stream.next("clock")["mode"] == "manual"
        assert emulator.control("POST", "/_emulator/reset")[0] == 200
        again = stream.next("snapshot")
        assert again["projects"] == []
        assert again["instance"] != first["instance"]
        emulator.client("rekognition", ACCOUNT).create_project(ProjectName="after")
        assert names(stream.next("projects")["changed"]) == {"after"}


def test_the_end_of_the_emulator_is_not_held_up(start_emulator: Callable[..., EmulatorProcess]) -> None:
    emulator = start_emulator()
    with watching(ConsoleClient(emulator, ACCOUNT)) as stream:
        stream.next("snapshot")
        assert emulator.terminate() == 0
        stream.next("end")


def test_a_console_that_left_costs_nothing_and_breaks_nothing(console: ConsoleClient, rekognition: Any) -> None:
    with watching(console) as stream:
        stream.next("snapshot")
    name = unique_name()
    rekognition.create_project(ProjectName=name)
    with watching(console) as stream:
        assert names(stream.next("snapshot")["projects"]) == {name}
