"""Which Dask cluster, and what it does; travels to worker processes as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum

from emulator.domain.json_values import JsonMapping, JsonObject


class Spread(StrEnum):
    """What is done elsewhere."""

    STAGES = "stages"
    """Looks at images, features and the evaluation of each training, in blocks; the training itself stays here."""
    TRAININGS = "trainings"
    """Whole trainings."""


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """`scheduler` is a tls:// or tcp:// address; the files are PEM, empty without TLS.

    `objects` describes the object store as workers reach it, which whole trainings need (`jobs.objects`).
    """

    scheduler: str
    spread: Spread
    tls_ca: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    objects: JsonObject | None = None

    def to_json(self) -> JsonObject:
        """The settings for a worker process."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: JsonMapping) -> ClusterSettings:
        """What `to_json` wrote."""
        return cls(**{**document, "spread": Spread(document["spread"])})
