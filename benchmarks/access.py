"""What verifying and deciding costs a small call: `python -m benchmarks access`.

One emulator a mode, in this process and without sockets; the same signed DescribeProjects is called in turns of the
modes, so that all of them see the same machine. Printed is the CPU time of this process a call, and the difference to
mode off.

With `--base` what the layer costs who does not use it: mode off, and the same with the layer cut out of a call's way,
or the emulator of another commit, are called in turns; printed is the median ratio of the pairs. The bar is 1.02.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from benchmarks._access_side import BODY, calls
from support import identities as known
from support.in_process import InProcessEmulator
from support.server import PROJECT_ROOT

MODES = ("off", "signature", "iam-report", "iam")
ROUNDS = 40
CALLS = 200


def signed_scope() -> dict[str, Any]:
    """A signed call as the server hands it on; good for fifteen minutes."""
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "RekognitionService.DescribeProjects",
        "user-agent": "Boto3/1.40 md/Botocore#1.40 ua/2.1 os/linux lang/python#3.11 cfg/retry-mode#legacy",
    }
    request = AWSRequest("POST", "http://127.0.0.1:4598/", headers, BODY)
    SigV4Auth(Credentials(*known.BOB_KEY), "rekognition", "us-east-1").add_auth(request)
    raw = [(name.lower().encode(), value.encode()) for name, value in request.headers.items()]
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "client": ("127.0.0.1", 50_000),
        "headers": [(b"host", b"127.0.0.1:4598"), *raw],
    }


async def measure(folder: Path) -> dict[str, list[float]]:
    """CPU seconds a call, by mode, one figure a round."""
    costs: dict[str, list[float]] = {mode: [] for mode in MODES}
    file = str(known.written(folder))
    async with AsyncExitStack() as stack:
        emulators = {}
        for mode in MODES:
            identities = {} if mode == "off" else {"identities": file}
            emulator = InProcessEmulator(folder / mode, auth=mode, **identities)
            emulators[mode] = await stack.enter_async_context(emulator)
            await calls(emulators[mode], CALLS, signed_scope())
        for turn in range(ROUNDS):
            for mode in MODES if turn % 2 else reversed(MODES):
                costs[mode].append(await calls(emulators[mode], CALLS, signed_scope()) / CALLS)
    return costs


BAR = 1.02


@contextmanager
def side(checkout: Path, *arguments: str) -> Iterator[Callable[[int], float]]:
    """An emulator of a checkout in a process of its own; gives CPU seconds for a number of calls."""
    command = [sys.executable, "-P", str(Path(__file__).with_name("_access_side.py")), *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CUSTOM_LABELS_")}
    with subprocess.Popen(
        command,
        cwd=checkout,
        env=environment | {"PYTHONPATH": str(checkout)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        write, read = process.stdin, process.stdout

        def call(number: int) -> float:
            write.write(f"{number}\n")
            write.flush()
            return float(read.readline())

        try:
            yield call
        finally:
            write.close()


@contextmanager
def checkout_of(commit: str) -> Iterator[Path]:
    """A commit's files in a folder, for as long as the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "base"
        git = ["git", "-C", str(PROJECT_ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(base), commit], check=True)
        try:
            yield base
        finally:
            subprocess.run([*git, "remove", "--force", str(base)], check=True)


def compare(commit: str, rounds: int) -> int:
    """Print the ratio of mode off to a commit, or for "" to this checkout without the layer; 1 if over the bar."""
    with ExitStack() as stack:
        base = (PROJECT_ROOT, "bypass") if not commit else (stack.enter_context(checkout_of(commit)),)
        before, here = stack.enter_context(side(*base)), stack.enter_context(side(PROJECT_ROOT))
        pairs = []
        for turn in range(rounds):
            order = (before, here) if turn % 2 else (here, before)
            spent = {one: one(CALLS) / CALLS for one in order}
            pairs.append((spent[before], spent[here]))
    ratio = statistics.median(new / old for old, new in pairs)
    old, new = (statistics.median(costs) * 1e3 for costs in zip(*pairs, strict=True))
    print(
        f"DescribeProjects, mode off: {new:.4f} ms CPU a call, {old:.4f} ms "
        f"{f'at {commit}' if commit else 'without the access layer'}; the median ratio of {rounds} pairs is "
        f"{ratio:.3f} (bar {BAR})"
    )
    return int(ratio > BAR)


def main() -> None:
    """Print the median of every mode, and the median of the differences to mode off within a round; or compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks access")
    parser.add_argument(
        "--base",
        metavar="COMMIT",
        nargs="?",
        const="",
        help="compare mode off with a commit; without one, with this checkout without the access layer",
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    if arguments.base is not None:
        raise SystemExit(compare(arguments.base, arguments.rounds))
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as folder:
        costs = asyncio.run(measure(Path(folder)))
    for mode in MODES:
        differences = [cost - off for cost, off in zip(costs[mode], costs["off"], strict=True)]
        print(
            f"DescribeProjects, mode {mode}: {statistics.median(costs[mode]) * 1e3:.3f} ms CPU a call, "
            f"{statistics.median(differences) * 1e3:+.3f} ms to mode off"
        )


if __name__ == "__main__":
    main()
