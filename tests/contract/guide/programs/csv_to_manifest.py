"""Turn a CSV file (image, label, label …) into a manifest, unless it names an image twice."""

import argparse
import csv
import datetime
import json
from pathlib import Path


def split_duplicates(csv_file, deduplicated_file, duplicates_file):
    """Write first and later rows of each image to two files; whether there were later ones."""
    seen = set()
    duplicates = False
    with (
        csv_file.open(newline="") as source,
        deduplicated_file.open("w", newline="") as first_rows,
        duplicates_file.open("w", newline="") as later_rows,
    ):
        first_writer, later_writer = csv.writer(first_rows), csv.writer(later_rows)
        for row in csv.reader(source):
            if not row:
                continue
            if row[0] in seen:
                duplicates = True
                later_writer.writerow(row)
            else:
                seen.add(row[0])
                first_writer.writerow(row)
    return duplicates


def label_attributes(label):
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return {
        label: 1,
        f"{label}-metadata": {
            "confidence": 1,
            "job-name": f"labeling-job/{label}",
            "class-name": label,
            "human-annotated": "yes",
            "creation-date": now,
            "type": "groundtruth/image-classification",
        },
    }


def write_manifest(csv_file, manifest_file, s3_path):
    images, labels = 0, 0
    with csv_file.open(newline="") as source, manifest_file.open("w") as manifest:
        for row in csv.reader(source):
            line = {"source-ref": s3_path + row[0]}
            for label in filter(None, row[1:]):
                line |= label_attributes(label)
                labels += 1
            manifest.write(json.dumps(line) + "\n")
            images += 1
    print(f"Images: {images}")
    print(f"Labels: {labels}")


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("csv_file")
    parser.add_argument("--s3_path", default="")
    arguments = parser.parse_args()
    csv_file = Path(arguments.csv_file)
    deduplicated_file = csv_file.with_name(f"{csv_file.stem}-deduplicated.csv")
    duplicates_file = csv_file.with_name(f"{csv_file.stem}-duplicates.csv")
    if split_duplicates(csv_file, deduplicated_file, duplicates_file):
        print(f"Duplicates found. Check {duplicates_file} and run again with {deduplicated_file}")
        return
    deduplicated_file.unlink()
    duplicates_file.unlink()
    manifest_file = csv_file.with_suffix(".manifest")
    write_manifest(csv_file, manifest_file, arguments.s3_path)
    print(f"Finished creating manifest file: {manifest_file}")


if __name__ == "__main__":
    main()
