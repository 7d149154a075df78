"""Choosing a threshold: scores and intervals as in the artefacts, and thresholds that find less than they should."""

import artefacts as fake
from pages import METRICS, NAMES, Page, read_json, render

POINTS = {"fixed": "same score", "youden": "Youden", "sensitive": "95% sensitivity"}
FLAG = " less than 95%, could be chance"  # of the threshold for 95% sensitivity: it finds 94%
TABLE, PREDICTIVE = "Three thresholds on the test images", "PPV and NPV, with 95% intervals"


def test_operating_points_are_those_of_the_artefacts(home):
    page, metrics = Page(render()), read_json(home, METRICS)
    rows = [f"{name}, {point}" for name in NAMES.values() for point in POINTS.values()]
    assert [name.replace(FLAG, "") for name in page.table(TABLE)] == list(page.table(PREDICTIVE)) == rows
    for model, name in NAMES.items():
        for key, title in POINTS.items():
            point = metrics["models"][model]["test"]["operating"][key]
            middle = point["prevalences"][1]
            flag = FLAG if key == "sensitive" else ""
            values, ends = page.values(TABLE, f"{name}, {title}{flag}")
            assert values == [point["threshold"], point["sensitivity"], point["specificity"], middle["ppv"]]
            bounds = [point["intervals"][rate] for rate in ("sensitivity", "specificity")]
            assert ends[1:] == [*bounds, middle["ppv_interval"]]
    shown = page.table(TABLE)
    assert [text for text, _ in shown[f"CNN from scratch, 95% sensitivity{FLAG}"]][:2] == ["0.000123", "94.0%"]
    # Of 1,000 people 100 have it, .9 of them found: 90; of 900 without it .8 pass, 180 do not; 90 / 270.
    assert [text for text, _ in shown["CNN from scratch, same score"]] == ["0.5", "90.0%", "80.0%", "33.3%"]
    assert page.ends(TABLE)["CNN from scratch, same score"][1][0] == "84.8% to 92.9%"  # -.0517, +.0293


def test_predictive_values_are_those_of_the_artefacts_at_every_prevalence(home):
    page, metrics = Page(render()), read_json(home, METRICS)
    for model, name in NAMES.items():
        for key, title in POINTS.items():
            entries = metrics["models"][model]["test"]["operating"][key]["prevalences"]
            values, ends = page.values(PREDICTIVE, f"{name}, {title}")
            assert values == [entry[kind] for entry in entries for kind in ("ppv", "npv")]
            assert ends == [entry[f"{kind}_interval"] for entry in entries for kind in ("ppv", "npv")]
    # Of 1,000 people 20 have it: 18 found; of 980 without it 784 pass, 196 do not; 18 / 214 and 784 / 786.
    shown = page.table(PREDICTIVE)["CNN from scratch, same score"]
    assert [text for text, _ in shown[:2]] == ["8.4%", "99.7%"]


def test_operating_point_without_an_interval_says_so(home):
    def drop(metrics):
        metrics["models"]["scratch"]["test"]["operating"]["fixed"]["prevalences"][1]["ppv_interval"] = None

    fake.change(home / METRICS, drop)
    assert Page(render()).ends(TABLE)["CNN from scratch, same score"][3] == ["interval undefined", []]


def sensitive(home, value, interval):
    """Set what the threshold for 95% sensitivity finds with the CNN; the others reach 95%."""

    def edit(metrics):
        for model in NAMES:
            point = metrics["models"][model]["test"]["operating"]["sensitive"]
            point["sensitivity"] = 0.95
            if model == "scratch":
                point["sensitivity"], point["intervals"]["sensitivity"] = value, interval

    fake.change(home / METRICS, edit)
    page = Page(render())
    flags = {
        name: name.split("sensitivity ")[1]
        for name in page.table(TABLE)
        if "95% sensitivity " in " ".join(name.split())
    }
    return flags, page.says("threshold")


def test_threshold_that_clearly_finds_less_than_it_was_set_for_is_marked(home):
    flags, text = sensitive(home, 0.86, [0.8, 0.949])
    assert flags == {"CNN from scratch, 95% sensitivity clearly less than 95%": "clearly less than 95%"}
    assert "clearly below it on the test images: CNN from scratch 86.0%." in text


def test_threshold_that_may_find_less_by_chance_only_is_not_called_clearly_below(home):
    flags, text = sensitive(home, 0.94, [0.9, 0.951])
    assert list(flags.values()) == ["less than 95%, could be chance"]
    assert "clearly below" not in text


def test_threshold_that_finds_what_it_was_set_for_is_not_marked(home):
    flags, text = sensitive(home, 0.95, [0.8, 0.99])
    assert not flags and "clearly below" not in text


def test_threshold_that_finds_less_without_an_interval_is_marked_but_not_as_clear(home):
    flags, text = sensitive(home, 0.8, None)
    assert list(flags.values()) == ["less than 95%"]
    assert "clearly below" not in text


def test_counts_at_the_fixed_threshold_are_those_of_the_artefacts(home):
    page = Page(render())
    for model, name in NAMES.items():
        (left_alone, alarms), (missed, hits) = fake.CONFUSION[model]
        counts = page.values("Test images by what they are", name)[0]
        assert counts == [hits, missed, alarms, left_alone]


def test_collapsed_network_is_named_and_has_no_youden_threshold(home):
    fake.change(home / METRICS, lambda metrics: fake.collapse(metrics["models"]["scratch"]["test"]))
    page = Page(render())
    assert "CNN from scratch all 200 images are called benign" in page.table("Test images by what they are")
    assert {text for text, _ in page.table(TABLE)["CNN from scratch, Youden"]} == {"undefined"}


def test_each_measured_network_has_a_slider_and_others_have_none(home):
    (home / "runs/mobilenet/manifest.json").unlink()
    fake.change(home / METRICS, lambda metrics: metrics["models"].pop("mobilenet"))
    attributes = Page(render()).attributes
    panels = [value for _, key, value in attributes if key == "id" and value.startswith("panel-")]
    assert panels == ["panel-scratch", "panel-efficientnet"]
    outcomes = [value for tag, key, value in attributes if (tag, key) == ("a", "data-outcome")]
    assert outcomes == ["found", "missed", "false-alarm", "left-alone"] * 2


def test_prevalences_to_choose_from_are_those_of_the_artefacts(home):
    def edit(metrics):
        metrics["statistics"]["prevalences"] = [0.03, 0.2, 0.6]
        for model in metrics["models"].values():
            for point in model["test"]["operating"].values():
                for entry, share in zip(point["prevalences"], (0.03, 0.2, 0.6), strict=True):
                    entry["prevalence"] = share

    fake.change(home / METRICS, edit)
    page = Page(render())
    choices = [value for tag, key, value in page.attributes if (tag, key) == ("input", "value")]
    assert choices[4:7] == ["0.03", "0.2", "0.6"]
    assert "PPV at 20%" in page.says("threshold")
