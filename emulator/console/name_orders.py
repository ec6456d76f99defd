"""The orders by name of the dataset contents that the gallery showed last."""

from __future__ import annotations

import threading
from array import array
from collections import OrderedDict
from collections.abc import Callable

from sqlalchemy import Connection

from emulator.storage.contents import content_stats
from emulator.storage.entry_pages import content_revision, name_order

_ORDERS_KEPT = 8


class NameOrders:
    """An order holds while no entry comes or goes, and until `epoch` changes: a loaded archive gives ids anew."""

    def __init__(self, epoch: Callable[[], int]) -> None:
        self._epoch = epoch
        self._kept: OrderedDict[tuple[int, int, int, int], array[int]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, connection: Connection, content_id: int) -> array[int]:
        """All positions of a content by name."""
        total = content_stats(connection, content_id).total_entries
        key = (self._epoch(), content_id, content_revision(connection, content_id), total)
        with self._lock:
            found = self._kept.get(key)
        if found is None:
            found = name_order(connection, content_id)
        with self._lock:
            self._kept[key] = found
            self._kept.move_to_end(key)
            while len(self._kept) > _ORDERS_KEPT:
                self._kept.popitem(last=False)
        return found
