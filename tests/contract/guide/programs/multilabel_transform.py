"""Turn the output manifest of a Ground Truth multi-label job into one attribute a label."""

import argparse
import json
from pathlib import Path


def transform_line(line):
    job_name = [key for key in line if "source-ref" not in key and "-metadata" not in key][-1]
    metadata = line[f"{job_name}-metadata"]
    transformed = {"source-ref": line["source-ref"]}
    for place, class_id in enumerate(line[job_name]):
        transformed[f"{job_name}{place}"] = place
        transformed[f"{job_name}{place}-metadata"] = {
            "confidence": metadata["confidence-map"][str(class_id)],
            "class-name": metadata["class-map"][str(class_id)],
            "type": "groundtruth/image-classification",
            "job-name": metadata["job-name"],
            "human-annotated": metadata["human-annotated"],
            "creation-date": metadata["creation-date"],
        }
    return transformed


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS)
    parser.add_argument("manifest_file")
    arguments = parser.parse_args()
    source = Path(arguments.manifest_file)
    target = Path(f"custom_labels_{source.name}")
    with source.open() as lines, target.open("w") as manifest:
        for line in lines:
            manifest.write(json.dumps(transform_line(json.loads(line))) + "\n")
    print(f"New manifest file: {target}")


if __name__ == "__main__":
    main()
