"""The aws-chunked content coding, in which SDKs send streams whose checksum follows in a trailer.

Each chunk is `hex-size[;chunk-signature=…]CRLF data CRLF`; a chunk of size zero is followed by trailer lines and an
empty line. Signatures of chunks are verified where those of requests are (O-33); the last line of a signed trailer is
`x-amz-trailer-signature`.
"""

from __future__ import annotations

from emulator.s3.errors import S3Error
from emulator.s3.http.request import ChunkSignatures

_LONGEST_LINE = 8_192
_MOST_TRAILERS = 32
_TRAILER_SIGNATURE = "x-amz-trailer-signature"


class ChunkedDecoder:
    """Takes the coded bytes as they come, gives back the payload, and the trailer at the end.

    `signatures` are what the chunks' are compared with, None where they are not signed or not verified.
    """

    def __init__(self, signatures: ChunkSignatures | None = None) -> None:
        self.trailers: dict[str, str] = {}
        self._signatures = signatures
        self._signature = ""
        self._signed_trailer = bytearray()
        self.finished = False
        self._line = bytearray()
        self._left = 0  # bytes of the current chunk that are still to come
        self._expects = self._read_size

    def feed(self, data: bytes) -> list[bytes]:
        """The payload in the next piece of the body.

        Raises IncompleteBody, MalformedTrailerError or SignatureDoesNotMatch.
        """
        payload: list[bytes] = []
        position = 0
        while position < len(data) and not self.finished:
            if self._left:
                piece = data[position : position + self._left]
                payload.append(piece)
                if self._signatures is not None:
                    self._signatures.add(piece)
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
        size, _, extension = line.partition(b";")
        try:
            self._left = int(size, 16)
        except ValueError as error:
            raise S3Error("IncompleteBody", "The request body is not encoded as aws-chunked.") from error
        if self._left < 0:
            raise S3Error("IncompleteBody", "The request body is not encoded as aws-chunked.")
        self._signature = extension.partition(b"chunk-signature=")[2].decode("latin-1").strip()
        if not self._left:
            self._check_chunk()
        self._expects = self._read_end_of_chunk if self._left else self._read_trailer

    def _read_end_of_chunk(self, line: bytes) -> None:
        if line:
            raise S3Error("IncompleteBody", "A chunk of the request body is longer than its announced size.")
        self._check_chunk()
        self._expects = self._read_size

    def _check_chunk(self) -> None:
        if self._signatures is not None and not self._signatures.is_right(self._signature):
            raise S3Error("SignatureDoesNotMatch", SignatureProvided=self._signature)

    def _check_trailer(self) -> None:
        if self._signatures is None or not (self._signed_trailer or _TRAILER_SIGNATURE in self.trailers):
            return
        signature = self.trailers.pop(_TRAILER_SIGNATURE, "")
        if not self._signatures.is_right_of_trailer(bytes(self._signed_trailer), signature):
            raise S3Error("SignatureDoesNotMatch", SignatureProvided=signature)

    def _read_trailer(self, line: bytes) -> None:
        if not line:
            self._check_trailer()
            self.finished = True
            return
        name, colon, value = line.partition(b":")
        if not colon or len(self.trailers) == _MOST_TRAILERS:
            raise S3Error("MalformedTrailerError")
        found = name.strip().decode("latin-1").lower()
        self.trailers[found] = value.strip().decode("latin-1")
        if found != _TRAILER_SIGNATURE:
            self._signed_trailer += name.strip().lower() + b":" + value.strip() + b"\n"
