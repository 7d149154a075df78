"""Operating points, decision curve and calibration: figures and intervals as in the artefacts."""

import artefacts as fake
from pages import METRICS, NAMES, Page, read_json, render


def test_operating_points_are_those_of_the_artefacts(home):
    page, metrics = Page(render()), read_json(home, METRICS)
    for model, name in NAMES.items():
        caption, points = f"Operating points of {name}", metrics["models"][model]["test"]["operating"]
        assert list(page.table(caption)) == ["as set", "Youden", "95 % sensitivity"]
        for row, point in zip(page.table(caption), points.values(), strict=True):
            wanted = [point[key] for key in ("threshold", "sensitivity", "specificity")]
            wanted += [entry[key] for entry in point["prevalences"] for key in ("ppv", "npv")]
            bounds = [point["intervals"][key] for key in ("sensitivity", "specificity")]
            bounds += [entry[f"{key}_interval"] for entry in point["prevalences"] for key in ("ppv", "npv")]
            values, ends = page.values(caption, row)
            assert values == wanted and ends[1:] == bounds
    shown = page.table("Operating points of CNN from scratch")
    assert shown["95 % sensitivity"][0][0] == "0.000123"
    # Of 1,000 people 20 have it, .9 of them found: 18; of 980 without it .8 pass, 196 do not; 18 / 214 and 784 / 786.
    assert [text for text, _ in shown["as set"][:5]] == ["0.5", "90.0%", "80.0%", "8.4%", "99.7%"]
    assert page.ends("Operating points of CNN from scratch")["as set"][1][0] == "84.8% to 92.9%"  # -.0517, +.0293


def test_operating_point_without_an_interval_says_so(home):
    def drop(metrics):
        metrics["models"]["scratch"]["test"]["operating"]["fixed"]["prevalences"][0]["ppv_interval"] = None

    fake.change(home / METRICS, drop)
    assert Page(render()).ends("Operating points of CNN")["as set"][3] == ["interval undefined", []]


# --- decision curve ---------------------------------------------------------------------------------
def test_net_benefit_is_that_of_the_artefacts(home):
    page, metrics = Page(render()), read_json(home, METRICS)
    caption = "Net benefit on the test split if 12 % are malignant, with 95 % intervals"
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
    assert list(Page(render()).table("Net benefit on the test split"))[:2] == ["MobileNetV2", "EfficientNetB0"]

    def drop(metrics):
        for model in metrics["models"].values():
            model["test"]["decision"] = None

    fake.change(home / METRICS, drop)
    assert "decision" not in Page(render()).sections


# --- calibration ------------------------------------------------------------------------------------
def test_calibration_errors_are_those_of_the_artefacts_with_what_chance_makes(home):
    page, metrics = Page(render()), read_json(home, METRICS)
    caption = "How far the probabilities are off on the test split, with 95 % intervals"
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
    caption = "In which way they are off on the test split, with 95 % intervals"
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
    assert "the share of malignant images in these data (50 % of the test split)" in Page(render()).says("calibration")
