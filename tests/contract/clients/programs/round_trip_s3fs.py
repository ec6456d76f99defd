"""Files of a bucket as a file system, with s3fs. Prints one JSON object. Usage: round_trip_s3fs.py BUCKET"""

import json
import os
import sys

import s3fs

bucket = sys.argv[1]
files = s3fs.S3FileSystem(endpoint_url=os.environ["AWS_ENDPOINT_URL"], use_listings_cache=False)
files.mkdir(bucket)
small, large = f"{bucket}/photos/ä b+c.jpg", f"{bucket}/photos/deep/large.bin"
contents = os.urandom(12 << 20)
with files.open(small, "wb") as file:
    file.write(b"small")
with files.open(large, "wb", block_size=5 << 20) as file:  # parts
    file.write(contents)
found = sorted(files.find(f"{bucket}/photos"))
with files.open(large, "rb") as file:
    file.seek(7 << 20)
    piece = file.read(1000)
files.copy(small, f"{bucket}/copy.jpg")
files.setxattr(small, kept="yes")
renamed = files.cat(f"{bucket}/copy.jpg") == b"small"
files.mv(f"{bucket}/copy.jpg", f"{bucket}/moved.jpg")
result = {
    "version": s3fs.__version__,
    "keys": [name.partition("/")[2] for name in found],
    "same": files.cat(large) == contents and piece == contents[7 << 20 :][:1000] and renamed,
    "size": files.info(large)["size"],
    "metadata": files.getxattr(small, "kept"),
    "moved": files.exists(f"{bucket}/moved.jpg") and not files.exists(f"{bucket}/copy.jpg"),
}
files.rm(bucket, recursive=True)
result["left"] = files.exists(bucket)
print(json.dumps(result))
