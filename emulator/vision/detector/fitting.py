"""From a source of samples and a plan to a model: what photographs and compositions have in common."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import threadpoolctl

from emulator.vision import backbone
from emulator.vision.backbone_blocks import read_blocks
from emulator.vision.checkpoint import Checkpoint
from emulator.vision.detector.graph import FEATURES, build_graph
from emulator.vision.detector.learner import DetectorLearner
from emulator.vision.detector.model import DetectorModel
from emulator.vision.detector.network import DetectorNetwork
from emulator.vision.detector.pictures import SampleSource
from emulator.vision.detector.plan import DetectorPlan
from emulator.vision.detector.trunk import TRAINED_BLOCKS
from emulator.vision.detector.views import Augmentation
from emulator.vision.examples import Progress, ProgressListener, TrainingSettings
from emulator.vision.optimisation import optimise
from emulator.vision.schedule import Schedule

logger = logging.getLogger(__name__)

READING = "reading pictures"
TRAINING = "training detector"


def fit(
    source: SampleSource,
    labels: Sequence[str],
    plan: DetectorPlan,
    steps: int,
    augmentation: Augmentation,
    settings: TrainingSettings,
    progress: ProgressListener,
    name: str,
) -> DetectorModel:
    """Trains on what `source` shows; `name` is that of the checkpoint in the cache directory."""
    blocks = read_blocks(backbone.trunk(FEATURES), TRAINED_BLOCKS)
    network = DetectorNetwork(blocks, plan.levels, len(labels), settings.seed)
    checkpoint = Checkpoint(settings.cache_directory, name) if settings.cache_directory else None
    logger.info("detector training: %d pictures, %d steps, %s", len(source), steps, plan)
    # The threads here are ours; BLAS would only get in their way, and sum in another order.
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        loss = optimise(
            DetectorLearner(network, source, plan, augmentation, settings.seed),
            Schedule(steps),
            settings.threads,
            checkpoint,
            lambda done, total, loss: progress(Progress(TRAINING, done, total, loss)),
            TRAINING,
        )
    network.finish()
    report = {"pictures": len(source), "steps": steps, "final_loss": round(loss, 4), "plan": plan.as_metadata()}
    model = DetectorModel(build_graph(network, plan), labels, plan, report, settings.threads)
    if checkpoint:
        checkpoint.remove()
    return model
