import pytest

from lesion.studies import benchmark


def test_a_whole_training_is_added_up_from_medians_with_its_passes():
    epochs = {
        "frozen": {"straightforward": [30.0, 31.0, 90.0], "cached": [0.5, 0.5, 7.0]},
        "tune": {"straightforward": [40.0, 40.0, 41.0], "cached": [12.0, 11.0, 13.0]},
    }
    whole = benchmark.compose(epochs, {"view": [20.0, 22.0, 21.0], "validation": [4.0]}, views=4, frozen=30, tuned=10)
    assert (whole.epochs, whole.tune_epochs, whole.views) == (30, 10, 4)
    assert whole.straightforward_seconds == 30 * 31 + 10 * 40
    assert whole.cached_seconds == 4 * 21 + 4 + 30 * 0.5 + 10 * 12
    assert whole.ratio == pytest.approx(1330 / 223)
