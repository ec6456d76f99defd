"""The console in Chromium: first paint; 100,000 images, labels for 1,000 at once, a box dragged over 4,096 pixels.

python -m benchmarks gallery
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import math
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from PIL import Image
from playwright.sync_api import Browser, Page, Request, expect

from support.browser import launched, missing_parts, open_context
from support.console import ConsoleClient
from support.server import EmulatorProcess

ACCOUNT = "111122223333"
IMAGES = 100_000
CHOSEN = 1_000
PROJECT = "gallery"
VISITS = 5
LARGEST_PAINT = """() => new Promise(resolve => new PerformanceObserver(list =>
  resolve(list.getEntries().at(-1).startTime)).observe({type: "largest-contentful-paint", buffered: true}))"""
COLLECT_FRAMES = """() => {
  window.frames_ = [];
  let last = performance.now();
  const frame = (now) => {
    window.frames_.push(now - last);
    last = now;
    if (window.frames_.length < 240) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""


def main() -> None:
    """Print all figures, or what is missing for them."""
    missing = missing_parts()
    if missing is not None:
        print(missing)
        return
    with tempfile.TemporaryDirectory() as folder, EmulatorProcess(Path(folder)) as emulator:
        _create_dataset(emulator)
        with launched() as browser:
            _first_visit(browser, emulator)
            page = open_context(browser, emulator.endpoint, ACCOUNT).new_page()
            _first_page(page)
            _scrolling(page)
            _labelling(page)
            _dragging(page)


def _create_dataset(emulator: EmulatorProcess) -> None:
    """100,000 images without labels; the first is the largest that is allowed, all show the same small picture."""
    bucket = ConsoleClient(emulator, ACCOUNT).post("/bucket", {})["name"]
    s3, rekognition = emulator.client("s3", ACCOUNT), emulator.client("rekognition", ACCOUNT)
    references = [f"s3://{bucket}/image-{number:06d}.jpg" for number in range(IMAGES)]
    for number in range(40):
        file = io.BytesIO()
        Image.new("RGB", (4096, 3072) if number == 0 else (640, 480), (number * 6, 120, 90)).save(file, "JPEG")
        s3.put_object(Bucket=bucket, Key=f"image-{number:06d}.jpg", Body=file.getvalue())
    manifest = "\n".join(json.dumps({"source-ref": reference}) for reference in references)
    s3.put_object(Bucket=bucket, Key="all.manifest", Body=manifest.encode())
    project = rekognition.create_project(ProjectName=PROJECT)["ProjectArn"]
    source = {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Name": "all.manifest"}}}
    arn = rekognition.create_dataset(ProjectArn=project, DatasetType="TRAIN", DatasetSource=source)["DatasetArn"]
    while rekognition.describe_dataset(DatasetArn=arn)["DatasetDescription"]["Status"] == "CREATE_IN_PROGRESS":
        time.sleep(0.2)
    change = {"dataset": arn, "add": ["label"], "rename": [], "remove": []}
    ConsoleClient(emulator, ACCOUNT).post("/dataset/labels", change)


def _first_visit(browser: Browser, emulator: EmulatorProcess) -> None:
    """What a browser that has never been here paints first, when its largest part, and what it fetches."""
    visits = [_visit(browser, emulator) for _ in range(VISITS)]
    painted, largest, cpu, sizes = zip(*visits, strict=True)
    print(f"first paint: {statistics.median(painted):.0f} ms (longest of {VISITS}: {max(painted):.0f} ms)")
    print(f"the heading and its text are painted: {statistics.median(largest):.0f} ms (longest {max(largest):.0f} ms)")
    print(f"the browser's CPU until then: {statistics.median(cpu):.2f} s")
    print(f"first load: {max(sizes) / 1000:.0f} kB with gzip")


def _visit(browser: Browser, emulator: EmulatorProcess) -> tuple[float, float, float, int]:
    """Milliseconds to the first and the largest paint, the browser's CPU seconds, bytes of the files with gzip."""
    context = open_context(browser, emulator.endpoint, ACCOUNT)
    before = _browser_seconds()
    requests: list[Request] = []
    page = context.new_page()
    page.on("requestfinished", lambda request: requests.append(request))
    page.goto("/console/get-started")
    page.get_by_role("heading", name="Get started", level=1).wait_for()
    page.evaluate("document.fonts.ready.then(() => null)")
    painted: float = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    largest: float = page.evaluate(LARGEST_PAINT)
    cpu = _browser_seconds() - before
    size = sum(len(gzip.compress(_file_of(request))) for request in requests)
    context.close()
    return painted, largest, cpu, size


def _browser_seconds() -> float:
    """The CPU time of all processes of the browser so far."""
    found = 0.0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "chrom" in process.name():
                found += sum(process.cpu_times()[:2])
    return found


def _file_of(request: Request) -> bytes:
    """What a request for one of the page's files brought."""
    response = request.response()
    is_file = "/console/" in request.url and "/api/" not in request.url
    return response.body() if response is not None and is_file else b""


def _open(page: Page) -> None:
    page.goto(f"/console/projects/{PROJECT}/dataset")
    page.locator("[data-position='8'] .gallery-name").wait_for()


def _first_page(page: Page) -> None:
    """From the address to the names of the first images; the page's files are in the browser's cache."""
    _open(page)
    times = [_seconds(lambda: _open(page)) for _ in range(VISITS)]
    print(f"first page of {IMAGES} images: {statistics.median(times):.2f} s (longest {max(times):.2f} s)")


def _scrolling(page: Page) -> None:
    bounds = page.get_by_test_id("gallery").bounding_box()
    assert bounds is not None
    page.mouse.move(bounds["x"] + 100, bounds["y"] + 100)
    page.evaluate(COLLECT_FRAMES)
    for _ in range(120):
        page.mouse.wheel(0, 300)
        page.wait_for_timeout(16)
    print(f"scrolling: {_frames(page)}")
    middle = page.get_by_test_id("gallery").evaluate("one => one.scrollTop = one.scrollHeight / 2")
    assert middle > 0
    loaded = "() => !document.querySelector('.gallery-waiting') && document.querySelector('.gallery-name')"
    print(f"jump to the middle: {_seconds(lambda: page.wait_for_function(loaded)):.2f} s")


def _labelling(page: Page) -> None:
    """From the key that assigns a label to 1,000 chosen images until all are shown with it, and their saving."""
    _open(page)
    page.get_by_role("button", name="Start labeling").click()
    grid = page.get_by_test_id("gallery")
    page.locator("[data-position='0']").click()
    grid.evaluate(f"one => one.scrollTop = one.scrollHeight * {CHOSEN / IMAGES} - 300")
    page.locator(f"[data-position='{CHOSEN - 1}'] .gallery-name").wait_for()
    page.locator(f"[data-position='{CHOSEN - 1}']").click(modifiers=["Shift"])
    grid.focus()

    def assign() -> None:
        page.keyboard.press("1")
        page.get_by_text(f"{CHOSEN} images with unsaved changes").wait_for()

    print(f"a label for {CHOSEN} images, shown: {_seconds(assign):.2f} s")

    def save() -> None:
        page.get_by_role("button", name="Save changes").click()
        page.get_by_text("are saved.").wait_for(timeout=120_000)

    print(f"… saved: {_seconds(save):.2f} s")


def _dragging(page: Page) -> None:
    """A box of an image of 4,096 pixels follows the pointer."""
    _open(page)
    page.get_by_role("button", name="Start labeling").click()
    page.locator("[data-position='0']").click()
    page.get_by_role("button", name="Draw bounding boxes").click()
    page.get_by_role("button", name="Start drawing").click()
    canvas = page.get_by_test_id("box-canvas")
    expect(page.locator(".box-image")).to_be_visible()
    page.wait_for_function("() => document.querySelector('.box-image').complete")
    canvas.focus()
    page.keyboard.press("n")
    bounds = canvas.bounding_box()
    assert bounds is not None
    x, y = bounds["x"] + bounds["width"] / 2, bounds["y"] + bounds["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(COLLECT_FRAMES)
    for step in range(240):
        page.mouse.move(x + 120 * math.sin(step / 12), y + 90 * math.cos(step / 9))
        page.wait_for_timeout(8)
    print(f"dragging a box over 4096 pixels: {_frames(page)}")
    page.mouse.up()


def _frames(page: Page) -> str:
    times = sorted(page.evaluate("window.frames_.slice(2)"))
    late = times[int(len(times) * 0.95)]
    return f"a frame every {statistics.median(times):.1f} ms (95 % within {late:.1f} ms, longest {times[-1]:.1f} ms)"


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
