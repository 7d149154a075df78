"""Reading of the cases: what is missing or does not belong to the rest is an error that names the file."""

import artefacts as fake
import numpy as np
import pytest
from pages import EXPLANATIONS, NAMES

from lesion.errors import LesionError
from lesion.report.reading import read


def test_cases_are_the_test_images_in_their_order(home):
    artefacts = read.read_artefacts(NAMES)
    assert [case.row for case in artefacts.cases] == fake.TEST_ROWS
    assert artefacts.cases[1].label == 1 and artefacts.cases[1].group == 41
    assert artefacts.cases[0].thumbnail == (home / "reports/cases/40.webp").read_bytes()


def test_predictions_are_of_all_scored_rows_and_empty_where_a_model_has_none(home):
    path = home / "runs/mobilenet/predictions.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("41,")))
    fake.take_predictions(home)
    table = read.read_artefacts(NAMES).predictions.set_index("row")
    assert list(table.index) == [*fake.TEST_ROWS, *fake.VALIDATION_ROWS]
    assert np.isnan(table.loc[41, "mobilenet"]) and not np.isnan(table.loc[41, "scratch"])
    assert table["mobilenet"].isna().sum() == 1


def test_missing_thumbnail_is_named(home):
    (home / "reports/cases/57.webp").unlink()
    with pytest.raises(LesionError, match=r"57\.webp is missing: run `invoke explain`"):
        read.read_artefacts(NAMES)


def test_maps_that_cannot_be_read_are_named(home):
    (home / "reports/cases/scratch.npz").write_bytes(b"no archive")
    with pytest.raises(LesionError, match=r"scratch\.npz is not as it was written: run `invoke explain`"):
        read.read_artefacts(NAMES)


def test_maps_of_another_number_of_images_are_refused(home):
    path = home / "reports/cases/scratch.npz"
    arrays = dict(np.load(path))
    np.savez(path, **{name: values[1:] for name, values in arrays.items()})
    fake.change(home / EXPLANATIONS)
    with pytest.raises(LesionError, match=r"scratch\.npz"):
        read.read_artefacts(NAMES)


def test_the_maps_are_of_the_method_that_is_shown(home):
    def finer(record):
        record["models"]["mobilenet"]["shown"] = "layercam_16"

    fake.change(home / EXPLANATIONS, finer)
    maps = {model.name: model.maps for model in read.read_artefacts(NAMES).models}
    stored = np.load(home / "reports/cases/mobilenet.npz")
    assert np.array_equal(maps["mobilenet"].fields, stored["layercam_16"]) and maps["mobilenet"].peaks is None
    assert maps["scratch"].fields.shape[1:] == (4, 4) and maps["scratch"].peaks is not None


def test_images_of_other_data_are_refused(home):
    fake.change(home / EXPLANATIONS, lambda record: record.update(data="0123456789abcdef"))
    with pytest.raises(LesionError, match="explanations"):
        read.read_artefacts(NAMES)
