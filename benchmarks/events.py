"""What events of objects cost a put: `python -m benchmarks.events`.

Puts of 100 KB from one thread into a bucket without notifications, with a webhook that takes every event, and with one
that is away, in turn. Prints processor and wall time of a put in milliseconds (medians of the rounds), and the median
of the rounds' ratios to a bucket without notifications.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from emulator.domain.caller import Caller
from emulator.domain.object_store import ObjectLocation
from emulator.s3.embedded import EmbeddedS3
from emulator.s3.events.transports import Webhook
from support.s3_server import running_s3, s3_client
from support.webhook import running_webhook

ROUNDS, PUTS = 7, 300
ACCOUNT, BUCKET, NOWHERE = "111122223333", "benchmark", "http://127.0.0.1:9/"
BODY = b"x" * 100_000
Cost = tuple[float, float]


def cost_of_a_put(address: str | None) -> Cost:
    """Processor and wall time of one put in milliseconds; events go to the address, if there is one."""
    transports = [Webhook(address)] if address else []
    with tempfile.TemporaryDirectory() as name, running_s3(Path(name) / "objects", transports=transports) as running:
        s3, endpoint = running
        client = s3_client(endpoint, ACCOUNT)
        client.create_bucket(Bucket=BUCKET)
        if address:
            arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
            functions = [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]
            client.put_bucket_notification_configuration(
                Bucket=BUCKET, NotificationConfiguration={"LambdaFunctionConfigurations": functions}
            )
        client.close()
        return _put(s3)


def _put(s3: EmbeddedS3) -> Cost:
    store = s3.store()
    wall, processor = time.perf_counter(), time.thread_time()
    for number in range(PUTS):
        store.put(ObjectLocation(BUCKET, str(number)), BODY, Caller(ACCOUNT, "us-east-1"), "image/jpeg")
    return (time.thread_time() - processor) / PUTS * 1e3, (time.perf_counter() - wall) / PUTS * 1e3


def main() -> None:
    """Measure, and print a line a way."""
    found: dict[str, list[Cost]] = {"no notifications": [], "a webhook": [], "a webhook that is away": []}
    with running_webhook() as webhook:
        for _ in range(ROUNDS):
            for costs, address in zip(found.values(), (None, webhook.url, NOWHERE), strict=True):
                costs.append(cost_of_a_put(address))
    alone = found["no notifications"]
    for name, costs in found.items():
        figures = [
            f"{statistics.median(cost[part] for cost in costs):.2f} ms {kind} "
            f"(x {statistics.median(cost[part] / base[part] for cost, base in zip(costs, alone, strict=True)):.2f})"
            for part, kind in ((0, "processor"), (1, "wall"))
        ]
        print(f"{name}: {', '.join(figures)}")


if __name__ == "__main__":
    main()
