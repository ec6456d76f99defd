"""The quota table, what breaking each quota is called, and request rates (api-facts §6)."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import botocore
import pytest

from emulator.domain.metering.quotas import (
    BUCKETS_KEPT,
    QUOTAS,
    REQUESTS_PER_SECOND,
    Quota,
    QuotaExceededError,
    RequestQuota,
    RequestRateError,
    check_count,
)

NOW = 1_700_000_000.0
OPERATIONS_OF_QUOTA = {
    Quota.PROJECTS: ["CreateProject"],
    Quota.MODELS_PER_PROJECT: ["CreateProjectVersion", "CopyProjectVersion"],
    Quota.CONCURRENT_TRAININGS: ["CreateProjectVersion"],
    Quota.RUNNING_MODELS: ["StartProjectVersion"],
    Quota.INFERENCE_UNITS: ["StartProjectVersion"],
    Quota.POLICIES_PER_PROJECT: ["PutProjectPolicy"],
    Quota.CONCURRENT_COPIES: ["CopyProjectVersion"],
    Quota.TAGS_PER_RESOURCE: ["TagResource"],
}


@pytest.fixture(scope="module")
def operations() -> dict[str, Any]:
    model = Path(botocore.__file__).parent / "data" / "rekognition" / "2016-06-27" / "service-2.json.gz"
    with gzip.open(model) as stream:
        loaded: dict[str, Any] = json.load(stream)["operations"]
    return loaded


@pytest.mark.parametrize("quota", list(Quota))
def test_every_quota_answers_an_error_that_its_operations_declare(quota: Quota, operations: dict[str, Any]) -> None:
    for operation in OPERATIONS_OF_QUOTA[quota]:
        assert QUOTAS[quota].code in {error["shape"] for error in operations[operation]["errors"]}


def test_the_hundredth_project_is_made_and_the_next_refused() -> None:
    check_count("aws", Quota.PROJECTS, 99, "us-east-1")
    with pytest.raises(QuotaExceededError) as refused:
        check_count("aws", Quota.PROJECTS, 100, "us-east-1")
    assert refused.value.code == "LimitExceededException"
    assert "100" in refused.value.message and "projects" in refused.value.message


def test_off_lets_everything_pass() -> None:
    for quota in Quota:
        check_count("off", quota, 10**9, "us-east-1")
    requests = RequestQuota("off")
    for _ in range(1000):
        requests.check("111122223333", "us-east-1", "DescribeProjects", NOW)


def test_a_region_may_have_its_own_limit() -> None:
    check_count("aws", Quota.CONCURRENT_TRAININGS, 1, "us-east-1")
    with pytest.raises(QuotaExceededError, match="is 1"):
        check_count("aws", Quota.CONCURRENT_TRAININGS, 1, "ap-southeast-2")


def test_units_of_one_start_are_counted_together() -> None:
    check_count("aws", Quota.INFERENCE_UNITS, 0, "us-east-1", adding=5)
    with pytest.raises(QuotaExceededError):
        check_count("aws", Quota.INFERENCE_UNITS, 0, "us-east-1", adding=6)


def allowed_at_once(requests: RequestQuota, operation: str, account: str = "111122223333") -> int:
    for count in range(1000):
        try:
            requests.check(account, "us-east-1", operation, NOW)
        except RequestRateError:
            return count
    return 1000


@pytest.mark.parametrize(
    ("operation", "rate"),
    [("DetectCustomLabels", 50), ("TagResource", 10), ("DescribeProjects", 5), ("CopyProjectVersion", 5)],
)
def test_rates_by_operation(operation: str, rate: int) -> None:
    assert allowed_at_once(RequestQuota("aws"), operation) == rate


def test_rates_are_apart_by_account_and_operation_and_come_back_with_time() -> None:
    requests = RequestQuota("aws")
    assert allowed_at_once(requests, "DescribeProjects") == 5
    assert allowed_at_once(requests, "CreateProject") == 5
    assert allowed_at_once(requests, "DescribeProjects", "444455556666") == 5
    requests.check("111122223333", "us-east-1", "DescribeProjects", NOW + 0.2)
    with pytest.raises(RequestRateError):
        requests.check("111122223333", "us-east-1", "DescribeProjects", NOW + 0.2)


def test_the_code_of_too_many_requests_depends_on_the_operation() -> None:
    assert RequestRateError("DetectCustomLabels").code == "ProvisionedThroughputExceededException"
    assert RequestRateError("CreateProject").code == "ThrottlingException"


def test_reset_forgets_what_was_counted() -> None:
    requests = RequestQuota("aws")
    allowed_at_once(requests, "CreateProject")
    requests.reset()
    requests.check("111122223333", "us-east-1", "CreateProject", NOW)


def test_many_accounts_do_not_fill_the_memory() -> None:
    requests = RequestQuota("aws")
    for number in range(3 * BUCKETS_KEPT):
        requests.check(f"{number:012}", "us-east-1", "DescribeProjects", NOW + number)
    assert len(requests._buckets) <= BUCKETS_KEPT


def test_every_rate_belongs_to_a_real_operation(operations: dict[str, Any]) -> None:
    assert set(REQUESTS_PER_SECOND) <= set(operations)


@pytest.mark.parametrize("fifths", range(1, 6))
def test_fifths_of_a_second_bring_their_requests(fifths: int) -> None:
    quota = RequestQuota("aws")

    def passed(now: float) -> int:
        count = 0
        with suppress(RequestRateError):
            for count in range(7):  # noqa: B007
                quota.check("1" * 12, "us-east-1", "DescribeProjects", now)
        return count

    assert passed(NOW) == 5 and passed(NOW + fifths / 5) == fifths


def test_a_clock_set_back_gives_no_tokens_and_is_followed_from_there() -> None:
    quota = RequestQuota("aws")
    for _ in range(5):
        quota.check("1" * 12, "us-east-1", "DescribeProjects", NOW)
    with pytest.raises(RequestRateError):
        quota.check("1" * 12, "us-east-1", "DescribeProjects", NOW - 3600)
    quota.check("1" * 12, "us-east-1", "DescribeProjects", NOW - 3599)
