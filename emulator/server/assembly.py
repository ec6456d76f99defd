"""Building parts from the settings: object stores, the console's buckets, rules of states and units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from emulator.domain.caller import Caller
from emulator.domain.json_values import JsonObject
from emulator.domain.metering.units import UnitSettings
from emulator.domain.object_store import ObjectStore
from emulator.jobs.transitions import TransitionPolicies
from emulator.s3.embedded import EmbeddedS3
from emulator.s3.events.transports import AwsEndpoint, Transport, Webhook
from emulator.server.directories import Directories
from emulator.settings import Settings
from emulator.wire.precedence import Precedence

if TYPE_CHECKING:
    from emulator.domain.iam.keys import KeySource
    from emulator.s3.external import ExternalS3Store


def object_store_description(settings: Settings, directories: Directories) -> JsonObject:
    """The object store as `jobs.objects.open_object_store` takes it; travels to worker processes as JSON."""
    if not settings.s3_endpoint_url:
        directory = str(directories.objects.resolve())
        return {"kind": "embedded", "directory": directory, "strict_owners": settings.s3_owners == "strict"}
    return {
        "kind": "external",
        "endpoint_url": settings.s3_endpoint_url,
        "region": settings.s3_region or None,
        "addressing_style": settings.s3_addressing_style,
        "credentials_file": settings.s3_credentials or None,
        "checksums": settings.s3_checksums,
    }


def cluster_description(settings: Settings, directories: Directories) -> JsonObject | None:
    """The Dask cluster as `jobs.cluster.settings.ClusterSettings` reads it; None where none helps."""
    if not settings.dask_scheduler:
        return None
    objects = object_store_description(settings, directories)
    if objects["kind"] == "embedded":
        external = replace(settings, s3_endpoint_url=settings.dask_s3_endpoint_url, s3_region="", s3_credentials="")
        objects = object_store_description(external, directories) | {"keys_are_accounts": settings.auth == "off"}
    elif settings.dask_s3_endpoint_url:
        objects |= {"endpoint_url": settings.dask_s3_endpoint_url}
    return {
        "scheduler": settings.dask_scheduler,
        "spread": settings.dask_spread,
        "tls_ca": settings.dask_tls_ca,
        "tls_cert": settings.dask_tls_cert,
        "tls_key": settings.dask_tls_key,
        "objects": objects,
    }


def _new_bucket_name(region: str) -> str:
    from emulator.s3.console_bucket import new_name  # not before a page asks for it: a start would wait for the import

    return new_name(region)


@dataclass(frozen=True, slots=True)
class EmbeddedBuckets:
    """`ConsoleBuckets` on the embedded S3."""

    s3: EmbeddedS3

    def find(self, caller: Caller) -> str | None:
        return self.s3.find_console_bucket(caller.account, caller.region)

    def propose(self, caller: Caller) -> str:
        return _new_bucket_name(caller.region)

    def make(self, caller: Caller, name: str | None) -> str:
        return self.s3.console_bucket(caller.account, caller.region, name)


@dataclass(frozen=True, slots=True)
class ExternalBuckets:
    """`ConsoleBuckets` on an outside S3. `origin` is that of the page."""

    store: ExternalS3Store
    origin: str

    def find(self, caller: Caller) -> str | None:
        return self.store.find_console_bucket(caller)

    def propose(self, caller: Caller) -> str:
        return _new_bucket_name(caller.region)

    def make(self, caller: Caller, name: str | None) -> str:
        return self.store.console_bucket(caller, self.origin, name)


def embedded_s3(
    settings: Settings, directories: Directories, key_source: KeySource | None, precedence: Precedence
) -> EmbeddedS3:
    """The S3 on the emulator's own port."""
    return EmbeddedS3(
        directories.objects,
        virtual_host_domain=settings.virtual_host_domain,
        console_origin=_console_origin(settings),
        strict_owners=settings.s3_owners == "strict",
        key_source=key_source,
        transports=_event_transports(settings),
        precedence=precedence,
    )


def _console_origin(settings: Settings) -> str:
    return f"http://{settings.host}:{settings.port}"


def console_buckets(s3: EmbeddedS3, objects: ObjectStore, settings: Settings) -> EmbeddedBuckets | ExternalBuckets:
    """Where the console's buckets are made: in the S3 that the settings name."""
    if not settings.s3_endpoint_url:
        return EmbeddedBuckets(s3)
    return ExternalBuckets(cast("ExternalS3Store", objects), _console_origin(settings))


def _event_transports(settings: Settings) -> list[Transport]:
    """The ways by which events of objects leave."""
    transports: list[Transport] = []
    if settings.events_webhook_url:
        transports.append(Webhook(settings.events_webhook_url))
    if settings.events_endpoint_url:
        transports.append(AwsEndpoint(settings.events_endpoint_url))
    return transports


def transition_policies(settings: Settings) -> TransitionPolicies:
    """How long states last at least (O-17)."""
    return TransitionPolicies(
        {
            "starting": settings.starting_seconds,
            "stopping": settings.stopping_seconds,
            "deleting": settings.deleting_seconds,
        }
    )


def unit_settings(settings: Settings) -> UnitSettings:
    """The rules of inference units (O-21, O-22)."""
    return UnitSettings(
        tps_per_unit=settings.tps_per_unit,
        scale_up_share=settings.scale_up_percent / 100,
        scale_up_seconds=settings.scale_up_seconds,
        in_service_delay_seconds=settings.in_service_seconds,
        scale_down_share=settings.scale_down_percent / 100,
        scale_down_seconds=settings.scale_down_seconds,
    )
