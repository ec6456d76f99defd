"""Turn a COCO annotation file into a manifest and upload it. Edit the eight assignments before running."""

import datetime
import json
from pathlib import Path

import boto3

s3_bucket = "my-bucket"
s3_key_path_manifest_file = "my/manifest/folder/"
s3_key_path_images = "my/images/folder/"
local_path = "my-local-folder"
local_images_path = "my-local-images"
coco_manifest = "my-coco-file.json"
cl_manifest_file = "custom_labels.manifest"
job_name = "my-job"

s3_path = f"s3://{s3_bucket}/{s3_key_path_images}"
coco = json.loads((Path(local_path) / coco_manifest).read_text())
category_names = {category["id"]: category["name"] for category in coco["categories"]}

with (Path(local_path) / cl_manifest_file).open("w") as manifest:
    for image in coco["images"]:
        boxes = [annotation for annotation in coco["annotations"] if annotation["image_id"] == image["id"]]
        captured = datetime.datetime.strptime(image["date_captured"], "%Y-%m-%d %H:%M:%S")
        line = {
            "source-ref": s3_path + image["file_name"],
            "bounding-box": {
                "image_size": [{"width": image["width"], "height": image["height"], "depth": 3}],
                "annotations": [
                    {
                        "class_id": box["category_id"],
                        "left": box["bbox"][0],
                        "top": box["bbox"][1],
                        "width": box["bbox"][2],
                        "height": box["bbox"][3],
                    }
                    for box in boxes
                ],
            },
            "bounding-box-metadata": {
                "objects": [{"confidence": 1} for _ in boxes],
                "class-map": {box["category_id"]: category_names[box["category_id"]] for box in boxes},
                "type": "groundtruth/object-detection",
                "human-annotated": "yes",
                "creation-date": captured.strftime("%Y-%m-%dT%H:%M:%S"),
                "job-name": job_name,
            },
        }
        manifest.write(json.dumps(line) + "\n")

s3 = boto3.resource("s3")
s3.Bucket(s3_bucket).upload_file(str(Path(local_path) / cl_manifest_file), s3_key_path_manifest_file + cl_manifest_file)
print(f"Manifest: s3://{s3_bucket}/{s3_key_path_manifest_file}{cl_manifest_file}")
print(f"Upload the images: aws s3 sync {local_images_path} {s3_path}")
