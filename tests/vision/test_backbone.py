import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from emulator.vision import backbone
from emulator.vision.errors import ModelFileError

PICTURE = np.random.default_rng(0).integers(0, 256, (1, 3, 64, 96)).astype(np.float32)


def test_the_shipped_backbones_are_those_of_the_checksums() -> None:
    assert backbone.available_backbones() == ("efficientnet_lite0", "efficientnet_lite2")
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
    with pytest.raises(ModelFileError, match="no backbone called resnet"):
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
