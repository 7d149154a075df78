"""Differences of the models and of kinds of images: as in the artefacts, and only where there are any."""

import artefacts as fake
from pages import METRICS, NAMES, Page, read_json, render


def test_differences_are_those_of_the_artefacts(home):
    page, pairs = Page(render()), read_json(home, METRICS)["comparisons"]["test"]
    keys = {"ROC-AUC": ("difference", "p", "p_corrected", "detectable")}
    keys["accuracy"] = ("difference", "only_first_right", "only_second_right", "p", "p_corrected")
    for metric, columns in keys.items():
        caption, key = f"Differences in {metric} on the test", metric.lower().replace("-", "_")
        rows, ends = page.table(caption), page.ends(caption)
        assert list(rows) == [f"{NAMES[pair['first']]} − {NAMES[pair['second']]}" for pair in pairs] and len(rows) == 3
        for pair, cells, intervals in zip(pairs, rows.values(), ends.values(), strict=True):
            assert [float(value) for _, value in cells] == [pair[key][column] for column in columns]
            assert intervals[0][1] == pair[key]["interval"]
    area, accuracy = (page.table(f"Differences in {metric}") for metric in keys)
    assert area["CNN from scratch − MobileNetV2"][0][0] == "−0.019"  # .9127 - .9318
    assert [text for text, _ in accuracy["CNN from scratch − MobileNetV2"][:3]] == ["−0.010", "21", "13"]  # .85 - .86
    ends = page.ends("Differences in ROC-AUC")
    assert ends["CNN from scratch − MobileNetV2"][0][0] == "−0.044 to +0.006"  # 2 × .0125 to either side
    assert area["CNN from scratch − EfficientNetB0"][1][0] == "< 0.001"  # more than 10 standard errors
    for sentence in read_json(home, METRICS)["preference"]["test"]:
        assert sentence in page.says("comparison")


def test_networks_against_colour_are_those_of_the_artefacts(home):
    page, pairs = Page(render()), read_json(home, METRICS)["against_colour"]["test"]
    caption = "Each network against colour alone: differences in ROC-AUC on the test split, with 95 % intervals"
    names = [*NAMES.values(), "All networks together"]
    assert list(page.table(caption)) == [f"{name} − Colour alone" for name in names]
    for pair, row in zip(pairs, page.table(caption), strict=True):
        figures = pair["roc_auc"]
        values, ends = page.values(caption, row)
        assert values == [figures[key] for key in ("difference", "p", "p_corrected", "detectable")]
        assert ends[0] == figures["interval"]
    assert page.table(caption)["CNN from scratch − Colour alone"][0][0] == "+0.058"  # .9127 - .8544
    assert page.table(caption)["CNN from scratch − Colour alone"][3][0] == "0.035"  # 2.8 × .0125


def test_comparison_says_how_many_lesions_there_are_and_what_they_could_show(home):
    fake.change(home / METRICS, lambda metrics: metrics["statistics"].update(power=0.9))
    said = Page(render()).says("comparison")
    assert "There are 100 lesions to test on, 46 malignant and 54 benign." in said
    assert "would find with a chance of 90 %" in said


def test_difference_that_cannot_be_found_is_undefined(home):
    def drop(metrics):
        metrics["comparisons"]["test"][0]["roc_auc"]["detectable"] = None

    fake.change(home / METRICS, drop)
    row = Page(render()).table("Differences in ROC-AUC on the test")["CNN from scratch − MobileNetV2"]
    assert row[3] == ["undefined", ""]


def test_single_network_is_compared_with_colour_alone(home):
    page = Page(render(["mobilenet"]))
    assert list(page.table("Each network against colour alone")) == ["MobileNetV2 − Colour alone"]
    assert not any(caption.startswith("Differences in accuracy") for caption in page.tables)
    for section in ("answer", "summary", "comparison", "subgroups", "decision"):
        assert "CNN from scratch" not in page.says(section), section
        assert "All networks together" not in page.says(section), section


def test_subgroups_are_those_of_the_artefacts(home):
    page, metrics = Page(render()), read_json(home, METRICS)
    caption = "ROC-AUC on kinds of test images, with 95 % intervals"
    rows = page.table(caption)
    assert list(rows)[:2] == ["Photographs of the lesion: one", "Photographs of the lesion: several"]
    for group, row in zip(metrics["subgroups"], rows, strict=True):
        areas = [group["roc_auc"][name] for name in (*NAMES, "colour")]
        values, ends = page.values(caption, row)
        sizes = [group["size"][key] for key in ("rows", "lesions", "malignant_lesions")]
        assert values == [*sizes, *(area["value"] for area in areas)]
        assert ends[3:] == [area["interval"] or [] for area in areas]
    assert rows["Photographs of the lesion: one"][3][0] == "0.943"  # .9127 + .03
    assert rows["Sex: unknown"][3] == ["undefined", ""]


def test_differences_of_subgroups_are_those_of_the_artefacts(home):
    page, metrics = Page(render()), read_json(home, METRICS)
    caption = "Differences in ROC-AUC between two kinds, with 95 % intervals"
    assert list(page.table(caption)) == ["Photographs of the lesion: one − several", "Sex: female − male"]
    for difference, row in zip(metrics["subgroup_differences"], page.table(caption), strict=True):
        areas = [difference["roc_auc"][name] for name in (*NAMES, "colour")]
        values, ends = page.values(caption, row)
        assert values == [area["value"] for area in areas] and ends == [area["interval"] for area in areas]
    assert page.table(caption)["Sex: female − male"][0][0] == "+0.013"  # .9127 - .9


def test_subgroups_are_left_out_if_there_are_none(home):
    fake.change(home / METRICS, lambda metrics: metrics.update(subgroups=[], subgroup_differences=[]))
    assert "subgroups" not in Page(render()).sections
