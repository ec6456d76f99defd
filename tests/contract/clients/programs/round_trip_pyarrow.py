"""Tables and files in a bucket with PyArrow, whose S3 is the C++ SDK. Prints one JSON object.

Usage: round_trip_pyarrow.py BUCKET
"""

import json
import os
import sys

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

bucket, endpoint = sys.argv[1], os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
files = fs.S3FileSystem(
    endpoint_override=endpoint,
    scheme="http",
    region="us-east-1",
    allow_bucket_creation=True,
    allow_bucket_deletion=True,
)
files.create_dir(bucket)
table = pa.table({"label": ["circle", "square"], "confidence": [97.5, 2.5]})
pq.write_table(table, f"{bucket}/answers/part-0.parquet", filesystem=files)
contents = os.urandom(12 << 20)
with files.open_output_stream(f"{bucket}/ä b+c.bin", metadata={"Content-Type": "image/png"}) as stream:
    stream.write(contents)
files.copy_file(f"{bucket}/ä b+c.bin", f"{bucket}/copy.bin")
found = [item.path for item in files.get_file_info(fs.FileSelector(bucket, recursive=True)) if item.is_file]
with files.open_input_file(f"{bucket}/copy.bin") as file:
    piece = file.read_at(1000, 7 << 20)
files.move(f"{bucket}/copy.bin", f"{bucket}/moved.bin")
with files.open_input_stream(f"{bucket}/moved.bin") as stream:
    whole = stream.read()
    kind = stream.metadata()["Content-Type"].decode()
result = {
    "version": pa.__version__,
    "keys": sorted(path.partition("/")[2] for path in found),
    "same": whole == contents and piece == contents[7 << 20 :][:1000],
    "type": kind,
    "table": pq.read_table(f"{bucket}/answers", filesystem=files).to_pydict(),
}
files.delete_dir(bucket)
result["left"] = files.get_file_info(bucket).type != fs.FileType.NotFound
print(json.dumps(result))
