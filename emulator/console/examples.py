"""Example projects: made by a task, pictures, manifests, project and both datasets (C-2 to C-4)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import count, islice
from typing import TYPE_CHECKING

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from emulator.console.context import SignedCall
from emulator.console.errors import ConsoleError
from emulator.console.lookup import console_bucket
from emulator.console.new_datasets import create_from_manifest, until_created
from emulator.console.previews import in_picture_thread
from emulator.console.project_documents import dataset_name
from emulator.console.task_documents import TaskAnswer, task_document
from emulator.console.task_runs import TaskFailedError, TaskRun, accept_task
from emulator.domain.json_values import JsonObject
from emulator.domain.object_store import ObjectLocation
from emulator.example_projects import ExampleId
from emulator.jobs.threads import in_thread
from emulator.operations.context import AnyContext
from emulator.operations.projects import create_project
from emulator.storage.projects import find_project_by_name

if TYPE_CHECKING:
    from emulator.example_projects.pictures import ExampleImage, ExampleProject

router = APIRouter()

CREATE_EXAMPLE = "create-example"
_KINDS = ("train", "test")
_JPEG = "image/jpeg"


class ExampleDocument(BaseModel):
    """An example project that can be made."""

    id: ExampleId
    name: str
    labels: list[str]
    training_images: int
    test_images: int
    boxes: bool


class ExampleList(BaseModel):
    """In the order of the page's cards."""

    examples: list[ExampleDocument]


class ExampleWish(BaseModel):
    """Which example."""

    id: str


@router.get("/examples")
async def get_examples(_call: SignedCall) -> ExampleList:
    """The example projects that there are."""
    documents = [
        ExampleDocument(
            id=example.id,
            name=example.name,
            labels=list(example.labels),
            training_images=example.training_images,
            test_images=example.test_images,
            boxes=example.has_boxes,
        )
        for example in _examples().values()
    ]
    return ExampleList(examples=documents)


@router.post("/examples", status_code=202)
async def create_example(call: SignedCall, wish: ExampleWish) -> TaskAnswer:
    """Begin to make an example project; the task's result names the project and its datasets."""
    _example(wish.id)
    await console_bucket(call)
    task = await call.write(lambda context: accept_task(context, CREATE_EXAMPLE, "drawing", None, wish))
    return TaskAnswer(task=task_document(task))


@router.get("/examples/sample", response_class=Response, responses={200: {"content": {_JPEG: {}}}})
async def example_sample(_call: SignedCall, id: str) -> Response:  # noqa: A002 (its name in the query)
    """A picture to try a trained example with; it is in neither dataset."""
    image = await in_picture_thread(lambda: _sample(_example(id).id))
    headers = {"Cache-Control": "private, max-age=86400", "Content-Disposition": f'inline; filename="{image.name}"'}
    return Response(image.jpeg, media_type=_JPEG, headers=headers)


def _examples() -> Mapping[str, ExampleProject]:
    """All of them; imported with the first call, since a start must not wait for what draws."""
    from emulator.example_projects.catalogue import EXAMPLE_PROJECTS

    return EXAMPLE_PROJECTS


def _example(example_id: str) -> ExampleProject:
    example = _examples().get(example_id)
    if example is None:
        raise ConsoleError("NotFound", f"There is no example {example_id}.", status=404)
    return example


@lru_cache
def _sample(example_id: str) -> ExampleImage:
    return _examples()[example_id].sample()


async def run_example(run: TaskRun) -> None:
    """Create the project, draw into the console's bucket, create the datasets."""
    example = _examples()[ExampleWish.model_validate(run.task.payload).id]
    if "project_arn" not in run.result:
        await run.operation(lambda context: _create_project(context, example, run.result))
    folders = await in_thread(_draw, run, example)
    arns = []
    for kind, folder in zip(_KINDS, folders, strict=True):
        arns.append(
            await create_from_manifest(
                run,
                f"{'training' if kind == 'train' else 'test'}_dataset_arn",
                project_arn=run.result["project_arn"],
                kind=kind.upper(),
                manifest=_manifest_of(folder),
                uploads=folder,
            )
        )
    await until_created(run, *arns)


def _create_project(context: AnyContext, example: ExampleProject, result: JsonObject) -> None:
    """`rooms_1`, or the next number that is free (C-3)."""
    caller = context.caller
    names = (f"{example.stem}_{number}" for number in count(1))
    name = next(
        name for name in names if find_project_by_name(context.connection, caller.account, caller.region, name) is None
    )
    context.parameters = {"ProjectName": name}
    result |= {"project_arn": str(create_project(context)["ProjectArn"]), "project_name": name}


def _draw(run: TaskRun, example: ExampleProject) -> list[ObjectLocation]:
    """Put all pictures and both manifests into the console's bucket; the folders of the two datasets."""
    from emulator.example_projects.catalogue import manifest

    bucket = run.buckets.find(run.caller)
    if bucket is None:
        raise TaskFailedError("The console's bucket was deleted.")
    name = run.result["project_name"]
    folders = [ObjectLocation(bucket, f"assets/{dataset_name(name, kind)}/") for kind in _KINDS]
    total, done = example.training_images + example.test_images, 0
    for folder, draw in zip(folders, (example.train, example.test), strict=True):
        images: list[ExampleImage] = []
        for image in islice(draw(), total):
            run.objects.put(ObjectLocation(bucket, folder.key + image.name), image.jpeg, run.caller, _JPEG)
            images.append(image)
            done += 1
            run.report("drawing", done, total)
        run.objects.put(_manifest_of(folder), manifest(images, str(folder)), run.caller, "application/json")
    run.report("creating", 0, 1)
    return folders


def _manifest_of(folder: ObjectLocation) -> ObjectLocation:
    name = folder.key.rstrip("/").rpartition("/")[2]
    return ObjectLocation(folder.bucket, f"{folder.key}{name}.manifest")
