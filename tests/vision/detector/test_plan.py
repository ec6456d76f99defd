"""What the training boxes ask for."""

import numpy as np
import pytest

from emulator.vision.detector.plan import DetectorPlan, make_plan


def plan_for(size: float, picture: tuple[int, int] = (1280, 960), count: int = 10) -> DetectorPlan:
    """The plan for pictures with one square object of `size` pixels each."""
    return make_plan([picture] * count, [np.array([[0.0, 0.0, size, size]])] * count, [np.array([0])] * count)


@pytest.mark.parametrize(
    ("size", "side"),
    [(400, 384), (100, 384), (90, 448), (80, 512), (40, 512), (34, 640), (16, 1152), (15, 1280), (4, 1280)],
)
def test_small_objects_ask_for_a_large_input(size: float, side: int) -> None:
    assert plan_for(size).input_width == side


def test_sixteen_pixels_in_a_large_picture_stay_large_enough_to_be_found() -> None:
    """Issue 5, item 4: an object of 16 px in a picture of 1280 px."""
    plan = plan_for(16)
    assert 16 * plan.input_width / 1280 >= 14
    assert plan.levels[0].stride == 8
    assert (plan.view_width, plan.view_height) == (512, 512), "trained on crops, so that a step takes no longer"


@pytest.mark.parametrize(
    ("picture", "shape"),
    [((640, 480), (288, 384)), ((480, 640), (384, 288)), ((500, 500), (384, 384)), ((1600, 900), (224, 384))],
)
def test_the_input_has_the_shape_that_most_pictures_have(picture: tuple[int, int], shape: tuple[int, int]) -> None:
    plan = plan_for(200, picture)
    assert (plan.input_height, plan.input_width) == shape


def test_pictures_of_both_orientations_get_a_square_input() -> None:
    boxes = [np.array([[0.0, 0.0, 200.0, 200.0]])] * 4
    plan = make_plan([(640, 480), (480, 640), (640, 480), (480, 640)], boxes, [np.array([0])] * 4)
    assert plan.input_height == plan.input_width == 384


def test_levels_follow_the_sizes_of_the_objects() -> None:
    assert [level.name for level in plan_for(40, (640, 480)).levels] == ["p3", "p4"]
    assert [level.name for level in plan_for(150, (640, 480)).levels] == ["p4"]
    assert [level.name for level in plan_for(300, (640, 480)).levels] == ["p4", "p5"]


def test_the_outermost_levels_answer_for_everything_beyond() -> None:
    levels = plan_for(150, (640, 480)).levels
    assert (levels[0].smallest, levels[-1].largest) == (0, np.inf)


def test_8_bits_are_for_inputs_that_take_long_without() -> None:
    assert not plan_for(200).byte_front
    assert plan_for(90).byte_front
    assert plan_for(90).as_metadata()["byte_front"] is True


def test_mosaics_are_for_objects_that_survive_being_shrunk() -> None:
    assert plan_for(200).mosaic_probability == 0.5
    assert plan_for(100).mosaic_probability == 0


def test_background_pictures_do_not_change_the_plan() -> None:
    boxes = [np.array([[0.0, 0.0, 100.0, 100.0]])]
    with_background = make_plan([(1280, 960)] * 2, [*boxes, np.zeros((0, 4))], [np.array([0]), np.zeros(0, int)])
    assert with_background == make_plan([(1280, 960)], boxes, [np.array([0])])


def test_a_plan_needs_a_box() -> None:
    with pytest.raises(ValueError, match="box"):
        make_plan([(640, 480)], [np.zeros((0, 4))], [np.zeros(0, int)])
