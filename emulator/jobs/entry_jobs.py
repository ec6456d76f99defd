"""Jobs of the console on a dataset's entries: renaming and removing labels everywhere, removing images."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection

from emulator.domain.job_payloads import Relabelling, Removal
from emulator.domain.jobs import Done, Outcome
from emulator.domain.manifest.dataset import DatasetEntry, examine_for_dataset
from emulator.domain.manifest.limits import MAXIMUM_LINE_CHARACTERS
from emulator.domain.manifest.relabeling import relabeled_line
from emulator.jobs.dataset_jobs import DatasetHandler, content_of
from emulator.jobs.ingest import client_error, record_of
from emulator.jobs.threads import in_thread
from emulator.storage.content_changes import drop_unused_labels, remove_entries, set_content_bucket, upsert_entries
from emulator.storage.contents import content_stats, positions_of, read_records
from emulator.storage.entry_blocks import matching_positions
from emulator.storage.rows import EntryFilter, EntryRecord, Job

_ENTRIES_AT_ONCE = 1000


class RelabelDataset(DatasetHandler):
    """Renames labels and takes labels out of all images; doing it twice is doing it once."""

    async def work(self, job: Job) -> Outcome:
        """In pieces of 1,000 entries, each a transaction of its own."""
        await self.has_been_read(job)
        return await in_thread(self._relabel, job)

    def _relabel(self, job: Job) -> Outcome:
        wish = job.payload_as(Relabelling)
        rename, remove = wish.rename, wish.remove
        wanted = EntryFilter(contains_labels=(*rename, *remove))

        def find(connection: Connection) -> tuple[int, list[int]]:
            content_id = content_of(connection, job.resource_arn)
            return content_id, list(matching_positions(connection, content_id, wanted, after=None))

        content_id, positions = self.database.read_now(find)
        pieces = [positions[at : at + _ENTRIES_AT_ONCE] for at in range(0, len(positions), _ENTRIES_AT_ONCE)]
        read = [partial(read_records, content_id=content_id, positions=piece) for piece in pieces]
        # All lines before the first is changed: one that would be too long (E-8) refuses the whole.
        for records in map(self.database.read_now, read):
            for record in records:
                if len(relabeled_line(record.line, rename, remove)) > MAXIMUM_LINE_CHARACTERS:
                    return client_error(f"The line of {record.source_ref} would become too long.")
        for records in map(self.database.read_now, read):
            changed = [_relabeled(record, rename, remove) for record in records]
            self.database.write_now(partial(upsert_entries, content_id=content_id, records=changed))
        return Done()


def _relabeled(record: EntryRecord, rename: dict[str, str], remove: list[str]) -> EntryRecord:
    entry = examine_for_dataset(relabeled_line(record.line, rename, remove).encode())
    assert isinstance(entry, DatasetEntry), "a line keeps its source-ref, and its length was looked at"
    return record_of(entry)


class RemoveEntries(DatasetHandler):
    """Takes images out of a dataset; those that are not there are skipped."""

    async def work(self, job: Job) -> Outcome:
        """In pieces; the images themselves stay in S3."""
        await self.has_been_read(job)
        return await in_thread(self._remove, job)

    def _remove(self, job: Job) -> Outcome:
        source_refs = job.payload_as(Removal).source_refs
        content_id = self.database.read_now(partial(content_of, arn=job.resource_arn))

        def remove(connection: Connection, batch: list[str]) -> None:
            found = positions_of(connection, content_id, batch)
            if found:
                remove_entries(connection, content_id, sorted(found.values()))
                drop_unused_labels(connection, content_id)
            if not content_stats(connection, content_id).total_entries:
                set_content_bucket(connection, content_id, None)  # the next images may be anywhere (D-20)

        for start in range(0, len(source_refs), _ENTRIES_AT_ONCE):
            self.database.write_now(partial(remove, batch=source_refs[start : start + _ENTRIES_AT_ONCE]))
        return Done()
