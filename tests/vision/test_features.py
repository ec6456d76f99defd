import hashlib
import os
from pathlib import Path

import numpy as np
import onnx
import pytest

from emulator.vision import feature_reader
from emulator.vision.feature_cache import FeatureCache
from emulator.vision.feature_reader import FeatureReader
from emulator.vision.features import OUTPUT, FeatureRecipe, Look, append_network, feature_graph
from emulator.vision.images import decode_resized
from emulator.vision.onnx_session import Session
from emulator.vision.served_model import input_tensor
from emulator.vision.training import TrainingSettings, ignore_progress
from tests.vision.pictures import MemoryImage, encode, shape_picture

SMALL = Look(64)
PAIR = Look(64, half_scale=True, backbone="efficientnet_lite0")
PICTURE = encode(shape_picture("circle", 1), "JPEG")


@pytest.mark.parametrize("look", [SMALL, PAIR])
@pytest.mark.parametrize("poolings", [("mean",), ("max",), ("mean", "max")])
@pytest.mark.parametrize("normalise", [False, True])
def test_the_exported_graph_computes_what_the_recipe_selects(
    look: Look, poolings: tuple[str, ...], normalise: bool
) -> None:
    recipe = FeatureRecipe(look, poolings, normalise)
    pixels = decode_resized(PICTURE, 64, 64)
    raw = FeatureReader(look, TrainingSettings()).of_pixels(pixels)
    assert raw.shape == (look.length,)

    (graph_features,) = Session(feature_graph(recipe).SerializeToString(), 1).run({"image": input_tensor(pixels)})

    selected = recipe.select(raw)
    assert selected.dtype == np.float32
    assert graph_features.shape == (1, len(selected))
    # The raw features went through half precision.
    np.testing.assert_allclose(selected, graph_features[0], rtol=2e-3, atol=1e-3)


def test_normalised_features_have_unit_length_even_if_empty() -> None:
    recipe = FeatureRecipe(SMALL, ("mean",), normalise=True)
    raw = np.zeros((2, SMALL.length), np.float16)
    raw[0] = np.linspace(0, 3, SMALL.length)
    lengths = np.linalg.norm(recipe.select(raw), axis=1)
    np.testing.assert_allclose(lengths, [1, 0], atol=1e-5)


def test_half_scale_shares_the_weights() -> None:
    single, pair = (
        len(feature_graph(FeatureRecipe(Look(64, half_scale=half))).SerializeToString()) for half in (False, True)
    )
    assert pair < 1.02 * single


@pytest.mark.parametrize("side", [64, 96, 128, 224])
def test_a_second_network_sees_the_same_pictures_smaller(side: int) -> None:
    other = FeatureRecipe(SMALL, ("max",))
    model = feature_graph(FeatureRecipe(Look(side, backbone="efficientnet_lite0")))
    name = append_network(model, side, feature_graph(other), SMALL.side, "other.")
    model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", None]))
    pictures = [PICTURE, encode(shape_picture("stripes", 2), "JPEG")]
    large, small = (
        np.concatenate([input_tensor(decode_resized(data, pixels, pixels)) for data in pictures])
        for pixels in (side, SMALL.side)
    )

    (found,) = Session(model.SerializeToString(), 1).run({"image": large}, [name])

    (expected,) = Session(feature_graph(other).SerializeToString(), 1).run({"image": small}, [OUTPUT])
    assert found.shape == expected.shape
    if side == SMALL.side:
        np.testing.assert_allclose(found, expected, atol=1e-4)
    for mine, others in zip(found, expected, strict=True):
        assert mine @ others > 0.97 * np.linalg.norm(mine) * np.linalg.norm(others)


def test_pictures_come_in_order_with_their_mirror_images() -> None:
    pictures = [encode(shape_picture("circle", seed), "PNG") for seed in range(5)]
    images = [MemoryImage(str(index), data) for index, data in enumerate(pictures)]
    images.insert(2, MemoryImage("broken", b"no picture"))
    reader = FeatureReader(SMALL, TrainingSettings(threads=3))

    found = reader.of_images(images, "features", ignore_progress)

    assert found.pop(2) is None
    for data, features in zip(pictures, found, strict=True):
        assert features is not None
        pixels = decode_resized(data, 64, 64)
        np.testing.assert_array_equal(features[0], reader.of_pixels(pixels))
        np.testing.assert_array_equal(features[1], reader.of_pixels(pixels[:, ::-1]))


def test_known_pictures_are_not_computed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = TrainingSettings(cache_directory=tmp_path)
    images = [MemoryImage(str(seed), encode(shape_picture("circle", seed))) for seed in range(3)]
    first = FeatureReader(SMALL, settings).of_images(images[:2], "features", ignore_progress)
    decoded = []

    def counted(data: bytes, *arguments: int, **options: bool) -> np.ndarray:
        decoded.append(data)
        return decode_resized(data, *arguments, **options)

    monkeypatch.setattr(feature_reader, "decode_resized", counted)
    again = FeatureReader(SMALL, settings).of_images(images, "features", ignore_progress)

    assert decoded == [images[2].data]
    for before, after in zip(first, again, strict=False):
        np.testing.assert_array_equal(before, after)


def test_looks_do_not_share_cached_features(tmp_path: Path) -> None:
    content = hashlib.sha256(b"picture").hexdigest()
    cache, other = FeatureCache(tmp_path, SMALL), FeatureCache(tmp_path, Look(96))
    features = np.arange(2 * SMALL.length, dtype=np.float16).reshape(2, -1)
    cache.put(content, features)

    np.testing.assert_array_equal(cache.get(content), features)
    assert other.get(content) is None


def test_a_cached_file_cut_short_is_ignored(tmp_path: Path) -> None:
    content = hashlib.sha256(b"picture").hexdigest()
    cache = FeatureCache(tmp_path, SMALL)
    cache.put(content, np.ones((2, SMALL.length), np.float16))
    (path,) = tmp_path.rglob(content)
    path.write_bytes(path.read_bytes()[:-1])
    assert cache.get(content) is None


def test_the_cache_keeps_what_was_used_last(tmp_path: Path) -> None:
    features = np.ones((2, SMALL.length), np.float16)
    cache = FeatureCache(tmp_path, SMALL, limit=2 * features.nbytes)
    names = [hashlib.sha256(str(index).encode()).hexdigest() for index in range(3)]
    for age, name in enumerate(names):
        cache.put(name, features)
        (path,) = tmp_path.rglob(name)
        os.utime(path, (age, age))
    assert cache.get(names[0]) is not None

    cache.prune()

    assert [cache.get(name) is not None for name in names] == [True, False, True]
