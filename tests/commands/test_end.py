"""The end of a process in which a thread does not end (O-3)."""

from __future__ import annotations

import subprocess
import sys

from support.server import PROJECT_ROOT

STUCK = """
import threading, time
from emulator.commands import serve

serve.END_SECONDS = 0.3
threading.Thread(target=time.sleep, args=(600,)).start()  # as a run of a model that does not end
serve._end_at_the_latest()
"""


def test_a_thread_that_does_not_end_does_not_keep_the_process() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", STUCK], cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=180, check=False
    )
    assert ended.returncode == 0
    assert "did not end within 0.3 s" in ended.stderr
