"""Reading of the stress test: what does not belong to the rest is an error that names the file."""

import artefacts as fake
import pytest
from pages import NAMES, STRESS

from lesion.errors import LesionError
from lesion.report.reading import read


def test_the_stress_test_is_read_with_its_pictures(home):
    record = read.read_artefacts(NAMES).stress
    assert list(record.models) == list(NAMES) and len(record.changed) == 3
    assert all(case.picture.startswith("data:image/webp;base64,") for case in record.changed)


def test_without_a_stress_test_the_rest_is_read(home):
    (home / STRESS).unlink()
    assert read.read_artefacts(NAMES).stress is None


def test_networks_that_are_not_shown_are_left_out_with_their_cases(home):
    record = read.read_artefacts(("mobilenet",)).stress
    assert list(record.models) == ["mobilenet"]
    assert [case.network for case in record.changed] == ["mobilenet"]


def test_a_stress_test_of_other_images_is_refused(home):
    fake.change(home / STRESS, lambda record: record.update(data="0123456789abcdef"))
    with pytest.raises(LesionError, match=r"stress\.json was made from other data: run `invoke stress`"):
        read.read_artefacts(NAMES)


def test_a_stress_test_of_other_weights_is_refused(home):
    fake.change(home / STRESS, lambda record: record["models"]["mobilenet"].update(digest="0123456789abcdef"))
    with pytest.raises(LesionError, match=r"other weights: run `invoke stress --model mobilenet`"):
        read.read_artefacts(NAMES)


def test_a_missing_picture_is_named(home):
    (home / "reports/cases/stress_41_ink_mobilenet.webp").unlink()
    with pytest.raises(LesionError, match=r"stress_41_ink_mobilenet\.webp is missing: run `invoke stress`"):
        read.read_artefacts(NAMES)
