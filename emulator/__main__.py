"""`python -m emulator` is `custom-labels`."""

from emulator.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
