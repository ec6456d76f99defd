"""Fuzzing with coverage guidance: `python -m tests.fuzz.run TARGET --runs N` (`make fuzz` runs all twelve).

It needs atheris, which has wheels for Linux and few Pythons; where it is missing, inputs are mutated without guidance.
An input that crashes is written to tests/fuzz/corpus/TARGET/crash-…, where every later test run tries it again.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
MOST_KEPT_BYTES = 4096


def mutated(data: bytes, moments: random.Random) -> bytes:
    """Some bytes changed, removed, doubled or put in."""
    content = bytearray(data)
    for _ in range(moments.randrange(1, 6)):
        position = moments.randrange(len(content) + 1)
        match moments.randrange(4):
            case 0 if content:
                content[position % len(content)] = moments.randrange(256)
            case 1:
                del content[position : position + moments.randrange(1, 16)]
            case 2:
                content[position:position] = content[position : position + moments.randrange(1, 64)]
            case _:
                content[position:position] = moments.randbytes(moments.randrange(1, 8))
    return bytes(content[:1_000_000])


def seeds(target: str) -> list[bytes]:
    """The kept inputs of a target."""
    return [path.read_bytes() for path in sorted((CORPUS / target).glob("*")) if path.is_file()] or [b""]


def without_guidance(function: Callable[[bytes], None], target: str, runs: int, seed: int) -> None:
    """Mutations of the corpus; what raises is kept and raised."""
    moments, known = random.Random(seed), seeds(target)
    for _ in range(runs):
        data = mutated(moments.choice(known), moments)
        try:
            function(data)
        except Exception:
            (CORPUS / target).mkdir(parents=True, exist_ok=True)
            (CORPUS / target / f"crash-{hashlib.sha256(data).hexdigest()[:16]}").write_bytes(data)
            raise


def with_guidance(target: str, runs: int, seed: int) -> None:
    """libFuzzer through atheris. Ends the process."""
    import atheris

    with atheris.instrument_imports(include=["emulator", "PIL"]):
        from tests.fuzz.targets import TARGETS
    corpus = CORPUS / target
    corpus.mkdir(parents=True, exist_ok=True)
    found = Path(tempfile.mkdtemp(prefix=f"fuzz-{target}-"))  # the repository's corpus stays small
    options = [f"-runs={runs}", f"-seed={seed or 1}", "-max_len=65536", "-timeout=20", "-rss_limit_mb=4096"]
    options += ["-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={corpus}/crash-"]
    atheris.Setup([sys.argv[0], *options, str(found), str(corpus)], TARGETS[target])
    atheris.Fuzz()


def main() -> int:
    targets = sorted(path.name for path in CORPUS.iterdir() if path.is_dir())
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=[*targets, "all"])
    parser.add_argument("--runs", type=int, default=100_000, help="inputs of each target")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--unguided", action="store_true", help="without atheris")
    arguments = parser.parse_args()
    if arguments.target == "all":
        options = ["--runs", str(arguments.runs), "--seed", str(arguments.seed)]
        options += ["--unguided"] if arguments.unguided else []
        commands = [[sys.executable, "-m", "tests.fuzz.run", target, *options] for target in targets]
        return max(subprocess.run(command, check=False).returncode != 0 for command in commands)
    if importlib.util.find_spec("atheris") is not None and not arguments.unguided:
        print(f"{arguments.target}:", flush=True)
        with_guidance(arguments.target, arguments.runs, arguments.seed)
        return 0
    from tests.fuzz.targets import TARGETS

    began = time.process_time()
    without_guidance(TARGETS[arguments.target], arguments.target, arguments.runs, arguments.seed)
    print(f"{arguments.target}: {arguments.runs} inputs, no crash, {time.process_time() - began:.0f} s of CPU")
    return 0


if __name__ == "__main__":
    sys.exit(main())
