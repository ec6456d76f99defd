"""The parts of one emulator, as its lifecycle needs them: built once by `app`, and the same until the process ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.domain.controls.answers import AnswerBook
from emulator.domain.controls.faults import FaultBook
from emulator.domain.metering.measurements import Measurements
from emulator.domain.metering.quotas import RequestQuota
from emulator.domain.object_store import ObjectStore
from emulator.jobs.askers import Askers
from emulator.jobs.clock import Clocks
from emulator.jobs.fleet import Fleet
from emulator.jobs.hosting import Hosting
from emulator.jobs.metrics_keeper import MetricsKeeper
from emulator.jobs.runner import JobRunner
from emulator.jobs.running_watch import RunningWatch
from emulator.jobs.sweeper import Sweeper
from emulator.jobs.training_progress import RunningTrainings
from emulator.jobs.transitions import TransitionPolicies
from emulator.s3.embedded import EmbeddedS3
from emulator.server.directories import Directories
from emulator.settings import Settings
from emulator.storage.engine import Database

if TYPE_CHECKING:
    from emulator.domain.iam.keys import KeySource


@dataclass(frozen=True, slots=True)
class Parts:
    """What a start takes up, a reset empties and an end lets go. `key_source` gives the KMS keys, if they are known."""

    settings: Settings
    directories: Directories
    database: Database
    clocks: Clocks
    s3: EmbeddedS3
    objects: ObjectStore
    hosting: Hosting
    sweeper: Sweeper
    progress: RunningTrainings
    policies: TransitionPolicies
    measurements: Measurements
    fleet: Fleet
    faults: FaultBook
    answers: AnswerBook
    request_quota: RequestQuota
    metrics_keeper: MetricsKeeper
    runner: JobRunner
    askers: Askers
    running_watch: RunningWatch
    key_source: KeySource | None
