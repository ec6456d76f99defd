"""What health and readiness answer (O-6, O-7): who starts an emulator waits for these two, which need nothing else."""

from __future__ import annotations

from emulator.domain.json_values import JsonObject

HEALTH, READY = "/_emulator/health", "/_emulator/ready"


def health_answer(version: str) -> tuple[int, JsonObject]:
    """Status and document of GET /_emulator/health."""
    return 200, {"status": "ok", "version": version}


def ready_answer(is_ready: bool) -> tuple[int, JsonObject]:
    """Status and document of GET /_emulator/ready."""
    if is_ready:
        return 200, {"status": "ready"}
    return 503, {"error": {"code": "NotReady", "message": "The emulator is starting."}}
