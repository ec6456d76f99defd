"""The latest moment, the end of the year 9999: later ones fit neither dates nor the database."""

from __future__ import annotations

LATEST_SECOND = 253_402_300_799
"""In seconds since the epoch."""

LATEST_MILLISECOND = LATEST_SECOND * 1000 + 999
