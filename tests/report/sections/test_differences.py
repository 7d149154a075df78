"""Differences of the networks and of kinds of images: as in the artefacts, and only where there are any."""

import artefacts as fake
from bodies import show
from pages import METRICS, NAMES, Page, read_json

PAIRS = "Differences on the test images, with 95% intervals"
COLOUR = "Each minus colour alone, with 95% intervals"


def comparison(models=tuple(NAMES)):
    return Page(show("comparison", models=models))


def test_differences_are_those_of_the_artefacts_with_what_they_are_worth(home):
    page, pairs = comparison(), read_json(home, METRICS)["comparisons"]["test"]
    rows = page.table(PAIRS)
    assert list(rows) == [f"{NAMES[pair['first']]} − {NAMES[pair['second']]}" for pair in pairs] and len(rows) == 3
    for pair, row in zip(pairs, rows, strict=True):
        values, ends = page.values(PAIRS, row)
        area, accuracy = pair["roc_auc"], pair["accuracy"]
        assert values == [
            area["difference"],
            area["p_corrected"],
            None,
            accuracy["difference"],
            accuracy["p_corrected"],
            None,
        ]
        assert ends[0] == area["interval"] and ends[3] == accuracy["interval"]
    texts = {name: [text for text, _ in row] for name, row in rows.items()}
    assert texts["CNN from scratch − MobileNetV2"] == [  # .9127 - .9318 and .85 - .86
        "−0.019", "0.380", "could be chance", "−0.010", "1.000", "could be chance",
    ]  # fmt: skip
    assert texts["CNN from scratch − EfficientNetB0"][1:3] == ["< 0.001", "more than chance"]
    ends = page.ends(PAIRS)
    assert ends["CNN from scratch − MobileNetV2"][0][0] == "−0.044 to +0.006"  # 2 × .0125 to either side


def test_networks_against_colour_are_those_of_the_artefacts(home):
    page, pairs = comparison(), read_json(home, METRICS)["against_colour"]["test"]
    assert list(page.table(COLOUR)) == [*NAMES.values(), "All networks together"]
    for pair, row in zip(pairs, page.table(COLOUR), strict=True):
        values, ends = page.values(COLOUR, row)
        assert values == [pair["roc_auc"]["difference"], pair["roc_auc"]["p_corrected"], None]
        assert ends[0] == pair["roc_auc"]["interval"]
    assert page.table(COLOUR)["CNN from scratch"][0][0] == "+0.058"  # .9127 - .8544
    assert page.table(COLOUR)["EfficientNetB0"][2][0] == "more than chance"  # and worse, as its sign says


def test_comparison_says_in_one_line_which_difference_the_lesions_could_show(home):
    fake.change(home / METRICS, lambda metrics: metrics["statistics"].update(power=0.9))
    wanted = "With these 100 lesions, 46 of them malignant, a test has a chance of 90% to find a difference in ROC-AUC"
    assert f"{wanted} of 0.035." in comparison().says("comparison")  # 2.8 × .0125

    def vary(metrics):
        metrics["comparisons"]["test"][0]["roc_auc"]["detectable"] = 0.0214
        metrics["comparisons"]["test"][1]["roc_auc"]["detectable"] = None

    fake.change(home / METRICS, vary)
    assert f"{wanted} of 0.021 to 0.035, depending on the pair." in comparison().says("comparison")


def test_a_difference_that_is_undefined_is_not_judged(home):
    fake.change(home / METRICS, lambda metrics: fake.collapse(metrics["models"]["scratch"]["test"]))
    fake.compare(home / METRICS, "test")
    row = comparison().table(PAIRS)["CNN from scratch − MobileNetV2"]
    assert [text for text, _ in row[:3]] == ["undefined", "undefined", "cannot be judged"]


def test_single_network_is_compared_with_colour_alone(home):
    page = comparison(["mobilenet"])
    assert list(page.table(COLOUR)) == ["MobileNetV2"] and PAIRS not in page.tables
    said = Page(show("comparison", "subgroups", models=["mobilenet"]))
    for section in ("comparison", "subgroups"):
        assert "CNN from scratch" not in said.says(section) and "All networks together" not in said.says(section)

    def drop(metrics):
        del metrics["models"]["colour"]
        metrics["against_colour"] = {}

    fake.change(home / METRICS, drop)
    assert "comparison" not in comparison(["mobilenet"]).sections


def test_comparison_says_how_to_run_a_study(home):
    assert "invoke study, with the same options, compares the networks" in comparison().says("comparison")


def test_subgroups_are_those_of_the_artefacts_below_the_whole(home):
    page, metrics = Page(show("subgroups")), read_json(home, METRICS)
    caption = "ROC-AUC on kinds of test images, with 95% intervals"
    whole, *rows = page.table(caption)
    assert rows[:2] == ["Photographs of the lesion: one", "Photographs of the lesion: several"]
    for group, row in zip(metrics["subgroups"], rows, strict=True):
        areas = [group["roc_auc"][name] for name in (*NAMES, "colour")]
        values, ends = page.values(caption, row)
        sizes = [group["size"][key] for key in ("rows", "malignant_lesions")]
        assert values == [*sizes, *(area["value"] for area in areas)]
        assert ends[2:] == [area["interval"] or [] for area in areas]
    assert page.table(caption)["Photographs of the lesion: one"][2][0] == "0.943"  # .9127 + .03
    assert page.table(caption)["Sex: unknown"][2] == ["undefined", ""]
    assert page.values(caption, whole)[0] == [200, 46, *(fake.AREAS[name] for name in (*NAMES, "colour"))]


def test_kinds_sum_to_the_whole_with_what_is_left_out(home):
    caption = "ROC-AUC on kinds of test images"
    images = {name: int(row[0][0]) for name, row in Page(show("subgroups")).table(caption).items()}
    for factor in ("Photographs of the lesion: ", "Sex: "):
        assert sum(rows for name, rows in images.items() if name.startswith(factor)) == images["All test images"]
    assert "left out" not in show("subgroups")
    fake.change(home / METRICS, lambda metrics: metrics["subgroups"].pop())
    assert "In no kind, as unknown or too few: 30 images by sex." in Page(show("subgroups")).says("subgroups")


def test_differences_of_subgroups_are_those_of_the_artefacts(home):
    page, metrics = Page(show("subgroups")), read_json(home, METRICS)
    caption = "Differences in ROC-AUC between two kinds, with 95% intervals"
    assert list(page.table(caption)) == ["Photographs of the lesion: one − several", "Sex: female − male"]
    for difference, row in zip(metrics["subgroup_differences"], page.table(caption), strict=True):
        areas = [difference["roc_auc"][name] for name in (*NAMES, "colour")]
        values, ends = page.values(caption, row)
        assert values == [area["value"] for area in areas] and ends == [area["interval"] for area in areas]
    assert page.table(caption)["Sex: female − male"][0][0] == "+0.013"  # .9127 - .9


def test_subgroups_are_left_out_if_there_are_none(home):
    fake.change(home / METRICS, lambda metrics: metrics.update(subgroups=[], subgroup_differences=[]))
    assert "subgroups" not in Page(show("subgroups")).sections
