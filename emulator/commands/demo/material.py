"""What a demo is shown with: the drawn scenes, or one of the console's example projects (O-39)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from emulator.example_projects.catalogue import EXAMPLE_PROJECTS, manifest
from emulator.examples import SCENES, example_objects, example_pictures

SCENES_NAME = "scenes"


@dataclass(frozen=True, slots=True)
class Material:
    """Pictures to train and to test with, drawn. `objects` gives what has to be in a bucket, by key, manifests too."""

    training: int
    testing: int
    labels: tuple[str, ...]
    objects: Callable[[str], Mapping[str, bytes]]
    new_picture: bytes
    shows: str


def material(name: str) -> Material:
    """The scenes for `scenes`, else the example project of that id."""
    if name == SCENES_NAME:
        examples = example_pictures()
        held_back = examples.held_back
        return Material(
            len(examples.train),
            len(examples.test),
            tuple(SCENES),
            lambda bucket: example_objects(examples, bucket),
            held_back.body,
            held_back.label,
        )
    project = EXAMPLE_PROJECTS[name]
    sides = {"train": list(project.train()), "test": list(project.test())}
    sample = project.sample()

    def objects(bucket: str) -> Mapping[str, bytes]:
        found: dict[str, bytes] = {}
        for side, images in sides.items():
            found |= {f"{side}/{image.name}": image.jpeg for image in images}
            found[f"{side}.manifest"] = manifest(images, f"s3://{bucket}/{side}/")
        return found

    shown = sample.labels or tuple(dict.fromkeys(box.label for box in sample.boxes))
    return Material(len(sides["train"]), len(sides["test"]), project.labels, objects, sample.jpeg, ", ".join(shown))
