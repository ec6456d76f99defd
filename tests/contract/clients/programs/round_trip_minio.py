"""The round trip with MinIO's client for Python. Prints one JSON object. Usage: round_trip_minio.py BUCKET"""

import io
import json
import os
import sys
import urllib.request
from importlib.metadata import version

from minio import Minio
from minio.commonconfig import ENABLED, CopySource, Tags
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.versioningconfig import VersioningConfig

bucket, endpoint = sys.argv[1], os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
keys = {"access_key": os.environ["AWS_ACCESS_KEY_ID"], "secret_key": os.environ["AWS_SECRET_ACCESS_KEY"]}
client = Minio(endpoint=endpoint, secure=False, **keys)
client.make_bucket(bucket_name=bucket)
contents = os.urandom(12 << 20)
tags = Tags.new_object_tags()
tags["kind"] = "photo"
client.put_object(
    bucket_name=bucket,
    object_name="ä b+c.jpg",
    data=io.BytesIO(b"small"),
    length=5,
    metadata={"kept": "yes"},
    tags=tags,
)
client.put_object(
    bucket_name=bucket, object_name="deep/large.bin", data=io.BytesIO(contents), length=-1, part_size=5 << 20
)
client.copy_object(
    bucket_name=bucket, object_name="copy.jpg", source=CopySource(bucket_name=bucket, object_name="ä b+c.jpg")
)
found = sorted(item.object_name for item in client.list_objects(bucket_name=bucket, recursive=True))
with client.get_object(bucket_name=bucket, object_name="deep/large.bin", offset=7 << 20, length=1000) as answer:
    piece = answer.read()
url = client.get_presigned_url(method="GET", bucket_name=bucket, object_name="copy.jpg")
with urllib.request.urlopen(url) as answer:
    presigned = answer.read()
client.set_bucket_versioning(bucket_name=bucket, config=VersioningConfig(status=ENABLED))
versioning = client.get_bucket_versioning(bucket_name=bucket).status
described = client.stat_object(bucket_name=bucket, object_name="ä b+c.jpg")
try:
    client.stat_object(bucket_name=bucket, object_name="missing")
    missing = ""
except S3Error as error:
    missing = error.code
result = {
    "version": version("minio"),
    "keys": found,
    "same": piece == contents[7 << 20 :][:1000] and presigned == b"small",
    "metadata": described.metadata["x-amz-meta-kept"],
    "tags": client.get_object_tags(bucket_name=bucket, object_name="ä b+c.jpg"),
    "versioning": versioning,
    "missing": missing,
}
client.set_bucket_versioning(bucket_name=bucket, config=VersioningConfig(status="Suspended"))
every = client.list_objects(bucket_name=bucket, recursive=True, include_version=True)
errors = client.remove_objects(
    bucket_name=bucket, delete_object_list=[DeleteObject(item.object_name, item.version_id) for item in every]
)
result["errors"] = [str(error) for error in errors]
client.remove_bucket(bucket_name=bucket)
result["left"] = client.bucket_exists(bucket_name=bucket)
print(json.dumps(result))
