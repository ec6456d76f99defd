"""Kills at random moments against a model of all that was acknowledged (O-19).

Several writers, each in an account of its own, call every operation of S3, Rekognition and the control API, until the
emulator is killed; often the next start is killed as well, at any moment. After the last start all that a writer was
told must be there, a call without an answer may have happened or not, nothing stays transitional, and a webhook, which
refuses some at first, was told of every write of an object in order for its key.

    python -m tests.faults.chaos --kills 200 --seed 1

prints one JSON line: kills, acknowledged calls by operation, and what was lost, which is nothing or a bug.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import re
import shutil
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from support.webhook import running_webhook
from tests.faults.forked_server import SABOTAGES, ForkedServer, kill
from tests.faults.ledger import ControlRefusedError, Lost
from tests.faults.writers import SETTLED_SECONDS, Writer

ACCOUNTS = ("111111111111", "222222222222", "333333333333")
START_SECONDS = 60.0
SHARE_OF_REFUSED_EVENTS = 0.01


@dataclass
class Result:
    """What a run came to."""

    kills: int = 0
    kills_while_starting: int = 0
    rounds: int = 0
    archives: int = 0
    resets: int = 0
    acknowledged: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)

    def as_json(self) -> str:
        """One line."""
        operations = dict(sorted(self.acknowledged.items()))
        return json.dumps({**vars(self), "acknowledged": operations, "calls": sum(operations.values())})


class Chaos:
    """One run on one data directory."""

    def __init__(
        self,
        directory: Path,
        seed: int,
        sabotage: str | None = None,
        accounts: Sequence[str] = ACCOUNTS,
        with_models: bool = True,
        settled_seconds: float = SETTLED_SECONDS,
    ) -> None:
        self.directory = directory
        self.random = random.Random(seed)
        self.server = ForkedServer(directory / "log", sabotage)
        self._open = contextlib.ExitStack()
        self.webhook = self._open.enter_context(running_webhook())
        refusing = random.Random(seed)
        self.webhook.status_for = lambda _: 503 if refusing.random() < SHARE_OF_REFUSED_EVENTS else 200
        self.writers = [
            Writer(
                account,
                seed,
                self.webhook,
                with_models=with_models,
                settled_seconds=settled_seconds,
                with_control=number == 0,
            )
            for number, account in enumerate(accounts)
        ]
        self.result = Result()
        self.endpoint = ""
        self.process = 0

    def run(self, kills: int, seconds: float) -> Result:
        """Kill until so many kills or seconds are over, or something is lost."""
        ends = time.monotonic() + seconds
        try:
            self._start()
            for writer in self.writers:
                writer.prepare()
            while self.result.kills < kills and time.monotonic() < ends and not self.result.lost:
                self._round()
        except (Lost, BotoCoreError, ClientError, ControlRefusedError, OSError) as lost:
            self.result.lost.append(f"{type(lost).__name__}: {lost}")  # between kills every call is answered
        finally:
            self._end()
        return self.result

    def rehearse(self, wanted: Collection[str], seconds: float) -> Result:
        """No kills: take steps until all wanted operations were answered or the time is over, then compare."""
        ends = time.monotonic() + seconds
        try:
            self._start()
            for writer in self.writers:
                writer.prepare()
            self._rehearse(wanted, ends)
            self._load_what_was_saved(kills=False)
            self._reset(kills=False)
        except Lost as lost:
            self.result.lost.append(str(lost))
        finally:
            self._end()
        return self.result

    def _rehearse(self, wanted: Collection[str], ends: float) -> None:
        while time.monotonic() < ends:
            for writer in self.writers:
                steps = writer.steps()
                for step, _ in self.random.sample(steps, len(steps)):
                    writer.take(step)
                writer.check()
            answered = set().union(*(writer.ledger.acknowledged for writer in self.writers))
            if answered.issuperset(wanted):
                return

    def _end(self) -> None:
        for writer in self.writers:
            self.result.acknowledged.update(writer.ledger.acknowledged)
            writer.account.close()
        kill(self.process)
        self.server.close()
        self._open.close()

    def _round(self) -> None:
        stop = threading.Event()
        threads = [threading.Thread(target=writer.run, args=(stop,)) for writer in self.writers]
        for thread in threads:
            thread.start()
        time.sleep(self.random.uniform(0.05, 1.0))
        self._kill()
        stop.set()
        for thread in threads:
            thread.join()
        while self.random.random() < 0.5:
            self._spawn()
            time.sleep(self.random.uniform(0.0, 0.8))
            self.result.kills_while_starting += 1
            self._kill()
        self._start()
        self.result.rounds += 1
        if self.result.rounds % 25 == 0:
            print(f"{self.result.kills} kills, nothing lost so far", file=sys.stderr, flush=True)
        for writer in self.writers:
            if writer.failure is not None:
                raise writer.failure
            writer.check()
        if self.random.random() < 0.05:
            self._load_what_was_saved()
        if self.random.random() < 0.01:
            self._reset()
            for writer in self.writers:
                writer.prepare()

    def _load_what_was_saved(self, *, kills: bool = True) -> None:
        """GET and PUT /_emulator/state, killed while it loads or not: all is as it was, either way."""
        with closing(urllib.request.urlopen(f"{self.endpoint}/_emulator/state", timeout=60)) as answer:
            archive = answer.read()
        request = urllib.request.Request(f"{self.endpoint}/_emulator/state", archive, method="PUT")
        with self._killed_within(1.0, kills):
            try:
                urllib.request.urlopen(request, timeout=60).close()
            except urllib.error.HTTPError as error:
                with error:
                    raise Lost(f"an archive of the emulator itself was refused: {error.read()[:300]!r}") from error
            except OSError:
                if not kills:
                    raise
        self.result.archives += 1
        for writer in self.writers:
            writer.check()

    def _reset(self, *, kills: bool = True) -> None:
        """POST /_emulator/reset, killed or not, then everything anew: a reset that was not answered is repeated."""
        with self._killed_within(0.3, kills), contextlib.suppress(OSError):
            self._post_reset()
        self._post_reset()
        self.result.resets += 1
        for writer in self.writers:
            writer.forget()
            writer.check_that_nothing_is_there()

    def _post_reset(self) -> None:
        request = urllib.request.Request(f"{self.endpoint}/_emulator/reset", b"", method="POST")
        urllib.request.urlopen(request, timeout=60).close()

    @contextlib.contextmanager
    def _killed_within(self, seconds: float, kills: bool) -> Iterator[None]:
        """Kill at some moment of what is done, at the latest after it, and start again; or leave it alone."""
        if not kills:
            yield
            return
        killer = threading.Timer(self.random.uniform(0.0, seconds), kill, (self.process,))
        killer.start()
        yield
        killer.join()
        self._kill()
        self._start()

    def _spawn(self) -> None:
        self._log_start = (self.directory / "log").stat().st_size
        place = ["--data-dir", str(self.directory / "data"), "--port", "0", "--log-level", "warning"]
        settings = ("--training-effort", "instant", "--starting-seconds", "0", "--events-webhook-url", self.webhook.url)
        self.process = self.server.start(*place, *settings)

    def _kill(self) -> None:
        kill(self.process)
        self.result.kills += 1

    def _start(self) -> None:
        self._spawn()
        deadline = time.monotonic() + START_SECONDS
        while True:
            printed = (self.directory / "log").read_bytes()[self._log_start :].decode(errors="replace")
            found = re.search(r"http://127\.0\.0\.1:\d+", printed)
            if found:
                self.endpoint = found[0]
                try:
                    urllib.request.urlopen(f"{self.endpoint}/_emulator/ready", timeout=5).close()
                    break
                except OSError:
                    pass
            if time.monotonic() > deadline:
                raise Lost(f"it did not start within {START_SECONDS} s:\n{printed[-2000:]}")
            time.sleep(0.02)
        for writer in self.writers:
            writer.account.connect(self.endpoint)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sabotage", choices=sorted(SABOTAGES))
    arguments = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="chaos-"))
    result = Chaos(directory, arguments.seed, arguments.sabotage).run(arguments.kills, arguments.seconds)
    print(result.as_json())
    if result.lost:
        print(f"kept for a look: {directory}", file=sys.stderr)
        return 1
    shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
