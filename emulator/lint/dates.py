"""Dates that other tools write, in the form of a manifest."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_FORMS = (
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%Y:%m:%d %H:%M:%S",
    "%Y%m%dT%H%M%S",
    "%Y%m%dT%H%M%SZ",
    "%Y%m%d%H%M%S",
    "%Y-%m-%dT%H-%M-%S",
    "%Y-%m-%d_%H-%M-%S",
    "%Y-%m-%d-%H-%M-%S",
    "%Y-%m-%d %H:%M:%S UTC",
    "%Y-%m-%dT%H:%M:%S UTC",
    "%Y-%m-%d %H:%M:%S GMT",
    "%a %b %d %H:%M:%S %Y",
    "%a %b %d %H:%M:%S UTC %Y",
    "%b %d, %Y %H:%M:%S",
    "%d %b %Y %H:%M:%S",
    "%d %B %Y %H:%M:%S",
    "%B %d, %Y %H:%M:%S",
)
_SECONDS = range(10**8, 10**10)
_MILLISECONDS = range(10**11, 10**13)


def as_manifest_date(value: object) -> str | None:
    """The date and time in UTC as `2020-03-06T17:46:39`; None if it cannot be read without a guess.

    Days and months in figures without the year in front (01/02/2020) are not read: which is which, nobody knows.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float) or (
        isinstance(value, str) and re.fullmatch(r"\d{9,13}(?:\.\d+)?", value.strip())
    ):
        return _of_epoch(float(value))
    if not isinstance(value, str):
        return None
    text = re.sub(r"\s+", " ", value.strip().strip("'\""))
    moment = _of_iso(text) or _of_forms(text) or _of_mail(text)
    if moment is None:
        return None
    if moment.tzinfo is not None:
        try:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
        except OverflowError:
            return None
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")


def _of_epoch(seconds: float) -> str | None:
    if int(seconds) in _MILLISECONDS:
        seconds /= 1000
    if int(seconds) not in _SECONDS:
        return None
    return datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def _of_iso(text: str) -> datetime | None:
    if re.fullmatch(r"\d{4,8}|\d{4}-\d{2}|\d{4}-?W\d.*", text):
        return None
    shorter = re.sub(r"(\.\d{6})\d+", r"\1", re.sub(r" (?=[+-]\d{2}:?\d{2}$)", "", text))
    try:
        return datetime.fromisoformat(shorter)
    except ValueError:
        return None


def _of_forms(text: str) -> datetime | None:
    for form in _FORMS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None


def _of_mail(text: str) -> datetime | None:
    """As HTTP and mail headers have it: Fri, 06 Mar 2020 17:46:39 GMT."""
    if not re.match(r"[A-Z][a-z]{2}, \d", text):
        return None
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
