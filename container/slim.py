"""Leaves out of the image what serving and training do not need. Needs nothing but Python, and `strip` if it is there.

    python slim.py environment /opt/custom-labels   # what lies beside the code that is used
    python slim.py system /                         # what installs software, and what is for reading
    python slim.py weigh /opt/custom-labels         # a table: what each package weighs

What is removed is listed below with the reason. docs/docker.md has the figures.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# Of an environment's site-packages. What the emulator asks AWS's own SDK for: its service models of Rekognition, S3 and
# CloudWatch, of the ways to credentials, and of where events of an upload go.
SERVICE_MODELS = frozenset({"cloudwatch", "lambda", "rekognition", "s3", "sns", "sqs", "sso", "sso-oidc", "sts"})
PACKAGES = (
    # A second copy of the runtime, for programs in C; Python's module has its own.
    "onnxruntime/capi/libonnxruntime.so*",
    "onnxruntime/capi/libonnxruntime_providers_*",
    # Tools that convert and quantise models of others.
    "onnxruntime/transformers",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/datasets",
    # Tests of ONNX implementations with their data, a reference implementation, headers.
    "onnx/backend",
    "onnx/reference",
    "onnx/test",
    "onnx/**/*.h",
    "onnx/**/*.cc",
    "onnx/**/*.proto",
    # For building extensions of NumPy.
    "numpy/f2py",
    "numpy/distutils",
    "numpy/_core/include",
    "numpy/_core/lib/*.a",
    "numpy/random/lib",
    "numpy/**/tests",
    "numpy/**/*.pxd",
    "numpy/**/*.pyi",
    "sqlalchemy/testing",
    "sqlalchemy/dialects/mssql",
    "sqlalchemy/dialects/mysql",
    "sqlalchemy/dialects/oracle",
    "sqlalchemy/**/*.pyx",
    # AVIF, which Custom Labels does not take.
    "PIL/_avif.*",
    "pillow.libs/libavif-*",
    # Colours of code, which rich asks for when it prints a program.
    "pygments",
    "boto3/examples",
    "boto3/data/cloudformation",
    "boto3/data/cloudwatch",
    "boto3/data/dynamodb",
    "boto3/data/ec2",
    "boto3/data/glacier",
    "boto3/data/iam",
    "botocore/data/*/*/examples-*.json*",
    "greenlet/tests",
    "greenlet/platform",
    "uvloop/**/*.pyx",
    "uvloop/**/*.pxd",
    "uvloop/**/*.c",
    "*/include",
)

# Of the system below it: package managers, languages that only they use, documents, tools for building.
SYSTEM = (
    "usr/share/doc/*/[!c]*",
    "usr/share/man",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/i18n",
    "usr/share/lintian",
    "usr/share/perl*",
    "usr/lib/*/perl*",
    "usr/bin/perl*",
    "usr/lib/*/gconv",
    "usr/lib/apt",
    "usr/bin/apt*",
    "usr/lib/*/libapt-*",
    "usr/share/python-wheels",
    "usr/share/zoneinfo/right",
    "var/cache/*",
    "var/lib/apt",
    "var/lib/dpkg/info",
    "var/log/*",
    "root/.cache",
    "usr/local/include",
    "usr/local/lib/pkgconfig",
    "usr/local/lib/*.a",
    "usr/local/bin/*pip*",
    "usr/local/bin/idle*",
    "usr/local/bin/2to3*",
    "usr/local/bin/pydoc*",
    "usr/local/share/man",
    "usr/bin/pip*",
    "usr/include",
)
# Of Python's library, wherever it lies.
LIBRARY = ("test", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip", "pydoc_data", "config-3*", "distutils")
LIBRARIES = ("usr/local/lib/python3.*", "usr/lib/python3.*")
INSTALLED = ("usr/local/lib/python3.*/site-packages/*", "usr/lib/python3/dist-packages/*")

# Objects whose symbols for debuggers can go. Those that a wheel's tool has moved parts of would not load afterwards.
STRIPPED = ("uvloop/*.so", "sqlalchemy/**/*.so", "greenlet/*.so", "httptools/**/*.so", "pydantic_core/*.so")
MEGABYTE = 1_000_000


def remove(root: Path, patterns: tuple[str, ...]) -> None:
    """Remove what the patterns find below `root`."""
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def site_packages(environment: Path) -> Path:
    """The folder of an environment's packages. Raises SystemExit where there is none."""
    found = sorted(environment.glob("lib/python3.*/site-packages"))
    if not found:
        sys.exit(f"{environment} is not an environment")
    return found[0]


def slim_environment(environment: Path) -> None:
    """Remove from an environment what is not used, and the symbols of its objects."""
    packages = site_packages(environment)
    remove(packages, PACKAGES)
    for models in sorted((packages / "botocore" / "data").iterdir()):
        if models.is_dir() and models.name not in SERVICE_MODELS:
            shutil.rmtree(models)
    strip = shutil.which("strip")
    objects = [str(path) for pattern in STRIPPED for path in sorted(packages.glob(pattern))]
    if strip is not None and objects:
        subprocess.run([strip, "--strip-unneeded", *objects], check=True)


def slim_system(root: Path) -> None:
    """Remove from a system what installs software and what is for reading."""
    remove(root, SYSTEM + INSTALLED)
    for library in LIBRARIES:
        for found in sorted(root.glob(library)):
            remove(found, LIBRARY)


def weight(path: Path) -> int:
    """Bytes on the disk of a file, or of all below a folder on the same file system."""
    inside = [found for found in path.rglob("*") if not found.is_symlink()] if path.is_dir() else [path]
    return sum(found.lstat().st_blocks * 512 for found in inside if found.is_file())


def weights(environment: Path) -> Iterator[tuple[str, int]]:
    """What the packages of an environment weigh in bytes, heaviest first; libraries beside one are its own."""
    found: dict[str, int] = {}
    for path in site_packages(environment).iterdir():
        if not path.name.endswith((".dist-info", ".pth")) and path.name != "__pycache__":
            name = path.name.removesuffix(".libs").partition(".")[0]
            name = {"PIL": "pillow", "google": "protobuf"}.get(name, name)
            found[name] = found.get(name, 0) + weight(path)
    return iter(sorted(found.items(), key=lambda item: -item[1]))


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("environment", "system", "weigh"))
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    if arguments.what == "environment":
        slim_environment(arguments.folder)
    elif arguments.what == "system":
        slim_system(arguments.folder)
    else:
        for name, size in weights(arguments.folder):
            if size >= MEGABYTE:
                print(f"| {name} | {size / MEGABYTE:.1f} |")


if __name__ == "__main__":
    main()
