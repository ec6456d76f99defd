"""Takes the pictures of docs/console.md: `make pictures`. Everything that they show is drawn by the emulator itself."""

from __future__ import annotations

import io
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page

from support.browser import launched, missing_parts, open_context, wait_for
from support.console import ConsoleClient
from support.server import EmulatorProcess, wait_until

ACCOUNT = "123456789012"
SIZE = {"width": 1280, "height": 800}
COLOURS = 128
TRAINING_SECONDS = 900.0
# Those that are in the window: what is further down is not loaded yet.
_ARE_PICTURES_THERE = """[...document.querySelectorAll("main img")].every(image => {
    const place = image.parentElement.getBoundingClientRect();
    return place.top > innerHeight || (image.naturalWidth > 0 && image.complete);
})"""


class Studio:
    """An emulator with two example projects, and a window to look at them."""

    def __init__(self, emulator: EmulatorProcess, page: Page, folder: Path) -> None:
        self.console = ConsoleClient(emulator, ACCOUNT)
        self.rekognition = emulator.client("rekognition", ACCOUNT)
        self.page = page
        self.folder = folder

    def make_example(self, example: str) -> dict[str, Any]:
        """Make an example project; what its task resulted in."""
        task = self.console.task(self.console.post("/examples", {"id": example})["task"])
        result: dict[str, Any] = task["result"]
        return result

    def train(self, project: dict[str, Any], version: str) -> str:
        """Train with the default effort; the version's ARN."""
        output = {"S3Bucket": self.console.get("/bucket")["name"], "S3KeyPrefix": "evaluation"}
        arn: str = self.rekognition.create_project_version(
            ProjectArn=project["project_arn"], VersionName=version, OutputConfig=output
        )["ProjectVersionArn"]
        self.wait_for(project, version, "TRAINING_COMPLETED")
        return arn

    def wait_for(self, project: dict[str, Any], version: str, status: str) -> None:
        def reached() -> bool:
            found = self.rekognition.describe_project_versions(
                ProjectArn=project["project_arn"], VersionNames=[version]
            )["ProjectVersionDescriptions"]
            return bool(found) and found[0]["Status"] == status

        wait_until(reached, TRAINING_SECONDS, what=f"{version} in {status}")

    def take(self, name: str, address: str) -> None:
        """Open an address and take its picture."""
        if address:
            self.page.goto(f"/console/{address}")
        self.page.get_by_role("heading", level=1).first.wait_for()
        wait_for(self.page, "!/^(Loading|Loading images)$/m.test(document.body.innerText)")
        wait_for(self.page, _ARE_PICTURES_THERE)
        wait_for(self.page, "!document.querySelector('[class*=awsui_spinner]')")
        shot = Image.open(io.BytesIO(self.page.screenshot(animations="disabled")))
        shot.convert("RGB").quantize(COLOURS).save(self.folder / f"{name}.png", optimize=True)


def take_pictures(folder: Path) -> None:
    """Write all pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as data,
        EmulatorProcess(Path(data) / "data") as emulator,
        launched() as browser,
    ):
        context = open_context(browser, emulator.endpoint, ACCOUNT, viewport=SIZE)
        studio = Studio(emulator, context.new_page(), folder)
        studio.console.post("/bucket", {})
        _of_a_classifier(studio)
        _of_a_detector(studio)


def _of_a_classifier(studio: Studio) -> None:
    studio.take("examples", "examples")
    rooms = studio.make_example("rooms")
    studio.train(rooms, "first")
    base = f"projects/{rooms['project_name']}"
    studio.take("project", base)
    studio.take("gallery", f"{base}/dataset?type=TRAIN")
    studio.take("evaluate", f"{base}/models/first")
    studio.take("test-results", f"{base}/models/first/performance")


def _of_a_detector(studio: Studio) -> None:
    boards = studio.make_example("circuit-boards")
    arn = studio.train(boards, "first")
    base = f"projects/{boards['project_name']}/models/first"
    studio.rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
    studio.wait_for(boards, "first", "RUNNING")
    page = studio.page
    page.goto(f"/console/{base}?tab=use")
    sample = studio.console.send("GET", studio.console.presigned("/examples/sample", {"id": "circuit-boards"}))
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose file").click()
    chooser.value.set_files({"name": "board.jpeg", "mimeType": "image/jpeg", "buffer": sample.body})
    page.get_by_role("img", name=re.compile("board")).scroll_into_view_if_needed()
    page.get_by_role("table", name="Labels").wait_for()
    page.get_by_role("heading", name="Try an image").scroll_into_view_if_needed()
    page.mouse.wheel(0, 500)
    studio.take("try-an-image", "")


def main() -> int:
    """Take them into the folder that the command line names."""
    missing = missing_parts()
    if missing is not None:
        print(missing, file=sys.stderr)
        return 1
    take_pictures(Path(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
