"""Run a benchmark by name, or all of them: `python -m benchmarks [NAME [ARGUMENT ...]]`."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import benchmarks


def main(arguments: list[str]) -> int:
    """Run one module's `main` with the arguments behind its name, or all; an unknown name is a usage error (2)."""
    known = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name[0] != "_")
    known = [name for name in known if hasattr(importlib.import_module(f"benchmarks.{name}"), "main")]
    if arguments[:1] in (["-h"], ["--help"]):
        print(f"usage: python -m benchmarks [NAME [ARGUMENT ...]]\n\nWithout a name, all run: {', '.join(known)}.")
        return 0
    if arguments and arguments[0] not in known:
        print(f"unknown: {arguments[0]}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    sys.argv[1:] = arguments[1:]
    for name in arguments[:1] or known:
        print(f"== {name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
