import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from emulator.vision import backbone
from emulator.vision.errors import ModelFileError
from emulator.vision.onnx_session import Session
from tests.vision.pictures import shape_picture

PICTURE = np.random.default_rng(0).integers(0, 256, (1, 3, 64, 96)).astype(np.float32)


def test_the_shipped_backbones_are_those_of_the_checksums() -> None:
    assert backbone.available_backbones() == (
        "efficientdet_lite0",
        "efficientnet_lite0",
        "efficientnet_lite0_front_int8",
        "efficientnet_lite2",
        "efficientnet_lite2_int8",
    )
    for name in backbone.available_backbones():
        assert backbone.backbone_path(name).is_file()


@pytest.mark.parametrize(
    ("name", "channels"), [("efficientnet_lite0", (40, 112, 320)), ("efficientnet_lite2", (48, 120, 352))]
)
def test_a_trunk_gives_the_tensors_asked_for(name: str, channels: tuple[int, int, int]) -> None:
    session = backbone.open_trunk(["c3", "c4", "c5", "pooled"], threads=1, name=name)

    c3, c4, c5, pooled = session.run({"image": PICTURE})

    assert c3.shape == (1, channels[0], 8, 12)
    assert c4.shape == (1, channels[1], 4, 6)
    assert c5.shape == (1, channels[2], 2, 3)
    assert pooled.shape == (1, 1280)
    assert pooled.std() > 0.1


def test_a_trunk_may_end_inside_and_leaves_the_rest_out() -> None:
    model = backbone.trunk(["block10.output"])
    names = {tensor.name for tensor in model.graph.initializer}

    assert "block10.project.bias" in names
    assert not any(name.startswith(("block11.", "head.")) for name in names)
    inner = backbone.open_trunk(["block10.output"], threads=1).run({"image": PICTURE})[0]
    outer = backbone.open_trunk(["c4"], threads=1).run({"image": PICTURE})[0]
    np.testing.assert_allclose(inner, outer, atol=1e-5)


def test_byte_versions_are_named_only_where_they_are_quicker(precision: str) -> None:
    name = backbone.byte_version("efficientnet_lite2")
    assert name == ("efficientnet_lite2_int8" if precision == "bytes" else None)


def test_the_8_bit_network_sees_what_the_network_sees() -> None:
    """Of pictures that differ, their pooled features differ in the same way."""
    pictures = [shape_picture(shape, seed) for shape in ("circle", "square", "stripes") for seed in range(2)]
    planes = [np.asarray(picture.resize((224, 224)), np.float32).transpose(2, 0, 1)[None] for picture in pictures]
    pooled = []
    for name in ("efficientnet_lite2", "efficientnet_lite2_int8"):
        session = backbone.open_trunk(["c6"], threads=1, name=name)
        features = np.array([session.run({"image": picture})[0].mean(axis=(2, 3))[0] for picture in planes])
        pooled.append((features - features.mean(axis=0)).ravel())
    ours, theirs = pooled
    assert ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs) > 0.98


def test_an_8_bit_front_takes_the_place_of_the_backbone_s_own() -> None:
    whole = backbone.trunk(["c3", "c4", "c5"])
    joined = backbone.trunk(["c3", "c4", "c5"], front="efficientnet_lite0_front_int8")
    names = {tensor.name for tensor in joined.graph.initializer}
    assert "block11.project.bias" in names
    assert not any(name.startswith(("stem", "block10.")) for name in names)
    front = backbone.open_trunk(["c3", "c4"], threads=1, name="efficientnet_lite0_front_int8")
    exact, ours = (Session(model.SerializeToString(), 1).run({"image": PICTURE}) for model in (whole, joined))
    for found, expected in zip(ours, front.run({"image": PICTURE}), strict=False):
        assert np.array_equal(found, expected)
    for found, expected in zip(ours, exact, strict=True):
        assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.98


def test_an_unknown_tensor_is_an_error() -> None:
    with pytest.raises(ModelFileError, match=r"block99\.output"):
        backbone.trunk(["block99.output"])


def test_the_weights_are_read_in_single_precision() -> None:
    weights = backbone.backbone_weights()

    assert weights["head.weight"].shape == (1280, 320, 1, 1)
    assert weights["block11.depthwise.weight"].shape == (672, 1, 5, 5)
    assert {values.dtype for values in weights.values()} == {np.dtype(np.float32)}
    with pytest.raises(ValueError, match="read-only"):
        weights["head.bias"][0] = 1


def test_an_unknown_backbone_is_an_error() -> None:
    with pytest.raises(ModelFileError, match="no file called resnet"):
        backbone.backbone_path("resnet")


def test_a_damaged_backbone_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "checksums.json").write_text(json.dumps({"net.onnx": {"sha256": hashlib.sha256(b"good").hexdigest()}}))
    (tmp_path / "net.onnx").write_bytes(b"bad")
    monkeypatch.setattr(backbone, "_FOLDERS", (tmp_path,))

    with pytest.raises(ModelFileError, match="damaged"):
        backbone.backbone_path("net")

    (tmp_path / "net.onnx").write_bytes(b"good")
    assert backbone.backbone_path("net") == tmp_path / "net.onnx"


def test_a_missing_folder_says_where_was_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbone, "_FOLDERS", (tmp_path,))
    with pytest.raises(ModelFileError, match=str(tmp_path)):
        backbone.backbone_path()
