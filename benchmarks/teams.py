"""Two accounts reset in turn while a third trains and a fourth copies: `python -m benchmarks teams [ROUNDS]`.

Ends with an assertion if anything of anybody else's is touched.
"""

from __future__ import annotations

import sys
import time

from support.server import EmulatorProcess
from support.teams import SETTINGS, at_work, reset_in_turn

ROUNDS = 1_000


def main() -> None:
    """Print how many rounds, trainings and copies there were, and the milliseconds of a round."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with EmulatorProcess(environment=SETTINGS) as emulator, at_work(emulator) as (trainer, copier):
        began = time.perf_counter()
        reset_in_turn(emulator, rounds)
        seconds = time.perf_counter() - began
        for worker in (trainer, copier):
            worker.end.set()
    print(
        f"{rounds} resets of two accounts in turn, {seconds / rounds * 1e3:.0f} ms a round; meanwhile "
        f"{len(trainer.done)} trainings and {len(copier.done)} copies of two others, all whole"
    )


if __name__ == "__main__":
    main()
