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
from emulator.vision.detector.plan import DetectorPlan, Start
from emulator.vision.detector.trunk import NETWORKS, TRAINED_BLOCKS
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
    served_plan: DetectorPlan | None = None,
) -> DetectorModel:
    """Train on what `source` shows; `name` is that of the checkpoint in the cache directory.

    `served_plan`: how the model looks at pictures in service, if not as in training.
    """
    blocks = read_blocks(backbone.trunk(FEATURES, NETWORKS[plan.start]), TRAINED_BLOCKS)
    has_neck = plan.start == Start.COCO
    network = DetectorNetwork(blocks, plan.levels, len(labels), settings.seed, has_neck)
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
    served_plan = served_plan or plan
    report = {"pictures": len(source), "steps": steps, "final_loss": round(loss, 4), "plan": served_plan.as_metadata()}
    model = DetectorModel(build_graph(network, served_plan), labels, served_plan, report, settings.threads)
    if checkpoint:
        checkpoint.remove()
    return model
