"""What one decision costs: `python -m benchmarks decisions`. Random requests under random policies, CPU time."""

from __future__ import annotations

import random
import statistics
import time

from emulator.domain.iam.evaluation import decide
from support.policies import random_case

CASES, ROUNDS = 1_000, 11


def main() -> None:
    """Print the median of the rounds."""
    chance = random.Random(1)
    cases = [(case.request, case.policies()) for case in (random_case(chance) for _ in range(CASES))]
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for request, policies in cases:
            decide(request, policies)
        rounds.append((time.process_time() - began) / CASES * 1e6)
    print(f"{statistics.median(rounds):.1f} µs CPU a decision (best {min(rounds):.1f}), {CASES:,} random requests")


if __name__ == "__main__":
    main()
