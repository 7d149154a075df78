"""Tables of results: their numbers are those of the artefacts, and what is undefined shows as such."""

import artefacts as fake
from pages import METRICS, NAMES, Page, is_shown, read_json, render

from lesion import store

SCORES = ("accuracy", "precision", "recall", "specificity", "f1", "roc_auc")


def test_summary_shows_the_figures_of_the_artefacts(home):
    page, metrics = Page(render()), read_json(home, METRICS)
    rows, ends = (shown("Figures of each model on the test split") for shown in (page.table, page.ends))
    assert list(rows) == list(NAMES.values())
    for model, name in NAMES.items():
        scores = metrics["models"][model]["test"]
        assert [bounds for _, bounds in ends[name]] == [scores["intervals"][key] for key in SCORES]
        for cell, key in zip(rows[name], SCORES, strict=True):
            assert is_shown(cell, scores[key], f"{scores[key]:.3f}"), (model, key)
    assert ends["CNN from scratch"][0][0] == "0.818 to 0.873"  # accuracy 170 of 200 = .85, less .0321, plus .0234


def test_costs_are_those_of_the_artefacts(home):
    rows = Page(render()).table("What each model costs")
    for model, name in NAMES.items():
        run, evaluation = (read_json(home, f"runs/{model}/{file}.json") for file in ("manifest", "evaluation"))
        costs = [run["parameters"]["total"], run["size_bytes"], run["seconds"], evaluation["seconds_per_image"]]
        assert [float(cell[1]) for cell in rows[name]] == costs
    assert [cell[0].split("★")[0] for cell in rows["CNN from scratch"]] == [
        "618,017", "2.5 MB", "5 min 10 s", "12.1 ms",
    ]  # fmt: skip


def test_more_figures_and_their_intervals_are_those_of_the_artefacts(home):
    page, metrics = Page(render()), read_json(home, METRICS)
    rows, ends = page.table("More figures"), page.ends("More figures")
    keys = ("average_precision", "partial_auc", "balanced_accuracy", "mcc", "brier")
    for model, name in NAMES.items():
        scores = metrics["models"][model]["test"]
        for cell, key in zip(rows[name], keys, strict=True):
            assert is_shown(cell, scores[key], f"{scores[key]:.3f}"), (model, key)
        assert [bounds for _, bounds in ends[name]] == [scores["intervals"][key] for key in keys]
    best = {name: [place for place, cell in enumerate(cells) if "★" in cell[0]] for name, cells in rows.items()}
    assert best["MobileNetV2"] == [0, 1, 2, 3, 4]  # also of the Brier score, where the lowest is best


def test_differences_are_those_of_the_artefacts(home):
    page, pairs = Page(render()), read_json(home, METRICS)["comparisons"]["test"]
    keys = {"ROC-AUC": ("difference", "p", "p_corrected")}
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


def test_best_figure_of_each_column_is_marked_the_highest_score_and_the_lowest_cost(home):
    page = Page(render())
    expected = {
        # By hand from the counts: sensitivity .90, .84, .70; F1 180/210, 168/196, 140/195, so a tie of two.
        "Figures of each model on the test split": ([2, 4], [0, 1, 3, 4, 5], []),
        "What each model costs": ([0, 1], [2, 3], []),
    }
    for caption, best in expected.items():
        rows = page.table(caption)
        marked = {name: [place for place, cell in enumerate(cells) if "★" in cell[0]] for name, cells in rows.items()}
        assert marked == dict(zip(NAMES.values(), best, strict=True))
        assert all("(best)" in cell[0] for cells in rows.values() for cell in cells if "★" in cell[0])


def test_external_results_are_apart_and_shown_only_if_there_are_any(home):
    assert "external" not in Page(render()).sections
    external = store.plain(fake.scores([[50, 50], [40, 60]], 0.5432))
    fake.change(home / METRICS, lambda value: value["models"]["scratch"].update(external=external))
    page = Page(render())
    rows = page.table("Figures of each model on the rows the source publishes")
    assert is_shown(rows["CNN from scratch"][5], 0.5432, "0.543")
    assert page.ends("Figures of each model on the rows")["CNN from scratch"][5][1] == external["intervals"]["roc_auc"]
    assert "no scores on the external split" in rows["MobileNetV2"][0][0]
    assert "no sibling" not in page.says("external")


def test_external_rows_without_a_sibling_in_the_splits_are_apart_and_are_the_ones_compared(home):
    def add(metrics):
        for name, area in (("scratch", 0.91), ("mobilenet", 0.71)):
            metrics["models"][name]["external"] = store.plain(fake.scores([[90, 10], [10, 90]], 0.95))
            metrics["models"][name]["external_new"] = store.plain(fake.scores([[30, 20], [10, 40]], area))

    fake.change(home / METRICS, add)
    for subset in ("external", "external_new"):
        fake.compare(home / METRICS, subset)
    page = Page(render())
    rows = page.table("The same on those of these rows that have no sibling")
    assert is_shown(rows["MobileNetV2"][5], 0.71, "0.710")
    assert "Prefer CNN from scratch: the data support that it ranks better than MobileNetV2." in page.says("external")
    assert page.table("Differences in accuracy on the external rows without a sibling")


def test_undefined_figures_are_shown_as_undefined_and_a_collapsed_model_is_never_the_best(drawn):
    fake.change(drawn / METRICS, lambda metrics: fake.collapse(metrics["models"]["scratch"]["test"]))
    fake.compare(drawn / METRICS, "test")
    page = Page(render())
    rows = page.table("Figures of each model on the test split")
    name, cells = next(each for each in rows.items() if each[0].startswith("CNN from scratch"))
    assert name.endswith("collapsed")
    assert [cells[place] for place in (1, 4, 5)] == [["undefined", ""]] * 3
    assert cells[3] == ["1.000", "1.0"]  # specificity 1, by calling everything benign: no star
    assert page.table("CNN from scratch by class")["malignant"][0] == ["undefined", ""]
    assert "Collapsed: all 200 images are called benign" in page.says("confusion")
    assert "undefined" in page.says("roc")
    more = next(row for name, row in page.table("More figures").items() if name.startswith("CNN from scratch"))
    assert [more[place] for place in (0, 3)] == [["undefined", ""]] * 2
    assert page.table("Operating points of CNN from scratch")["Youden"] == [["undefined", ""]] * 9
    assert page.table("Differences in ROC-AUC")["CNN from scratch − MobileNetV2"][0] == ["undefined", ""]
    assert "CNN from scratch: no temperature was fitted, since the pred" in page.says("calibration")
    assert "CNN from scratch has collapsed: all 200 images are called benign." in page.says("answer")


def test_a_figure_without_an_interval_says_so(home):
    def drop(metrics):
        metrics["models"]["scratch"]["test"]["intervals"]["roc_auc"] = None
        for pair in metrics["comparisons"]["test"]:
            pair["accuracy"]["interval"] = None

    fake.change(home / METRICS, drop)
    page = Page(render())
    assert page.ends("Figures of each model on the test split")["CNN from scratch"][5] == ["interval undefined", []]
    assert page.ends("Differences in accuracy")["CNN from scratch − MobileNetV2"][0] == ["interval undefined", []]
    assert "CNN from scratch 0.913 (95 % interval undefined)" in page.says("answer")
