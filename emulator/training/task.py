"""What a training is told: the contract between the emulator and its worker process (ADR 004)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.domain.caller import Caller
from emulator.domain.json_values import JsonMapping, JsonObject, JsonValue

if TYPE_CHECKING:
    from emulator.domain.iam.evaluation import Decision


@dataclass(frozen=True, slots=True)
class Manifests:
    """The manifests of a training, written down before it began.

    No `testing` leaves the split of the training manifest to the training (TE-11). For the owner rule TE-10, buckets
    are those that external manifests lie in, and owners those of the buckets that datasets were made from.
    """

    training: Path
    testing: Path | None
    training_buckets: tuple[str, ...]
    testing_buckets: tuple[str, ...]
    training_owners: tuple[str, ...] = ()
    testing_owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """What the emulator's settings say of every training. `threads` is how many cores one may use."""

    seed: int
    effort: str
    threads: int
    cache_directory: Path


@dataclass(frozen=True, slots=True)
class TrainingTask:
    """One training. Result files go into `bucket` under `keys`, by the first part of their names (ResultKind).

    With `images_refused` the caller could not use the images' bucket when it asked (TE-8); `foreign_images` are the
    sides whose images lay with another owner than their manifest then (TE-10).
    """

    caller: Caller
    version_arn: str
    manifests: Manifests
    options: TrainingOptions
    bucket: str
    keys: Mapping[str, str]
    work_directory: Path
    model_path: Path
    images_refused: bool = False
    foreign_images: tuple[str, ...] = ()

    def to_json(self) -> JsonObject:
        """The task as the worker reads it."""
        without_rights = replace(self, caller=Caller(self.caller.account, self.caller.region))
        document: JsonObject = _plain(asdict(without_rights))
        return {**document, "caller": self.caller.to_json()}

    @classmethod
    def from_json(cls, document: JsonMapping, tell: Callable[[Decision], None] | None = None) -> TrainingTask:
        """What `to_json` wrote. `tell` hears of what is decided about the caller."""
        manifests, options = document["manifests"], document["options"]
        testing = manifests["testing"]
        return cls(
            caller=Caller.from_json(document["caller"], tell),
            version_arn=document["version_arn"],
            manifests=Manifests(
                training=Path(manifests["training"]),
                testing=None if testing is None else Path(testing),
                training_buckets=tuple(manifests["training_buckets"]),
                testing_buckets=tuple(manifests["testing_buckets"]),
                training_owners=tuple(manifests["training_owners"]),
                testing_owners=tuple(manifests["testing_owners"]),
            ),
            options=TrainingOptions(**{**options, "cache_directory": Path(options["cache_directory"])}),
            bucket=document["bucket"],
            keys=document["keys"],
            work_directory=Path(document["work_directory"]),
            model_path=Path(document["model_path"]),
            images_refused=document["images_refused"],
            foreign_images=tuple(document["foreign_images"]),
        )


def _plain(value: object) -> JsonValue:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value
