"""Tables of results: their numbers are those of the artefacts, and what is undefined shows as such."""

import artefacts as fake
import pytest
from pages import METRICS, NAMES, REFERENCES, Page, is_shown, read_json, render

from lesion import store
from lesion.report import page as report
from lesion.report import read

SCORES = ("accuracy", "precision", "recall", "specificity", "f1", "roc_auc")


def test_summary_shows_the_figures_of_the_artefacts(home):
    page, metrics = Page(render()), read_json(home, METRICS)
    rows, ends = (shown("Figures of each model on the test split") for shown in (page.table, page.ends))
    models = NAMES | REFERENCES
    assert list(rows) == list(models.values())
    for model, name in models.items():
        scores = metrics["models"][model]["test"]
        assert [bounds for _, bounds in ends[name]] == [scores["intervals"][key] for key in SCORES]
        for cell, key in zip(rows[name], SCORES, strict=True):
            assert is_shown(cell, scores[key], f"{scores[key]:.3f}"), (model, key)
    assert ends["CNN from scratch"][0][0] == "0.818 to 0.873"  # accuracy 170 of 200 = .85, less .0321, plus .0234


def test_costs_are_those_of_the_artefacts(home):
    rows = Page(render()).table("What each network costs")
    assert list(rows) == list(NAMES.values())
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
    for model, name in (NAMES | REFERENCES).items():
        scores = metrics["models"][model]["test"]
        for cell, key in zip(rows[name], keys, strict=True):
            assert is_shown(cell, scores[key], f"{scores[key]:.3f}"), (model, key)
        assert [bounds for _, bounds in ends[name]] == [scores["intervals"][key] for key in keys]
    best = {name: [place for place, cell in enumerate(cells) if "★" in cell[0]] for name, cells in rows.items()}
    assert best["MobileNetV2"] == [0, 1, 2, 3, 4]  # also of the Brier score, where the lowest is best


def test_best_figure_of_each_column_is_marked_the_highest_score_and_the_lowest_cost(home):
    page = Page(render())
    expected = {
        # By hand from the counts: sensitivity .90, .84, .70; F1 180/210, 168/196, 140/195, so a tie of two.
        "Figures of each model on the test split": ([2, 4], [0, 1, 3, 4, 5], []),
        "What each network costs": ([0, 1], [2, 3], []),
    }
    for caption, best in expected.items():
        rows = page.table(caption)
        marked = {name: [place for place, cell in enumerate(cells) if "★" in cell[0]] for name, cells in rows.items()}
        assert marked == dict(zip(NAMES.values(), best, strict=True)) | {name: [] for name in page.rows_below(caption)}
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
    preference = read_json(home, METRICS)["preference"]["external_new"][0]
    assert preference in page.says("external") and "CNN from scratch" in preference
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


# --- beside the networks ----------------------------------------------------------------------------
def test_what_the_networks_are_seen_beside_is_below_the_rule_and_explained(home):
    page = Page(render())
    for caption in ("Figures of each model on the test", "More figures"):
        assert page.rows_below(caption) == list(REFERENCES.values())
    assert page.rows_below("What each network costs") == []
    said = page.says("summary")
    assert "Frame alone sees the outermost 10 of 224 pixels only" in said  # as it was made, not as it is set now
    assert "Colour alone knows 67 numbers" in said and "mean of their logits" in said


def test_patients_are_below_the_rule_where_the_source_knows_them(home):
    assert "Age, sex and site" not in Page(render()).says("summary")

    def add(metrics):
        for name in ("patient", "colour_patient"):
            metrics["models"][name] = store.plain(fake.measured(name))

    fake.change(home / METRICS, add)
    page = Page(render())
    names = [*REFERENCES.values(), "Age, sex and site", "Colour, age, sex and site"]
    assert page.rows_below("Figures of each model on the test") == names
    assert "Age, sex and site are known without a look at the picture." in page.says("summary")
    assert page.values("Figures of each model on the test", "Age, sex and site")[0][5] == 0.7219


@pytest.mark.parametrize(
    ("missing", "shown"),
    [
        ({"colour": "not trained: run `invoke baseline`"}, "Missing: not trained: run invoke baseline"),
        ({}, "Missing: not in reports/metrics.json: run invoke baseline, then invoke evaluate"),
    ],
)
def test_missing_baseline_is_shown_in_its_row_and_is_no_failure(home, missing, shown):
    def drop(metrics):
        del metrics["models"]["colour"]
        metrics["missing"].update(missing)
        metrics["against_colour"] = {}

    fake.change(home / METRICS, drop)
    artefacts = read.read_artefacts(tuple(NAMES))
    assert artefacts.failures == []
    page = Page(report.render(artefacts))
    assert page.table("Figures of each model on the test split")["Colour alone"] == [[shown, None]]
    assert shown.removeprefix("Missing: ") in page.says("warnings")
    assert "Colour alone" not in page.says("decision") + page.says("roc") + page.says("subgroups")


def test_no_baseline_at_all_leaves_the_networks_alone(home):
    def drop(metrics):
        for name in REFERENCES:
            del metrics["models"][name]
        metrics["against_colour"] = {}

    fake.change(home / METRICS, drop)
    page = Page(render())
    assert page.rows_below("Figures of each model on the test split") == ["Frame alone", "Colour alone"]
    assert "Below the rule" not in page.says("summary") and "against colour" not in page.says("comparison")


def test_external_rows_have_the_baselines_that_were_scored_there_below_the_rule(home):
    def add(metrics):
        for name in ("scratch", "colour"):
            metrics["models"][name]["external"] = store.plain(fake.scores([[50, 50], [40, 60]], 0.5432))

    fake.change(home / METRICS, add)
    page = Page(render())
    assert page.rows_below("Figures of each model on the rows the source publishes") == ["Colour alone"]


def test_scores_per_lesion_are_beside_those_per_image(home):
    page, metrics = Page(render()), read_json(home, METRICS)
    caption = "Scores per image and per lesion on the test split, with 95 % intervals"
    assert list(page.table(caption)) == [*NAMES.values(), "All networks together", "Colour alone"]
    pairs = {"roc_auc": "roc_auc", "accuracy": "accuracy", "recall": "sensitivity", "specificity": "specificity"}
    for model, name in NAMES.items():
        test = metrics["models"][model]["test"]
        values, ends = page.values(caption, name)
        per_lesion = [test["lesions"][key] for key in pairs.values()]
        assert values[::2] == [test[key] for key in pairs] and values[1::2] == [each["value"] for each in per_lesion]
        assert ends[::2] == [test["intervals"][key] for key in pairs]
        assert ends[1::2] == [each["interval"] or [] for each in per_lesion]
    assert "each of the 100 lesions counts once, 46 of them malignant" in page.says("lesions")


def test_scores_per_lesion_are_left_out_if_every_lesion_has_one_image(home):
    def single(metrics):
        for model in metrics["models"].values():
            model["test"]["lesions"] = None

    fake.change(home / METRICS, single)
    assert "lesions" not in Page(render()).sections
