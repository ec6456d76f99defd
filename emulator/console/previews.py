"""Pictures for the page: previews, made anew as JPEG so that nothing else is ever shown, and facts about images."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from emulator.console.context import PREVIEW_SIDES, ConsoleCall, SignedCall
from emulator.console.errors import ConsoleError, object_error
from emulator.console.preview_cache import PreviewCache
from emulator.domain.json_values import JsonObject
from emulator.domain.object_store import ObjectHead, ObjectLocation, ObjectStoreError
from emulator.vision.errors import DamagedImageError, ImageError, TooManyPixelsError, UnsupportedImageFormatError

if TYPE_CHECKING:
    from emulator.vision.images import ImageFacts

router = APIRouter()

Result = TypeVar("Result")

MOST_IMAGE_BYTES = 64 * 1024 * 1024
_HEADER_BYTES = 256 * 1024
_MAXIMUM_AGE = "private, max-age=300"
_THREADS = 2
_threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="previews")


class ImageWish(BaseModel):
    """An object in S3."""

    bucket: str
    key: str
    version: str | None = None

    def location(self) -> ObjectLocation:
        return ObjectLocation(self.bucket, self.key, self.version)


class PreviewQuery(ImageWish):
    """An object, and how wide and high it is wanted at most."""

    w: Annotated[int, Query(ge=1, le=PREVIEW_SIDES[-1])] = 256


class FactsWish(BaseModel):
    """At most 200 images."""

    images: list[ImageWish] = Field(max_length=200)


class ImageProblem(BaseModel):
    """Why nothing can be said of an image."""

    code: str
    message: str


class ImageFactsDocument(BaseModel):
    """An image: the size of the upright picture in pixels, which is the frame for boxes, or why it has none."""

    bucket: str
    key: str
    width: int | None = None
    height: int | None = None
    format: str | None = None
    bytes: int | None = None
    etag: str | None = None
    error: ImageProblem | None = None


class FactsAnswer(BaseModel):
    """In the order asked for."""

    images: list[ImageFactsDocument]


async def in_picture_thread(look: Callable[[], Result]) -> Result:
    """Run what decodes pictures in one of few threads, so that the event loop and trainings are not held up."""
    return await asyncio.get_running_loop().run_in_executor(_threads, look)


@dataclass(frozen=True, slots=True)
class _Made:
    """A preview, and the size of the whole upright picture; both are None if the caller has it."""

    jpeg: bytes | None
    etag: str
    size: tuple[int, int] | None


@router.get("/preview", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
async def get_preview(request: Request, call: SignedCall, query: Annotated[PreviewQuery, Query()]) -> Response:
    """A picture at most `w` pixels wide and high, upright. Kept by the object's etag."""
    side = next(side for side in PREVIEW_SIDES if side >= query.w)
    known = request.headers.get("if-none-match", "")
    made = await in_picture_thread(lambda: _make(call, query.location(), side, known))
    headers = {"ETag": f'"{made.etag}"', "Cache-Control": _MAXIMUM_AGE}
    if made.jpeg is None or made.size is None:
        return Response(status_code=304, headers=headers)
    headers |= {"X-Image-Width": str(made.size[0]), "X-Image-Height": str(made.size[1])}
    return Response(made.jpeg, media_type="image/jpeg", headers=headers)


@router.post("/images/facts")
async def images_facts(call: SignedCall, wish: FactsWish) -> FactsAnswer:
    """Size and format of images, read from their headers alone."""

    def look() -> FactsAnswer:
        return FactsAnswer(images=[_look(call, image) for image in wish.images])

    return await in_picture_thread(look)


def _make(call: ConsoleCall, location: ObjectLocation, side: int, known: str) -> _Made:
    """The preview; its bytes are None if the caller has them. Raises ConsoleError, ObjectStoreError."""
    head = read_head(call, location)
    etag = f"{head.etag}-{side}"
    if f'"{etag}"' in known:
        return _Made(None, etag, None)
    cache: PreviewCache = call.parts.previews
    name = f"{head.etag}/{head.size}/{side}"
    kept = cache.get(name)
    if kept is not None:
        width, height = int.from_bytes(kept[:4], "big"), int.from_bytes(kept[4:8], "big")
        return _Made(kept[8:], etag, (width, height))
    # Imported with the first picture: a start must not wait for what decodes them.
    from emulator.vision.images import probe
    from emulator.vision.previews import preview

    data = call.parts.objects.get(location, call.caller)
    try:
        facts = probe(data)
        made = preview(data, side)
    except ImageError as error:
        raise image_error(error) from None
    cache.put(name, facts.width.to_bytes(4, "big") + facts.height.to_bytes(4, "big") + made.jpeg)
    return _Made(made.jpeg, etag, (facts.width, facts.height))


def read_head(call: ConsoleCall, location: ObjectLocation) -> ObjectHead:
    """What is known of an image without reading it. Raises ConsoleError if it is too large, ObjectStoreError."""
    head = call.parts.objects.head(location, call.caller)
    if head.size > MOST_IMAGE_BYTES:
        raise ConsoleError("ImageTooLargeException", f"{location} has more than {MOST_IMAGE_BYTES} bytes.", status=413)
    return head


def image_error(error: ImageError) -> ConsoleError:
    """What an unusable image becomes, under the names of DetectCustomLabels."""
    if isinstance(error, TooManyPixelsError):
        return ConsoleError("ImageTooLargeException", str(error), status=413)
    assert isinstance(error, UnsupportedImageFormatError | DamagedImageError)
    return ConsoleError("InvalidImageFormatException", str(error), status=415)


def _look(call: ConsoleCall, wish: ImageWish) -> ImageFactsDocument:
    found: JsonObject = {"bucket": wish.bucket, "key": wish.key}
    try:
        head = read_head(call, wish.location())
        facts = _facts(call, wish.location())
    except ConsoleError as error:
        return ImageFactsDocument(**found, error=ImageProblem(code=error.code, message=error.message))
    except ObjectStoreError as error:
        problem = object_error(error)
        return ImageFactsDocument(**found, error=ImageProblem(code=problem.code, message=problem.message))
    return ImageFactsDocument(
        **found, width=facts.width, height=facts.height, format=facts.format, bytes=head.size, etag=head.etag
    )


def _facts(call: ConsoleCall, location: ObjectLocation) -> ImageFacts:
    """From the beginning of the file, or all of it where metadata is long. Raises ConsoleError."""
    from emulator.vision.images import probe

    with call.parts.objects.open(location, call.caller) as stream:
        data = stream.read(_HEADER_BYTES)
        try:
            return probe(data)
        except DamagedImageError:
            data += stream.read()
        except ImageError as error:
            raise image_error(error) from None
    try:
        return probe(data)
    except ImageError as error:
        raise image_error(error) from None
