"""Bodies of HTML forms that upload a file (multipart/form-data), taken apart while they come."""

from __future__ import annotations

import re
from collections.abc import Callable

from emulator.s3.errors import S3Error

_MOST_FIELDS_BYTES = 20_480  # all that comes before the file, as S3 limits it
_ONE_FILE = "POST requires exactly one file upload per request."
_BOUNDARY = re.compile(r"multipart/form-data\s*;.*?boundary=\"?([^\";]{1,70})\"?", re.IGNORECASE)
_PARAMETER = re.compile(r'[;\s](name|filename)="((?:[^"\\]|\\.)*)"')


def boundary_of(content_type: str) -> str | None:
    """The boundary of a form's content type; None for another type."""
    match = _BOUNDARY.match(content_type)
    return match[1] if match else None


class FormDecoder:
    """Takes the body as it comes, gives back the bytes of the field `file`, and keeps the fields before it.

    What follows the file is ignored, as in S3. `fields` has names in lower case.
    """

    def __init__(self, boundary: str) -> None:
        self.fields: dict[str, str] = {}
        self.filename = ""
        self.finished = False
        self._delimiter = b"\r\n--" + boundary.encode("latin-1")
        self._buffer = bytearray(b"\r\n")  # so that the first delimiter looks like the others
        self._read = 0
        self._name = ""
        self._expects: Callable[[], bool] = self._delimiter_line

    def feed(self, data: bytes) -> list[bytes]:
        """The next bytes of the file. Raises MalformedPOSTRequest, InvalidArgument for a form without a file, or
        MaxPostPreDataLengthExceededError.
        """
        self._payload: list[bytes] = []
        if not self.finished:
            self._buffer += data
            while not self.finished and self._expects():
                pass
            if self._expects != self._file and self._read + len(self._buffer) > _MOST_FIELDS_BYTES + len(data):
                raise S3Error("MaxPostPreDataLengthExceededError")
        return self._payload

    def _delimiter_line(self) -> bool:
        length = len(self._delimiter)
        if len(self._buffer) < length + 2:
            return False
        if not self._buffer.startswith(self._delimiter):
            raise S3Error("MalformedPOSTRequest")
        if self._buffer[length : length + 2] == b"--":  # the form's end, and no file so far
            raise S3Error("InvalidArgument", _ONE_FILE, ArgumentName="file", ArgumentValue="0")
        if self._buffer[length : length + 2] != b"\r\n":
            raise S3Error("MalformedPOSTRequest")
        self._take(length)  # the line's end stays and begins the part's headers
        self._expects = self._headers
        return True

    def _headers(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        lines = self._take(end + 4).decode("utf-8", "replace").split("\r\n")
        disposition = next((line for line in lines if line.lower().startswith("content-disposition:")), "")
        parameters = dict(_PARAMETER.findall(disposition))
        self._name = parameters.get("name", "").lower()
        if self._name == "file":
            self.filename = parameters.get("filename", "").replace("\\", "/").rpartition("/")[2]
        self._expects = self._file if self._name == "file" else self._field
        return True

    def _field(self) -> bool:
        end = self._buffer.find(self._delimiter)
        if end < 0:
            return False
        self.fields[self._name] = self._take(end).decode("utf-8", "replace")
        self._expects = self._delimiter_line
        return True

    def _file(self) -> bool:
        end = self._buffer.find(self._delimiter)
        sure = end if end >= 0 else max(0, len(self._buffer) - len(self._delimiter) + 1)
        if sure:
            self._payload.append(self._take(sure))
        self.finished = end >= 0
        return False

    def _take(self, length: int) -> bytes:
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        self._read += length
        return taken
