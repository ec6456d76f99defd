"""What a job may end with; how it travels between the worker process, the jobs table and the runner."""

from __future__ import annotations

from typing import Any

from emulator.domain.messages import SERVICE_ISSUE

Outcome = dict[str, Any]
DONE = "done"
BROKE = "broke"
SERVICE_FAULT: Outcome = {"event": BROKE, "message": SERVICE_ISSUE, "code": "SERVICE_ERROR"}
