"""Events on their way: in order for a key, at least once, by every transport, bounded, and through an archive."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulator.domain.caller import Caller
from emulator.domain.object_store import ObjectLocation
from emulator.s3.archive import check_objects
from emulator.s3.embedded import EmbeddedS3
from emulator.s3.events.delivery import Delivery, DeliveryLimits
from emulator.s3.events.transports import DeliveryError
from emulator.s3.index import buckets, events
from emulator.s3.index.events import WaitingEvent
from emulator.s3.object_store import open_embedded_store
from emulator.s3.rules import acl, notification
from emulator.s3.rules.notification import Destination, Notification
from emulator.s3.vault import Vault
from support.server import wait_until

ACCOUNT = "111122223333"
BUCKET = "photographs"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:classify"
OTHER = f"arn:aws:sqs:us-east-1:{ACCOUNT}:uploads"
QUICK = DeliveryLimits(first_pause=0.01, longest_pause=0.05, poll=0.02, between_failures=0.01, between_trims=0.0)


class Recorder:
    """A transport that keeps what it is sent, and fails as a test says."""

    def __init__(self, name: str = "recorder") -> None:
        self.name = name
        self.sent: list[WaitingEvent] = []
        self.fail: Callable[[WaitingEvent], DeliveryError | None] = lambda _: None
        self.calls = 0
        self._lock = threading.Lock()

    def send(self, event: WaitingEvent) -> None:
        with self._lock:
            self.calls += 1
            error = self.fail(event)
            if error is not None:
                raise error
            self.sent.append(event)

    def problem_with(self, destination: Destination, account: str) -> str | None:
        return None if destination.account == account else "not yours"

    def sizes(self) -> dict[str, list[int]]:
        """The sizes that were told of each key, in the order in which they were told."""
        found: dict[str, list[int]] = defaultdict(list)
        for event in self.sent:
            found[event.key].append(json.loads(event.body)["Records"][0]["s3"]["object"]["size"])
        return dict(found)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    """A store with a bucket whose created objects are told to a function."""
    opened = Vault(tmp_path / "objects")
    opened.open()
    with opened.changing() as change:
        buckets.add(change.connection, BUCKET, ACCOUNT, "us-east-1", 1, acl.private(ACCOUNT))
    configure(opened, ARN)
    yield opened
    opened.close()


def configure(vault: Vault, *arns: str) -> None:
    wanted = [
        Notification(str(number), notification.parse_destination(arn), ("s3:ObjectCreated:*",), prefix=f"{number}/")
        for number, arn in enumerate(arns)
    ]
    with vault.changing() as change:
        bucket = buckets.find(change.connection, BUCKET)
        assert bucket is not None
        buckets.set_configuration(change.connection, bucket, "notification", notification.to_document(wanted))


def put(directory: Path, key: str, size: int) -> None:
    """As a training's worker writes its results: through a store of its own, which sends nothing."""
    store = open_embedded_store(directory)
    store.put(ObjectLocation(BUCKET, key), b"." * size, Caller(ACCOUNT, "us-east-1"), "text/plain")
    store.close()


@contextmanager
def delivering(vault: Vault, *transports: Recorder, limits: DeliveryLimits = QUICK) -> Iterator[Delivery]:
    delivery = Delivery(vault, list(transports), limits)
    delivery.start()
    try:
        yield delivery
    finally:
        delivery.close()


def waiting(vault: Vault) -> int:
    with vault.reading() as connection:
        return int(connection.execute("SELECT count(*) FROM events").fetchone()[0])


def waiting_for(vault: Vault, transport: str) -> list[WaitingEvent]:
    with vault.reading() as connection:
        return events.waiting(connection, transport, [], 10)


def test_what_another_process_wrote_is_sent_once_and_forgotten(vault: Vault, tmp_path: Path) -> None:
    recorder = Recorder()
    with delivering(vault, recorder):
        put(tmp_path / "objects", "0/a", 1)
        wait_until(lambda: recorder.sent and not waiting(vault), pause=0.01)
    [record] = json.loads(recorder.sent[0].body)["Records"]
    assert (record["eventName"], record["s3"]["object"]["key"]) == ("ObjectCreated:Put", "0/a")
    assert recorder.calls == 1


def test_a_key_keeps_its_order_over_failures_while_others_go_on(vault: Vault, tmp_path: Path) -> None:
    recorder = Recorder()
    refusals = {"0/a": 5}

    def fail(event: WaitingEvent) -> DeliveryError | None:
        if refusals.get(event.key, 0):
            refusals[event.key] -= 1
            return DeliveryError("busy", is_of_destination=False)
        return None

    recorder.fail = fail
    for size in range(4):
        put(tmp_path / "objects", "0/a", size)
        put(tmp_path / "objects", "0/b", size)
    with delivering(vault, recorder):
        wait_until(lambda: not waiting(vault), pause=0.01)
    assert recorder.sizes() == {"0/a": [0, 1, 2, 3], "0/b": [0, 1, 2, 3]}
    assert [event.key for event in recorder.sent].index("0/b") < [event.key for event in recorder.sent].index("0/a")


def test_a_destination_that_is_away_is_asked_seldom_and_holds_no_other(vault: Vault, tmp_path: Path) -> None:
    configure(vault, ARN, OTHER)
    recorder = Recorder()
    is_away = threading.Event()
    is_away.set()
    recorder.fail = lambda event: (
        DeliveryError("away", is_of_destination=True) if event.destination == ARN and is_away.is_set() else None
    )
    for number in range(60):  # more than one batch
        put(tmp_path / "objects", f"0/{number}", 1)
    put(tmp_path / "objects", "1/other", 1)
    with delivering(vault, recorder, limits=DeliveryLimits(first_pause=30, poll=0.02, between_failures=0.01)):
        wait_until(lambda: any(event.destination == OTHER for event in recorder.sent), pause=0.01)
        assert recorder.calls < 60
    is_away.clear()
    with delivering(vault, recorder):
        wait_until(lambda: not waiting(vault), pause=0.01)
    assert len(recorder.sent) == 61


def test_each_transport_gets_every_event(vault: Vault, tmp_path: Path) -> None:
    one, other = Recorder("one"), Recorder("other")
    other.fail = lambda _: DeliveryError("away", is_of_destination=True)
    put(tmp_path / "objects", "0/a", 1)
    with delivering(vault, one, other):
        wait_until(lambda: one.sent, pause=0.01)
    other.fail = lambda _: None
    with delivering(vault, one, other):
        wait_until(lambda: not waiting(vault), pause=0.01)
    assert len(one.sent) == len(other.sent) == 1


def test_only_so_much_waits_and_the_oldest_goes_first(
    vault: Vault, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder()
    recorder.fail = lambda _: DeliveryError("away", is_of_destination=True)
    for number in range(5):
        put(tmp_path / "objects", f"0/{number}", 1)
    limits = DeliveryLimits(most=3, poll=0.02, between_trims=0.0)
    with delivering(vault, recorder, limits=limits):
        wait_until(lambda: waiting(vault) == 3, pause=0.01)
    with vault.reading() as connection:
        kept = [event.key for event in events.waiting(connection, "recorder", [], 10)]
    assert kept == ["0/2", "0/3", "0/4"]
    assert "2 events of objects were thrown away unsent" in caplog.text
    with delivering(vault, recorder, limits=DeliveryLimits(oldest=-1000, poll=0.02, between_trims=0.0)):
        wait_until(lambda: waiting(vault) == 0, pause=0.01)


def test_without_a_transport_events_are_thrown_away_and_the_log_says_so(
    vault: Vault, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(tmp_path / "objects", "0/a", 1)
    with delivering(vault) as delivery:
        wait_until(lambda: waiting(vault) == 0, pause=0.01)
        assert delivery.problem_with(ARN, ACCOUNT) is not None
    wait_until(lambda: "thrown away" in caplog.text, pause=0.01)


def test_waiting_events_travel_with_an_archive_and_a_reset_forgets_them(tmp_path: Path, vault: Vault) -> None:
    put(tmp_path / "objects", "0/a", 1)
    s3 = EmbeddedS3(tmp_path / "objects")
    (tmp_path / "saved").mkdir()
    s3.save_to(tmp_path / "saved")
    s3.reset()
    assert waiting(vault) == 0
    check_objects(tmp_path / "saved")
    s3.load_from(tmp_path / "saved")
    recorder = Recorder()
    with delivering(vault, recorder):
        wait_until(lambda: not waiting(vault), pause=0.01)
    assert [event.key for event in recorder.sent] == ["0/a"]
    s3.close()


def test_an_event_of_an_archive_is_not_taken_for_the_one_that_was_being_sent(vault: Vault, tmp_path: Path) -> None:
    put(tmp_path / "objects", "0/a", 1)
    with vault.reading() as connection:
        [sent] = events.waiting(connection, "recorder", [], 10)
    with vault.changing() as change:
        change.connection.execute("UPDATE events SET body = replace(body, '0/a', '0/b')")
        events.mark_sent(change.connection, [sent], "recorder", {"recorder"})
    assert waiting(vault) == 1


def test_an_answer_that_does_not_come_holds_up_no_end(vault: Vault, tmp_path: Path) -> None:
    """The event is sent again after the next start."""
    recorder, other = Recorder("slow"), Recorder("other")
    is_asked, is_over = threading.Event(), threading.Event()

    def hang(_: WaitingEvent) -> DeliveryError:
        is_asked.set()
        is_over.wait(300)
        return DeliveryError("too late", is_of_destination=True)

    recorder.fail = hang
    put(tmp_path / "objects", "0/a", 1)
    limits = DeliveryLimits(end=0.05, poll=0.02, between_failures=0.01)
    with delivering(vault, recorder, other, limits=limits):
        assert is_asked.wait(60)
        wait_until(lambda: other.sent and not waiting_for(vault, "other"), pause=0.01)
    assert waiting(vault) == 1
    is_over.set()
    recorder.fail = lambda _: None
    with delivering(vault, recorder, other):
        wait_until(lambda: not waiting(vault), pause=0.01)
    assert (len(recorder.sent), len(other.sent)) == (1, 1)
