"""Decision curve and calibration: scores and intervals as in the artefacts, and sentences that follow from them."""

import artefacts as fake
import pytest
from pages import METRICS, NAMES, Page, read_json, render


# --- decision curve ---------------------------------------------------------------------------------
def test_net_benefit_is_that_of_the_artefacts(home):
    page, metrics = Page(render()), read_json(home, METRICS)
    caption = "Net benefit on the test images if 12% are malignant, with 95% intervals"
    places = [4, 9, 14, 19, 24, 29]  # of the thresholds 1 %, 2 %, ... 30 %
    assert page.rows_below(caption) == ["All networks together", "Colour alone", "Call all malignant"]
    for model, name in {**NAMES, "together": "All networks together", "colour": "Colour alone"}.items():
        curve = metrics["models"][model]["test"]["decision"]
        values, ends = page.values(caption, name)
        assert values == [curve["net_benefit"][place] for place in places]
        assert ends == [[curve["low"][place], curve["high"][place]] for place in places]
        assert page.values(caption, "Call all malignant")[0] == [curve["act_on_all"][place] for place in places]
    # .12 malignant and .88 benign; at 5 % a false alarm costs 1/19, at 30 % 3/7.
    assert [text for text, _ in page.table(caption)["Call all malignant"]][::5] == ["0.074", "−0.257"]
    assert "Threshold 5%" in page.says("decision")


def test_model_without_a_decision_curve_is_left_out(home):
    fake.change(home / METRICS, lambda metrics: metrics["models"]["scratch"]["test"].update(decision=None))
    assert list(Page(render()).table("Net benefit on the test images"))[:2] == ["MobileNetV2", "EfficientNetB0"]

    def drop(metrics):
        for model in metrics["models"].values():
            model["test"]["decision"] = None

    fake.change(home / METRICS, drop)
    assert "decision" not in Page(render()).sections


# --- calibration ------------------------------------------------------------------------------------
def test_calibration_errors_are_those_of_the_artefacts_with_what_chance_makes(home):
    page, metrics = Page(render()), read_json(home, METRICS)
    caption = "How far the scores are off, with 95% intervals"
    for row, record in calibrations(metrics):
        error, floor, ici, ici_floor = (
            record[key] for key in ("expected_calibration_error", "error_floor", "ici", "ici_floor")
        )
        values, ends = page.values(caption, row)
        assert values == [error, floor["mean"], floor["high"], ici["value"], ici_floor["mean"], ici_floor["high"]]
        assert ends[3] == ici["interval"]
    shown = [text for text, _ in page.table(caption)["CNN from scratch, without temperature"][:3]]
    assert shown == ["0.082", "0.071", "0.102"]  # .0815, less .0108, plus .0209


def test_direction_of_the_calibration_is_that_of_the_artefacts(home):
    page, metrics = Page(render()), read_json(home, METRICS)
    caption = "In which way the scores are off, with 95% intervals"
    for row, record in calibrations(metrics):
        values, ends = page.values(caption, row)
        assert values[1:] == [record["brier"], record["intercept"]["value"], record["slope"]["value"]]
        assert ends[2:] == [record["intercept"]["interval"], record["slope"]["interval"]]
    rows = page.table(caption)
    assert [text for text, _ in rows["CNN from scratch, without temperature"]] == ["none", "0.075", "−0.080", "0.920"]
    assert [text for text, _ in rows["CNN from scratch, with temperature"]] == ["1.450", "0.069", "−0.020", "0.980"]
    assert page.ends(caption)["CNN from scratch, without temperature"][2][0] == "−0.390 to +0.210"


def calibrations(metrics):
    """Yield (name of the row, record of its calibration)."""
    for model, name in NAMES.items():
        record = metrics["models"][model]["test"]["calibration"]
        yield f"{name}, without temperature", record["before"]
        yield f"{name}, with temperature", record["after"]


def test_calibration_says_for_which_share_of_malignant_images_it_holds(home):
    assert "the share of malignant images in these data (50% of the test images)" in Page(render()).says("calibration")


@pytest.mark.parametrize(
    ("before", "after", "intercept", "sentence"),
    [
        (0.147, 0.159, [-1.2, -0.4],
         "The temperature of CNN from scratch does not help: its calibration error goes from 0.147 to 0.159. "
         "Its scores are too high overall: a temperature cannot mend a shift."),
        (0.0302, 0.0304, [0.1, 0.5],
         "The temperature of CNN from scratch changes nothing: its calibration error stays at 0.030. "
         "Its scores are too low overall: a temperature cannot mend a shift."),
        (0.159, 0.147, [-0.4, 0.4],
         "The temperature of CNN from scratch helps: its calibration error goes from 0.159 to 0.147. "),
        (0.159, 0.04, None,
         "The temperature of CNN from scratch helps: its calibration error goes from 0.159 to 0.040, "
         "no more than chance makes. "),
    ],
)  # fmt: skip
def test_sentence_says_what_the_temperature_does(home, before, after, intercept, sentence):
    def edit(metrics):
        record = metrics["models"]["scratch"]["test"]["calibration"]
        record["before"]["expected_calibration_error"] = before
        record["after"]["expected_calibration_error"] = after
        record["after"]["error_floor"]["high"] = 0.05
        record["after"]["intercept"]["interval"] = intercept

    fake.change(home / METRICS, edit)
    said = Page(render()).says("calibration")
    assert sentence in said
    rest = said.split("The temperature of CNN from scratch")[1].split("MobileNetV2")[0]
    assert ("cannot mend a shift" in rest) == ("cannot mend a shift" in sentence)


def test_reason_why_no_temperature_was_fitted_is_given_and_the_network_has_one_row(home):
    fake.change(home / METRICS, lambda metrics: fake.collapse(metrics["models"]["scratch"]["test"]))
    page = Page(render())
    assert "CNN from scratch: no temperature was fitted, since the predictions are constant." in page.says(
        "calibration"
    )
    assert "CNN from scratch, with temperature" not in page.table("How far the scores are off")
