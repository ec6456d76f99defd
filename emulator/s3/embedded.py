"""The embedded S3: a directory, in process by its store and over HTTP as an ASGI application."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.s3.events.delivery import Delivery
from emulator.s3.events.transports import Transport
from emulator.s3.object_store import EmbeddedObjectStore
from emulator.s3.vault import Vault
from emulator.wire.asgi import App, Receive, Scope, Send
from emulator.wire.deferred import Deferred
from emulator.wire.precedence import Precedence

if TYPE_CHECKING:
    from emulator.domain.iam.keys import KeySource

_THREADS = 8


class EmbeddedS3:
    """S3 on a directory. What is not needed to open it is imported with its first use, so that a start is quick.

    The surrounding application sets `scope["aws.account"]` and `scope["aws.region"]`, for a signature that it cannot
    read also why (`scope["aws.unreadable_signature"]`), then calls this as an ASGI application. `virtual_host_domain`
    is the host under which `bucket.domain` addresses a bucket; `console_origin` is the origin whose pages may use the
    console's buckets. Events of objects go out by `transports`. `strict_owners` and `key_source` as for a vault. Its
    calls are the long ones of `precedence`.
    """

    def __init__(
        self,
        directory: Path,
        *,
        virtual_host_domain: str = "localhost",
        console_origin: str = "http://127.0.0.1",
        transports: Sequence[Transport] = (),
        strict_owners: bool = False,
        key_source: KeySource | None = None,
        precedence: Precedence | None = None,
    ) -> None:
        self.directory = directory
        self._vault = Vault(directory, strict_owners=strict_owners, key_source=key_source)
        self._delivery = Delivery(self._vault, list(transports))
        self._virtual_host_domain = virtual_host_domain
        self._console_origin = console_origin
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="s3")
        self._precedence = precedence or Precedence()
        self.http = Deferred(self._build_application)

    def start(self) -> int:
        """Make the directory ready and remove what unfinished requests of a killed process left; how many files.

        Raises `NewerObjectIndexError` for a directory of a newer release, which is left untouched (O-3).
        """
        removed = self._vault.start()
        self._delivery.start()
        return removed

    def require_index(self) -> None:
        """Raises MissingIndexError where there are files of objects and no index that could name them."""
        self._vault.require_index()

    def store(self) -> EmbeddedObjectStore:
        """The same objects in process, without HTTP."""
        return EmbeddedObjectStore(self._vault)

    def find_console_bucket(self, account: str, region: str) -> str | None:
        """The name of the account's console bucket in a region, None until it is made (S-4)."""
        from emulator.s3.console_bucket import find_console_bucket

        return find_console_bucket(self._vault, account, region)

    def console_bucket(self, account: str, region: str, name: str | None = None) -> str:
        """The name of the account's console bucket in a region, which is created when it is not there (S-4).

        Raises ValueError for a wanted name that is taken or not of the form of such names.
        """
        from emulator.s3.console_bucket import ensure_console_bucket

        return ensure_console_bucket(self._vault, account, region, self._console_origin, name)

    def save_to(self, directory: Path, *, skip_damaged: bool = False) -> list[str]:
        """All objects as they are at this moment, into an empty folder (O-15).

        Raises DamagedObjectsError where a file is missing; with `skip_damaged` such objects are left out, and named.
        """
        from emulator.s3.archive import save_objects

        return save_objects(self._vault, directory, skip_damaged=skip_damaged)

    def load_from(self, directory: Path) -> None:
        """Replace all objects by those of a folder that `check_objects` has passed (O-15)."""
        from emulator.s3.archive import load_objects

        load_objects(self._vault, directory)

    def load_account_from(self, directory: Path, account: str, commit: Callable[[], None] = lambda: None) -> None:
        """Replace the objects of one account by those of a folder that has nothing else (O-39).

        `commit` is called within the transaction, last. Raises BucketsTakenError with nothing changed.
        """
        from emulator.s3.archive import load_account

        load_account(self._vault, directory, account, commit)

    def reset(self, account: str | None = None) -> None:
        """Remove every bucket and object, or those of one account (O-8, O-39)."""
        self._vault.open()
        if account is None:
            self._vault.reset()
        else:
            self._vault.reset_account(account)

    def close(self) -> None:
        """End the worker threads and close the index."""
        self._executor.shutdown(wait=True)
        self._delivery.close()
        self._vault.close()

    def _build_application(self) -> App:
        from emulator.s3.application import S3Application

        return S3Application(self._vault, self._executor, self._virtual_host_domain, self._precedence)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        await self.http(scope, receive, send)
