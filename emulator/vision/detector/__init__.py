"""Object detectors: partial fine-tuning of the backbone and small separable heads, in numpy (docs/detection.md)."""
