"""The names that snapshots use, for those who write them and those who read them (guide chapter SN)."""

from __future__ import annotations

TRAINING_ATTRIBUTE = "rekognition-custom-labels-training"
EVALUATION_ATTRIBUTE = "rekognition-custom-labels-evaluation"
TRAINING_JOB = "rekognition-custom-labels-training-job"
EVALUATION_JOB = "rekognition-custom-labels-evaluation-job"
DETAILS = "rekognition-custom-labels-evaluation-details"
OBJECT_ID = "rekognition-custom-labels-object-id"
LINE_INDEX = "line-idx"
