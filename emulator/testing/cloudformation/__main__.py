"""moto's server with our project: `python -m emulator.testing.cloudformation --port 5000`."""

from __future__ import annotations

import sys

from moto.server import main

if __name__ == "__main__":
    main(sys.argv[1:])
