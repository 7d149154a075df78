"""Tables of results: their numbers are those of the artefacts, and what is undefined shows as such."""

import artefacts as fake
import pytest
from pages import METRICS, NAMES, REFERENCES, Page, is_shown, read_json, render

from lesion import store
from lesion.report import page as report
from lesion.report.reading import read
from lesion.tables import write_table

SCORES = ("roc_auc", "accuracy", "recall", "specificity")
MORE = ("precision", "f1", "average_precision", "partial_auc", "balanced_accuracy", "mcc", "brier")


def test_summary_shows_the_figures_of_the_artefacts(home):
    page, metrics = Page(render()), read_json(home, METRICS)
    rows, ends = (shown("Scores on the test images") for shown in (page.table, page.ends))
    models = NAMES | REFERENCES
    assert list(rows) == list(models.values())
    for model, name in models.items():
        scores = metrics["models"][model]["test"]
        assert [bounds for _, bounds in ends[name]] == [scores["intervals"][key] for key in SCORES]
        for cell, key in zip(rows[name], SCORES, strict=True):
            assert is_shown(cell, scores[key], f"{scores[key]:.3f}"), (model, key)
    assert ends["CNN from scratch"][1][0] == "0.818 to 0.873"  # accuracy 170 of 200 = .85, less .0321, plus .0234


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


def test_several_views_of_an_image_are_named_where_its_time_and_its_score_are_explained(home):
    page = Page(render())
    assert "that of scoring all images in 4 views each, start-up included" in page.says("summary")
    assert "A network sees each image 4 times, unchanged and mirrored" in page.says("methods")
    for name in NAMES:
        fake.change(home / f"runs/{name}/evaluation.json", lambda evaluation: evaluation.update(views=1))
    page = Page(render())
    assert "that of scoring all images, start-up included" in page.says("summary")
    assert "looks at each image in" not in page.says("methods")


def test_more_figures_and_their_intervals_are_those_of_the_artefacts(home):
    page, metrics = Page(render()), read_json(home, METRICS)
    rows, ends = page.table("More scores"), page.ends("More scores")
    for model, name in (NAMES | REFERENCES).items():
        scores = metrics["models"][model]["test"]
        for cell, key in zip(rows[name], MORE, strict=True):
            assert is_shown(cell, scores[key], f"{scores[key]:.3f}"), (model, key)
        assert [bounds for _, bounds in ends[name]] == [scores["intervals"][key] for key in MORE]
    best = {name: [place for place, cell in enumerate(cells) if "★" in cell[0]] for name, cells in rows.items()}
    assert best["MobileNetV2"] == [0, 1, 2, 3, 4, 5, 6] and best["CNN from scratch"] == [
        1
    ]  # also of the Brier score, where the lowest is
    # best; F1 is 180/210, 168/196 and 140/195, so a tie of two


def test_best_figure_of_each_column_is_marked_the_highest_score_and_the_lowest_cost(home):
    page = Page(render())
    expected = {
        "Scores on the test images": ([2], [0, 1, 3], []),  # by hand from the counts: sensitivity .90, .84, .70
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
    rows = page.table("Scores on the images that the source publishes")
    assert list(rows) == ["CNN from scratch"] and is_shown(rows["CNN from scratch"][0], 0.5432, "0.543")
    assert page.ends("Scores on the images that")["CNN from scratch"][0][1] == external["intervals"]["roc_auc"]
    assert "leaves these out" not in page.says("external")


def test_external_rows_without_a_sibling_in_the_splits_are_apart_and_are_the_ones_compared(home):
    def add(metrics):
        for name, area in (("scratch", 0.91), ("mobilenet", 0.71)):
            metrics["models"][name]["external"] = store.plain(fake.scores([[90, 10], [10, 90]], 0.95))
            metrics["models"][name]["external_new"] = store.plain(fake.scores([[30, 20], [10, 40]], area))

    fake.change(home / METRICS, add)
    for subset in ("external", "external_new"):
        fake.compare(home / METRICS, subset)
    page = Page(render())
    rows = page.table("Scores on those of these images whose lesions are not")
    assert is_shown(rows["MobileNetV2"][0], 0.71, "0.710") and "leaves these out" in page.says("external")
    preference = read_json(home, METRICS)["preference"]["external_new"][0]
    assert preference in page.says("external") and "CNN from scratch" in preference
    assert page.table("Differences on the external images of new lesions")


def test_undefined_scores_are_shown_as_undefined_and_a_collapsed_model_is_never_the_best(home):
    fake.change(home / METRICS, lambda metrics: fake.collapse(metrics["models"]["scratch"]["test"]))
    fake.compare(home / METRICS, "test")
    page = Page(render())
    rows = page.table("Scores on the test images")
    name, cells = next(each for each in rows.items() if each[0].startswith("CNN from scratch"))
    assert name.endswith("collapsed") and cells[0] == ["undefined", ""]
    assert cells[3] == ["1.000", "1.0"]  # specificity 1, by calling everything benign: no star
    more = next(row for name, row in page.table("More scores").items() if name.startswith("CNN from scratch"))
    assert [more[place] for place in (0, 1, 2, 5)] == [["undefined", ""]] * 4


def test_a_score_without_an_interval_says_so(home):
    fake.change(home / METRICS, lambda metrics: metrics["models"]["scratch"]["test"]["intervals"].update(roc_auc=None))
    page = Page(render())
    assert page.ends("Scores on the test images")["CNN from scratch"][0] == ["interval undefined", []]


# --- beside the networks ----------------------------------------------------------------------------
def test_what_the_networks_are_seen_beside_is_below_the_rule_and_explained(home):
    page = Page(render())
    for caption in ("Scores on the test images", "More scores"):
        assert page.rows_below(caption) == list(REFERENCES.values())
    assert page.rows_below("What each network costs") == []
    said = page.says("summary")
    assert "Frame alone sees the outermost 10 of 224 pixels only" in said  # as it was made, not as it is set now
    assert "Colour alone knows 67 numbers" in said and "mean of their logits" in said
    assert "All networks and colour is that mean, with colour alone as one more network" in said


def test_patients_are_below_the_rule_where_the_source_knows_them(home):
    assert "Age, sex and site" not in Page(render()).says("summary")

    def add(metrics):
        for name in ("patient", "colour_patient"):
            metrics["models"][name] = store.plain(fake.measured(name))
            write_table(home / f"runs/{name}/predictions.csv", fake.predictions(name), decimals=8)

    fake.change(home / METRICS, add)
    fake.take_predictions(home)
    page = Page(render())
    names = [*REFERENCES.values(), "Age, sex and site", "Colour, age, sex and site"]
    assert page.rows_below("Scores on the test images") == names
    assert "Age, sex and site are known without a look at the image." in page.says("summary")
    assert page.values("Scores on the test images", "Age, sex and site")[0][0] == 0.7219


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
    assert page.table("Scores on the test images")["Colour alone"] == [[shown, None]]
    assert "Colour alone" not in page.says("decision") + page.says("subgroups") + page.says("lesions")


def test_no_baseline_at_all_leaves_the_networks_alone(home):
    def drop(metrics):
        for name in REFERENCES:
            del metrics["models"][name]
        metrics["against_colour"] = {}

    fake.change(home / METRICS, drop)
    page = Page(render())
    assert page.rows_below("Scores on the test images") == ["Frame alone", "Colour alone"]
    assert "Below the rule" not in page.says("summary")


def test_external_rows_have_the_baselines_that_were_scored_there_below_the_rule(home):
    def add(metrics):
        for name in ("scratch", "colour"):
            metrics["models"][name]["external"] = store.plain(fake.scores([[50, 50], [40, 60]], 0.5432))

    fake.change(home / METRICS, add)
    page = Page(render())
    assert page.rows_below("Scores on the images that the source publishes") == ["Colour alone"]


def test_scores_per_lesion_are_beside_those_per_image(home):
    page, metrics = Page(render()), read_json(home, METRICS)
    caption = "Scores per image and per lesion on the test images, with 95% intervals"
    assert list(page.table(caption)) == [
        *NAMES.values(), "All networks together", "All networks and colour", "Colour alone",
    ]  # fmt: skip
    pairs = {"roc_auc": "roc_auc", "accuracy": "accuracy", "recall": "sensitivity", "specificity": "specificity"}
    for model, name in NAMES.items():
        test = metrics["models"][model]["test"]
        values, ends = page.values(caption, name)
        per_lesion = [test["lesions"][key] for key in pairs.values()]
        assert values[::2] == [test[key] for key in pairs] and values[1::2] == [each["value"] for each in per_lesion]
        assert ends[::2] == [test["intervals"][key] for key in pairs]
        assert ends[1::2] == [each["interval"] or [] for each in per_lesion]
    areas = {name: metrics["models"][model]["test"]["lesions"]["roc_auc"]["value"] for model, name in NAMES.items()}
    said = page.says("lesions")
    assert "each of the 100 lesions counts once, 46 of them malignant, the ROC-AUC is" in said
    assert all(f"{area:.3f} for {name}" in said for name, area in areas.items())


def test_scores_per_lesion_are_left_out_if_every_lesion_has_one_image(home):
    def single(metrics):
        for model in metrics["models"].values():
            model["test"]["lesions"] = None

    fake.change(home / METRICS, single)
    assert "lesions" not in Page(render()).sections
