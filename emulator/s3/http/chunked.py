"""The aws-chunked content coding, in which SDKs send streams whose checksum follows in a trailer.

Each chunk is `hex-size[;chunk-signature=…]CRLF data CRLF`; a chunk of size zero is followed by trailer lines and an
empty line. Signatures of chunks are not verified, as those of requests are not (O-20).
"""

from __future__ import annotations

from emulator.s3.errors import S3Error

_LONGEST_LINE = 8_192
_MOST_TRAILERS = 32


class ChunkedDecoder:
    """Takes the coded bytes as they come, gives back the payload, and the trailer at the end."""

    def __init__(self) -> None:
        self.trailers: dict[str, str] = {}
        self.finished = False
        self._line = bytearray()
        self._left = 0  # bytes of the current chunk that are still to come
        self._expects = self._read_size

    def feed(self, data: bytes) -> list[bytes]:
        """The payload in the next piece of the body. Raises IncompleteBody or MalformedTrailerError."""
        payload: list[bytes] = []
        position = 0
        while position < len(data) and not self.finished:
            if self._left:
                piece = data[position : position + self._left]
                payload.append(piece)
                position += len(piece)
                self._left -= len(piece)
                continue
            end = data.find(b"\n", position)
            self._line += data[position : end + 1 if end >= 0 else len(data)]
            if len(self._line) > _LONGEST_LINE:
                raise S3Error("IncompleteBody", "The request body is not encoded as aws-chunked.")
            if end < 0:
                break
            position = end + 1
            line = bytes(self._line).strip()
            self._line.clear()
            self._expects(line)
        return payload

    def _read_size(self, line: bytes) -> None:
        size, _, _extension = line.partition(b";")
        try:
            self._left = int(size, 16)
        except ValueError as error:
            raise S3Error("IncompleteBody", "The request body is not encoded as aws-chunked.") from error
        if self._left < 0:
            raise S3Error("IncompleteBody", "The request body is not encoded as aws-chunked.")
        self._expects = self._read_end_of_chunk if self._left else self._read_trailer

    def _read_end_of_chunk(self, line: bytes) -> None:
        if line:
            raise S3Error("IncompleteBody", "A chunk of the request body is longer than its announced size.")
        self._expects = self._read_size

    def _read_trailer(self, line: bytes) -> None:
        if not line:
            self.finished = True
            return
        name, colon, value = line.partition(b":")
        if not colon or len(self.trailers) == _MOST_TRAILERS:
            raise S3Error("MalformedTrailerError")
        self.trailers[name.strip().decode("latin-1").lower()] = value.strip().decode("latin-1")
