"""Previews: upright, small, JPEG whatever the object is, kept by etag; hostile objects are never given as they are."""

from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from emulator.console.preview_cache import PreviewCache
from support.console import ConsoleClient
from support.pictures import draw_picture
from support.projects import unique_name

SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
HTML = b"<!doctype html><script>alert(document.domain)</script>"


def encoded(size: tuple[int, int], kind: str = "JPEG", orientation: int = 1) -> bytes:
    """A picture, red on its left half and blue on its right, as stored; EXIF says how to turn it."""
    image = Image.new("RGB", size, (0, 0, 220))
    image.paste((220, 0, 0), (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    image.save(file, kind, exif=exif.tobytes())
    return file.getvalue()


@pytest.fixture
def bucket(s3: Any) -> str:
    name = unique_name("previews")
    s3.create_bucket(Bucket=name)
    return name


def shown(console: ConsoleClient, bucket: str, key: str, **query: object) -> Any:
    """What an `<img>` gets."""
    url = console.presigned("/preview", {"bucket": bucket, "key": key, **query})
    return console.send("GET", url, headers={"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "image"})


def opened(body: bytes) -> Image.Image:
    with Image.open(io.BytesIO(body)) as image:
        assert image.format == "JPEG"
        image.load()
        return image.copy()


@pytest.mark.parametrize(("wanted", "width"), [(1, 128), (128, 128), (200, 256), (700, 768), (4096, 1600)])
def test_a_preview_is_as_wide_as_the_next_step(
    console: ConsoleClient, s3: Any, bucket: str, wanted: int, width: int
) -> None:
    s3.put_object(Bucket=bucket, Key="wide.jpg", Body=encoded((1600, 400)))
    answer = shown(console, bucket, "wide.jpg", w=wanted)
    assert answer.status == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert opened(answer.body).size == (width, width // 4)
    assert (answer.headers["x-image-width"], answer.headers["x-image-height"]) == ("1600", "400")


def test_a_preview_is_upright(console: ConsoleClient, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="turned.jpg", Body=encoded((400, 200), orientation=6))
    answer = shown(console, bucket, "turned.jpg", w=128)
    image = opened(answer.body)
    assert image.size == (64, 128)
    assert (answer.headers["x-image-width"], answer.headers["x-image-height"]) == ("200", "400")
    top, bottom = image.getpixel((32, 10)), image.getpixel((32, 118))
    assert isinstance(top, tuple) and isinstance(bottom, tuple)
    assert top[0] > 150 > top[2] and bottom[2] > 150 > bottom[0]


def test_a_png_becomes_a_jpeg_without_its_metadata(console: ConsoleClient, s3: Any, bucket: str) -> None:
    s3.put_object(
        Bucket=bucket, Key="a.png", Body=draw_picture(("circle",), 3, (300, 200)).body, ContentType="text/html"
    )
    answer = shown(console, bucket, "a.png", w=256)
    assert answer.headers["content-type"] == "image/jpeg"
    assert opened(answer.body).size == (256, 171)
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("body", [SVG, HTML, b"", b"GIF89a" + bytes(50), encoded((64, 64))[:20]])
def test_what_is_no_photograph_is_never_given(console: ConsoleClient, s3: Any, bucket: str, body: bytes) -> None:
    s3.put_object(Bucket=bucket, Key="x.jpg", Body=body, ContentType="image/svg+xml")
    answer = shown(console, bucket, "x.jpg")
    assert (answer.status, answer.code) == (415, "InvalidImageFormatException")
    assert answer.headers["content-type"] == "application/json"
    assert b"script" not in answer.body


def test_a_picture_of_gigapixels_is_not_decoded(console: ConsoleClient, s3: Any, bucket: str) -> None:
    header = encoded((64, 64), "PNG")
    bomb = header[:16] + (60_000).to_bytes(4, "big") * 2 + header[24:]
    s3.put_object(Bucket=bucket, Key="bomb.png", Body=bomb)
    answer = shown(console, bucket, "bomb.png")
    assert (answer.status, answer.code) == (413, "ImageTooLargeException")


def test_a_browser_that_has_the_preview_gets_no_bytes(console: ConsoleClient, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a.jpg", Body=encoded((300, 200)))
    url = console.presigned("/preview", {"bucket": bucket, "key": "a.jpg"})
    first = console.send("GET", url)
    again = console.send("GET", url, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert "max-age" in first.headers["cache-control"]
    s3.put_object(Bucket=bucket, Key="a.jpg", Body=encoded((300, 220)))
    changed = console.send("GET", url, headers={"If-None-Match": first.headers["etag"]})
    assert (changed.status, opened(changed.body).size) == (200, (256, 188))


def test_a_version_of_an_object_can_be_shown(console: ConsoleClient, s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket=bucket, Key="a.jpg", Body=encoded((300, 100)))["VersionId"]
    s3.put_object(Bucket=bucket, Key="a.jpg", Body=encoded((100, 300)))
    assert opened(shown(console, bucket, "a.jpg", version=old).body).size == (256, 85)
    assert opened(shown(console, bucket, "a.jpg").body).size == (85, 256)


def test_what_is_not_there_or_not_the_callers(console: ConsoleClient, s3: Any, bucket: str) -> None:
    assert shown(console, bucket, "none.jpg").code == "NoSuchKey"
    assert shown(console, "no-such-bucket", "none.jpg").status == 404
    s3.put_object(Bucket=bucket, Key="secret.jpg", Body=encoded((300, 200)))
    assert shown(console, bucket, "secret.jpg").status == 200
    s3.put_bucket_policy(
        Bucket=bucket,
        Policy='{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObject",'
        f'"Resource":"arn:aws:s3:::{bucket}/*"}}]}}',
    )
    refused = shown(console, bucket, "secret.jpg")
    assert (refused.status, refused.code) == (403, "AccessDenied"), "though it was kept"


def test_an_address_of_the_past_is_refused(console: ConsoleClient, bucket: str) -> None:
    url = console.presigned("/preview", {"bucket": bucket, "key": "a.jpg"}, seconds=0)
    url = url.replace("X-Amz-Date=2", "X-Amz-Date=1")
    answer = console.send("GET", url)
    assert (answer.status, answer.code) == (403, "RequestExpired")


def test_facts_about_many_images(console: ConsoleClient, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="turned.jpg", Body=encoded((400, 200), orientation=6))
    s3.put_object(Bucket=bucket, Key="x.svg", Body=SVG)
    wish = [{"bucket": bucket, "key": key} for key in ("turned.jpg", "x.svg", "none.jpg")]
    turned, svg, none = console.post("/images/facts", {"images": wish})["images"]
    assert (turned["width"], turned["height"], turned["format"], turned["error"]) == (200, 400, "JPEG", None)
    assert turned["bytes"] == len(encoded((400, 200), orientation=6))
    assert svg["error"]["code"] == "InvalidImageFormatException"
    assert none["error"]["code"] == "NoSuchKey"


def test_a_header_behind_much_metadata_is_found(console: ConsoleClient, s3: Any, bucket: str) -> None:
    body = encoded((300, 200))
    comment = b"\xff\xfe" + (65_000).to_bytes(2, "big") + bytes(64_998)
    s3.put_object(Bucket=bucket, Key="long.jpg", Body=body[:2] + comment * 6 + body[2:])
    [facts] = console.post("/images/facts", {"images": [{"bucket": bucket, "key": "long.jpg"}]})["images"]
    assert (facts["width"], facts["height"]) == (300, 200)


def test_the_cache_has_a_bound_and_forgets_the_oldest(tmp_path: Path) -> None:
    cache = PreviewCache(tmp_path, most_bytes=2500)
    for name in ("a", "b"):
        cache.put(name, bytes(1000))
    assert cache.get("a") is not None, "asked for, so b is the oldest"
    cache.put("c", bytes(1000))
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (bytes(1000), None, bytes(1000))
    later = PreviewCache(tmp_path, most_bytes=2500)
    assert later.get("c") == bytes(1000)
    later.put("d", bytes(2000))
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) <= 2500


def test_the_cache_serves_many_threads(tmp_path: Path) -> None:
    cache = PreviewCache(tmp_path, most_bytes=20_000)
    failures = []

    def work(number: int) -> None:
        for turn in range(40):
            name = str((number * 7 + turn) % 50)
            cache.put(name, name.encode() * 500)
            found = cache.get(name)
            if found not in (None, name.encode() * 500):
                failures.append(name)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
