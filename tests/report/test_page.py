"""The report: its numbers are those of the artefacts, and what is missing, stale or hostile shows as such."""

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import artefacts as fake
import jinja2
import pytest

from lesion import config
from lesion.errors import LesionError
from lesion.report import page as report
from lesion.report import plots

NAMES = {"scratch": "CNN from scratch", "mobilenet": "MobileNetV2", "efficientnet": "EfficientNetB0"}
SCORES = ("accuracy", "precision", "recall", "specificity", "f1", "roc_auc")
METRICS, MANIFEST, EXPLANATIONS = "reports/metrics.json", "data/manifest.json", "reports/explanations.json"
HOSTILE = "<script>alert(1)</script>"
SVG = plots.svg
VOID = {"meta", "img", "br", "link"}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder with every artefact in place, for copies only."""
    folder = tmp_path_factory.mktemp("written")
    fake.write_all(folder)
    return folder


@pytest.fixture
def home(written, tmp_path, monkeypatch):
    """A folder with every artefact in place, which the settings point to."""
    home = shutil.copytree(written, tmp_path / "home")
    monkeypatch.setattr(config, "HOME", home)
    for name in ("DATA", "RUNS", "REPORTS"):
        monkeypatch.setattr(config, name, home / name.lower())
    monkeypatch.setattr(plots, "svg", lambda figure, name: f"<svg><title>{name}</title></svg>")
    return home


@pytest.fixture
def drawn(home, monkeypatch):
    """As `home`, with the figures drawn, which takes most of the time of a report."""
    monkeypatch.setattr(plots, "svg", SVG)
    return home


def render():
    return report.render(report.read_artefacts(config.NETWORKS))


class Page(HTMLParser):
    """Text by section, tables as {caption: {row head: [(text, data-value)]}}, and all attributes.

    What stands in a cell as its interval is kept apart, in `intervals`, as {caption: {row head: [(texts, values)]}}.
    """

    def __init__(self, html):
        super().__init__()
        self.sections, self.tables, self.intervals, self.attributes, self.open = {}, {}, {}, [], []
        self.inside = None  # how deep the element of the interval is that is open
        self.section = self.caption = self.head = ""
        self.feed(html)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.attributes += [(tag, *each) for each in attributes]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "section":
            self.section = values["id"]
        elif tag == "caption":
            self.caption = ""
        elif tag == "tr":
            self.head = ""
        elif tag == "td":
            row = self.tables.setdefault(self.caption.strip(), {}).setdefault(self.head.strip(), [])
            row.append(["", values.get("data-value")])
            ends = self.intervals.setdefault(self.caption.strip(), {}).setdefault(self.head.strip(), [])
            ends.append(["", []])
        elif tag == "span" and values.get("class") == "interval":
            self.inside = len(self.open)
        elif tag == "span" and self.inside and "data-value" in values:
            self._ends()[1].append(float(values["data-value"]))

    def _ends(self):
        return self.intervals[self.caption.strip()][self.head.strip()][-1]

    def handle_endtag(self, tag):
        if len(self.open) == self.inside:
            self.inside = None
        assert self.open.pop() == tag
        if tag == "td":
            cell = self.tables[self.caption.strip()][self.head.strip()][-1]
            cell[0] = cell[0].strip()

    def handle_startendtag(self, tag, attributes):
        self.attributes += [(tag, *each) for each in attributes]

    def handle_data(self, data):
        self.sections[self.section] = self.sections.get(self.section, "") + data
        if "caption" in self.open:
            self.caption += data
        elif self.inside:
            self._ends()[0] += data
        elif "td" in self.open:
            self.tables[self.caption.strip()][self.head.strip()][-1][0] += data
        elif "th" in self.open:
            self.head += data

    def table(self, start):
        return next(rows for caption, rows in self.tables.items() if caption.startswith(start))

    def ends(self, start):
        return next(rows for caption, rows in self.intervals.items() if caption.startswith(start))

    def says(self, section):
        return " ".join(self.sections[section].split())


def read(home, name):
    return json.loads((home / name).read_text())


def is_shown(cell, value, text):
    return float(cell[1]) == value and cell[0].split("★")[0] == text


# --- numbers --------------------------------------------------------------------------------------


def test_summary_shows_the_figures_of_the_artefacts(home):
    page, metrics = Page(render()), read(home, METRICS)
    rows, ends = (shown("Figures of each model on the test split") for shown in (page.table, page.ends))
    assert list(rows) == list(NAMES.values())
    for model, name in NAMES.items():
        scores = metrics["models"][model]["test"]
        assert [found for _, found in ends[name]] == [scores["intervals"][key] for key in SCORES]
        for cell, key in zip(rows[name], SCORES, strict=True):
            assert is_shown(cell, scores[key], f"{scores[key]:.3f}"), (model, key)
    assert ends["CNN from scratch"][0][0] == "0.818 to 0.873"  # accuracy 170 of 200 = .85, less .0321, plus .0234


def test_costs_are_those_of_the_artefacts(home):
    rows = Page(render()).table("What each model costs")
    for model, name in NAMES.items():
        run, evaluation = (read(home, f"runs/{model}/{file}.json") for file in ("manifest", "evaluation"))
        costs = [run["parameters"]["total"], run["size_bytes"], run["seconds"], evaluation["seconds_per_image"]]
        assert [float(cell[1]) for cell in rows[name]] == costs
    assert [cell[0].split("★")[0] for cell in rows["CNN from scratch"]] == [
        "618,017", "2.5 MB", "5 min 10 s", "12.1 ms",
    ]  # fmt: skip


def test_more_figures_and_their_intervals_are_those_of_the_artefacts(home):
    page, metrics = Page(render()), read(home, METRICS)
    rows, ends = page.table("More figures"), page.ends("More figures")
    keys = ("average_precision", "partial_auc", "balanced_accuracy", "mcc", "brier")
    for model, name in NAMES.items():
        scores = metrics["models"][model]["test"]
        for cell, key in zip(rows[name], keys, strict=True):
            assert is_shown(cell, scores[key], f"{scores[key]:.3f}"), (model, key)
        assert [found for _, found in ends[name]] == [scores["intervals"][key] for key in keys]
    best = {name: [place for place, cell in enumerate(cells) if "★" in cell[0]] for name, cells in rows.items()}
    assert best["MobileNetV2"] == [0, 1, 2, 3, 4]  # also of the Brier score, where the lowest is best


def test_differences_are_those_of_the_artefacts(home):
    page, pairs = Page(render()), read(home, METRICS)["comparisons"]["test"]
    keys = {"ROC-AUC": ("difference", "p", "p_corrected")}
    keys["accuracy"] = ("difference", "only_first_right", "only_second_right", "p", "p_corrected")
    for metric, columns in keys.items():
        caption, key = f"Differences in {metric} on the test", metric.lower().replace("-", "_")
        rows, ends = page.table(caption), page.ends(caption)
        assert list(rows) == [f"{NAMES[pair['first']]} − {NAMES[pair['second']]}" for pair in pairs] and len(rows) == 3
        for pair, cells, found in zip(pairs, rows.values(), ends.values(), strict=True):
            assert [float(value) for _, value in cells] == [pair[key][column] for column in columns]
            assert found[0][1] == pair[key]["interval"]
    area, accuracy = (page.table(f"Differences in {metric}") for metric in keys)
    assert area["CNN from scratch − MobileNetV2"][0][0] == "−0.019"  # .9127 - .9318
    assert [text for text, _ in accuracy["CNN from scratch − MobileNetV2"][:3]] == ["−0.010", "21", "13"]  # .85 - .86
    ends = page.ends("Differences in ROC-AUC")
    assert ends["CNN from scratch − MobileNetV2"][0][0] == "−0.044 to +0.006"  # 2 × .0125 to either side
    assert area["CNN from scratch − EfficientNetB0"][1][0] == "< 0.001"  # more than 10 standard errors
    for sentence in read(home, METRICS)["preference"]["test"]:
        assert sentence in page.says("comparison")


def test_operating_points_are_those_of_the_artefacts(home):
    page, metrics = Page(render()), read(home, METRICS)
    for model, name in NAMES.items():
        rows, points = page.table(f"Operating points of {name}"), metrics["models"][model]["test"]["operating"]
        assert list(rows) == ["as set", "Youden", "95 % sensitivity"]
        for cells, point in zip(rows.values(), points.values(), strict=True):
            values = [point[key] for key in ("threshold", "sensitivity", "specificity")]
            values += [entry[key] for entry in point["prevalences"] for key in ("ppv", "npv")]
            assert [float(value) for _, value in cells] == values
    shown = page.table("Operating points of CNN from scratch")
    assert shown["95 % sensitivity"][0][0] == "0.000123"
    # Of 1,000 people 20 have it, .9 of them found: 18; of 980 without it .8 pass, 196 do not; 18 / 214 and 784 / 786.
    assert [text for text, _ in shown["as set"][:5]] == ["0.5", "90.0%", "80.0%", "8.4%", "99.7%"]


def test_calibration_is_that_of_the_artefacts(home):
    page, metrics = Page(render()), read(home, METRICS)
    rows = page.table("Calibration on the test split")
    for model, name in NAMES.items():
        found = metrics["models"][model]["test"]["calibration"]
        values = [found[when][key] for key in ("brier", "expected_calibration_error") for when in ("before", "after")]
        assert [float(value) for _, value in rows[name]] == [found["temperature"], *values]
    assert [text for text, _ in rows["CNN from scratch"]] == ["1.450", "0.075", "0.069", "0.082", "0.023"]


def test_best_figure_of_each_column_is_marked_highest_for_scores_lowest_for_costs(home):
    page, expected = (
        Page(render()),
        {
            # By hand from the counts: sensitivity .90, .84, .70; F1 180/210, 168/196, 140/195, so a tie of two.
            "Figures of each model on the test split": ([2, 4], [0, 1, 3, 4, 5], []),
            "What each model costs": ([0, 1], [2, 3], []),
        },
    )
    for caption, best in expected.items():
        rows = page.table(caption)
        marked = {name: [place for place, cell in enumerate(cells) if "★" in cell[0]] for name, cells in rows.items()}
        assert marked == dict(zip(NAMES.values(), best, strict=True))
        assert all("(best)" in cell[0] for cells in rows.values() for cell in cells if "★" in cell[0])


def test_confusion_matrices_show_the_counts_of_the_artefacts(home):
    page = Page(render())
    for model, name in NAMES.items():
        rows = page.table(f"Confusion matrix of {name}")
        assert [[int(cell[1]) for cell in rows[kind]] for kind in fake.CLASSES] == fake.CONFUSION[model]


def test_figures_by_class_and_their_averages_are_those_of_the_artefacts(home):
    page, metrics = Page(render()), read(home, METRICS)
    for model, name in NAMES.items():
        rows, wanted = page.table(f"{name} by class"), metrics["models"][model]["test"]["per_class"]
        assert list(rows) == list(wanted) == ["benign", "malignant", "macro average", "weighted average"]
        for kind, part in wanted.items():
            for cell, key in zip(rows[kind], ("precision", "recall", "f1"), strict=False):
                assert is_shown(cell, part[key], f"{part[key]:.3f}")
            assert int(rows[kind][3][1]) == part["support"]


def test_split_counts_are_those_of_the_manifest(home):
    rows, counts = Page(render()).table("Images by split"), read(home, MANIFEST)["counts"]
    for split, part in counts.items():
        assert [int(cell[1]) for cell in rows[split]] == [part["benign"], part["malignant"], sum(part.values())]


def test_external_results_stand_apart_and_only_where_there_are_any(home):
    assert "external" not in Page(render()).sections
    external = fake.scores([[50, 50], [40, 60]], 0.5432)
    fake.change(home / METRICS, lambda value: value["models"]["scratch"].update(external=external))
    page = Page(render())
    rows = page.table("Figures of each model on the rows the source publishes")
    assert is_shown(rows["CNN from scratch"][5], 0.5432, "0.543")
    assert page.ends("Figures of each model on the rows")["CNN from scratch"][5][1] == external["intervals"]["roc_auc"]
    assert "no scores on the external split" in rows["MobileNetV2"][0][0]
    assert "no sibling" not in page.says("external")


def test_external_rows_without_a_sibling_in_the_splits_stand_apart_and_are_what_is_compared(home):
    def add(metrics):
        for name, area in (("scratch", 0.91), ("mobilenet", 0.71)):
            metrics["models"][name]["external"] = fake.scores([[90, 10], [10, 90]], 0.95)
            metrics["models"][name]["external_new"] = fake.scores([[30, 20], [10, 40]], area)
        for split in ("external", "external_new"):
            fake.compare(metrics, split)

    fake.change(home / METRICS, add)
    page = Page(render())
    rows = page.table("The same on those of these rows that have no sibling")
    assert is_shown(rows["MobileNetV2"][5], 0.71, "0.710")
    assert "Prefer CNN from scratch: the data support that it ranks better than MobileNetV2." in page.says("external")
    assert page.table("Differences in accuracy on the external rows without a sibling")


def test_groups_are_those_of_the_audit(home):
    page, groups = Page(render()), read(home, MANIFEST)["groups"]
    said = page.says("groups")
    assert "of 23,456 pairs of similar images that were compared, 678 show the same lesion" in said
    assert "900 groups; 9 of these links were not followed" in said
    rows = page.table("Test images with a sibling in training")
    assert rows["grouped split, as used here"] == [["200", "200"], ["0", "0"], ["0.0%", "0.0"]]
    assert rows["random split"] == [["201", "201"], ["117", "117"], ["58.2%", str(117 / 201)]]
    assert page.table("Groups with images in two splits") == {
        "train and validation": [["0", "0"]], "train and test": [["0", "0"]], "validation and test": [["0", "0"]],
    }  # fmt: skip
    sizes = page.table("Sizes of the groups")
    assert [int(cells[0][1]) for cells in sizes.values()] == list(groups["sizes"].values())
    assert list(sizes)[:2] == ["1 image", "2 images"]
    assert "12 images, in train; the first 6 are shown" in said and "5 images, in train, external" in said
    assert "publishes as a test set" not in said


def test_external_images_with_a_sibling_are_counted(home):
    def publish(manifest):
        manifest["groups"]["external"] = {"rows": 7804, "with_sibling": 1234}

    fake.change(home / MANIFEST, publish)
    said = Page(render()).says("groups")
    assert "Of the 7,804 images that the source publishes as a test set, 1,234 have a sibling" in said


def test_groups_of_the_source_need_no_search(home):
    def known(manifest):
        manifest["groups"] |= {"origin": "source", "checked": None, "links": None, "dropped": None, "largest": []}
        manifest["groups"]["siblings"]["grouped"] = None

    fake.change(home / MANIFEST, known)
    page = Page(render())
    assert "The source itself says which images show the same lesion: there are 900 groups." in page.says("groups")
    assert "largest groups" not in page.says("groups") and "pixels" not in page.says("limitations")
    cells = page.table("Test images with a sibling in training")["grouped split, as used here"]
    assert cells == [["Missing: there are too few lesions for such a split", None]]


def test_the_leak_is_shown_as_measured_and_only_where_it_was(home):
    assert "leak" not in Page(render()).sections
    fake.store.write_json(home / "reports/leak.json", fake.leak())
    page = Page(render())
    said = page.says("leak")
    assert "A random split flatters MobileNetV2 <in> ROC-AUC." in said
    assert "on other images than those of this report: 3,600 rows: the folder augmented." in said
    assert "at most 21 epochs" in said
    differences = page.table("By how much the figures on the random split are higher")
    assert differences["ROC-AUC"] == [["+0.074", "0.0745"]]
    ends = page.ends("By how much the figures on the random split are higher")
    assert ends["ROC-AUC"] == [["+0.031 to +0.118", [0.0312, 0.1178]]]
    assert ends["Accuracy"] == [["interval undefined", []]]
    runs = page.table("Each run on its own test images")
    assert list(runs) == [f"seed {seed}, {split} split" for seed in (0, 1) for split in ("grouped", "random")]
    for cells, run in zip(runs.values(), fake.leak()["runs"], strict=True):
        share = run["with_sibling"] / run["rows"]
        values = [run["roc_auc"], run["accuracy"], run["rows"], run["with_sibling"], share]
        assert [float(cell[1]) for cell in cells] == values
    fake.change(home / "reports/leak.json", lambda leak: leak["data"].update(fingerprint=fake.DATA))
    assert "on other images" not in Page(render()).says("leak")


def test_speed_is_shown_as_measured_and_only_where_it_was(home):
    assert "speed" not in Page(render()).sections
    fake.store.write_json(home / "reports/bench.json", fake.bench())
    page = Page(render())
    assert "Some Processor 3000, 2 cores, 24 GiB" in page.sections["speed"]
    shown = {caption: rows for caption, rows in page.tables.items() if "against" in caption or "prepare" in caption}
    whole = shown["Training with cached activations against the straightforward way"]
    assert whole["MobileNetV2, 30 + 10 epochs"] == [["20 min 00 s", "1200.0"], ["3 min 20 s", "200.0"], ["6.00", "6.0"]]
    epochs = page.tables["One epoch of training, and one pass for the activations"]
    assert [value for value, _ in epochs["EfficientNetB0, fine-tuning epoch"]] == ["36.0 s", "12.0 s", "3.00"]
    one_pass = [value for value, _ in epochs["EfficientNetB0, one view of all training images"]]
    assert one_pass == ["not measured", "20.0 s", "not measured"]
    pipeline = shown["Input pipeline against training step of the scratch CNN"]["images a second"]
    assert [value for value, _ in pipeline] == ["256", "16", "16.0"]
    gradcam = shown["Grad-CAM against prediction of the same images"]["MobileNetV2"]
    assert [value for value, _ in gradcam] == ["80", "80", "1.00"]
    cores = shown["prepare on one core and on all"]["images a second"]
    assert [value for value, _ in cores] == ["75", "150", "2.00"]
    growth = shown["prepare as the number of images grows"]
    assert [value for value, _ in growth["1,000 images"]] == ["10.0 s", "100", "700.0 MB"]
    assert [value for value, _ in growth["16,000 images"]] == ["2 min 40 s", "100", "not measured"]


def test_training_says_what_was_computed_once(home):
    training = Page(render()).sections["training"]
    assert training.count("The frozen layers ran once, for 4 augmented views of each image") == 2
    assert "290.5 MB on disk, 1 min 32 s" in training


def test_architecture_has_its_parts_and_total(home):
    rows = Page(render()).table("Parts of MobileNetV2")
    assert rows["block 1"][2][0] == "24 × 24 × 32"
    assert [rows["Total"][place][0] for place in (0, 3)] == ["32", "2,422,081"]


# --- the answer ------------------------------------------------------------------------------------


def level(metrics):
    """Make two models so alike that the data cannot tell them apart."""
    metrics["models"]["scratch"]["test"]["roc_auc"] = 0.93181


def recompare(metrics):
    fake.compare(metrics, "test")


def headline(html):
    return re.search(r'<p class="headline">(.*?)</p>', html).group(1)


def test_answer_says_which_model_to_prefer_and_how_sure_that_is(home):
    fake.change(home / METRICS, lambda metrics: fake.compare(metrics, "test", error=0.005))
    html = render()
    assert headline(html) == (
        "Prefer MobileNetV2: the data support that it ranks better than CNN from scratch and EfficientNetB0."
    )
    answer = Page(html).says("answer")
    assert "ROC-AUC on 200 test images of 100 lesions: MobileNetV2 0.932 (95 % interval 0.900 to 0.955), CNN" in answer
    assert "ranks better than CNN from scratch: ROC-AUC 0.932 against 0.913, difference 0.019 (95 % interval" in answer
    assert "CNN from scratch ranks better than EfficientNetB0" not in answer  # not about the one to prefer
    assert "0.5 is guessing, 1 is perfect" in answer and "another split or seed" in answer
    assert "not for real skin" in answer


def test_answer_does_not_call_a_model_best_where_the_data_do_not_support_it(home):
    html = render()
    assert headline(html) == (
        "Prefer MobileNetV2 or CNN from scratch to EfficientNetB0: MobileNetV2 has the highest ROC-AUC, 0.932, but "
        "cannot be told apart from CNN from scratch."
    )
    fake.change(home / METRICS, lambda metrics: fake.compare(metrics, "test", error=0.2))
    html = render()
    assert headline(html).startswith("The data do not say which model to prefer: MobileNetV2 has the highest ROC-AUC")
    for section in ("answer", "comparison"):
        assert "best" not in Page(html).says(section)


def test_answer_is_the_preference_of_the_artefacts_word_for_word(home):
    for edit in (lambda metrics: None, level, guess):
        fake.change(home / METRICS, edit)
        fake.change(home / METRICS, recompare)
        preference = read(home, METRICS)["preference"]["test"]
        page = Page(render())
        assert preference[0] in page.says("answer") and preference[0] in page.says("comparison")


def guess(metrics):
    for model in metrics["models"].values():
        model["test"]["roc_auc"] = 0.5


def test_answer_does_not_prefer_any_model_where_all_are_guessing(home):
    fake.change(home / METRICS, guess)
    fake.change(home / METRICS, recompare)
    assert headline(render()) == "No model can be preferred: none ranks the images better than guessing."


def test_a_single_model_is_judged_but_not_compared(home):
    page = Page(report.render(report.read_artefacts(["mobilenet"])))
    assert "Only MobileNetV2 can be judged: ROC-AUC 0.932." in page.says("answer")
    assert "CNN from scratch" not in page.says("answer") and "comparison" not in page.sections


def test_report_without_any_measured_model_says_that_there_is_no_answer(home):
    def drop(metrics):
        metrics["missing"] = dict.fromkeys(metrics["models"], "not trained: run `invoke train`")
        metrics["models"] = {}
        recompare(metrics)

    fake.change(home / METRICS, drop)
    artefacts = report.read_artefacts(config.NETWORKS)
    page = Page(report.render(artefacts))
    assert "No answer" in page.says("answer")
    assert len(artefacts.failures) == 3


# --- warnings and what is missing --------------------------------------------------------------------


def test_warnings_name_all_that_was_replaced_skipped_or_suspicious(home):
    def collapse(metrics):
        fake.collapse(metrics["models"]["scratch"]["test"])
        metrics["models"]["mobilenet"]["validation"]["sentinel"] = ["ranks no better than guessing"]

    def replace(run):
        run["weights"] |= {"used": "random", "replaced": "no ImageNet weights: random ones took their place"}
        run["warnings"] = ["loss stayed at ln 2: it has not learned"]

    fake.change(home / METRICS, collapse)
    fake.change(home / "runs/efficientnet/manifest.json", replace)
    warnings = Page(render()).says("warnings")
    for wanted in (
        "The Hub could not be reached",
        "Smaller than the full experiment: 1,334 drawn images, 96 × 96 pixels instead of 224 × 224",
        "at most 12 epochs instead of 100",
        "1 of 1,334 images (0.07%) could not be decoded",
        "EfficientNetB0: no ImageNet weights: random ones took their place",
        "EfficientNetB0: loss stayed at ln 2",
        "CNN from scratch: collapsed on the test split: all 200 images are called benign",
        "MobileNetV2: collapsed on the validation split: ranks no better than guessing",
        "MobileNetV2: the Grad-CAM map is empty for 1 of 200 images",
    ):
        assert wanted in warnings


def test_warnings_stand_there_even_when_there_are_none(home):
    def full(manifest):
        manifest["source"] |= {"name": "isic", "replaced": None}
        manifest["settings"] |= {"image_size": 224, "limit": 0}
        manifest["unreadable"] = []

    fake.change(home / MANIFEST, full)
    for model in config.NETWORKS:
        fake.change(home / f"runs/{model}/manifest.json", lambda run: run["settings"].update(epochs=100))
        fake.change(home / EXPLANATIONS, lambda value, model=model: value["models"][model].update(empty=0))
    page = Page(render())
    assert page.says("warnings") == "Warnings None: nothing was replaced, skipped, unreadable or suspicious."
    assert "no medical device" in page.says("limitations")
    assert "real skin" not in page.says("answer") + page.says("limitations")


def test_a_random_split_is_said_to_flatter_and_by_how_many_images(home):
    page = Page(render())
    assert "flatter every model" not in page.says("answer") + page.says("limitations")
    assert "found from their pixels" in page.says("limitations")
    fake.change(home / MANIFEST, lambda manifest: manifest["settings"].update(split="random"))
    page = Page(render())
    said = "117 of 201 test images show a lesion that was trained on, so that the figures flatter every model"
    assert said in page.says("answer") and said in page.says("limitations")
    assert "image by image" in page.says("methods")


def test_data_of_an_older_version_has_to_be_prepared_again(home):
    fake.change(home / MANIFEST, lambda manifest: manifest.update(groups={"known": False, "count": 1334}))
    with pytest.raises(LesionError, match=r"data/manifest\.json lacks 'origin': run `invoke prepare --force`"):
        render()


def test_undefined_figures_are_shown_as_undefined_and_a_collapsed_model_is_never_the_best(drawn):
    fake.change(drawn / METRICS, lambda metrics: fake.collapse(metrics["models"]["scratch"]["test"]))
    fake.change(drawn / METRICS, recompare)
    page = Page(render())
    rows = page.table("Figures of each model on the test split")
    name, cells = next((head, cells) for head, cells in rows.items() if head.startswith("CNN from scratch"))
    assert name.endswith("collapsed")
    assert [cells[place] for place in (1, 4, 5)] == [["undefined", ""]] * 3
    assert cells[3] == ["1.000", "1.0"]  # specificity 1, by calling everything benign: no star
    assert page.table("CNN from scratch by class")["malignant"][0] == ["undefined", ""]
    assert "Collapsed: all 200 images are called benign" in page.says("confusion")
    assert "undefined" in page.says("roc")
    more = next(cells for head, cells in page.table("More figures").items() if head.startswith("CNN from scratch"))
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


def test_missing_model_is_shown_in_its_place_and_counts_as_a_failure(home):
    why = "not trained: run `invoke train --model efficientnet`"

    def drop(metrics):
        del metrics["models"]["efficientnet"]
        metrics["missing"]["efficientnet"] = why
        recompare(metrics)

    fake.change(home / METRICS, drop)
    shutil.rmtree(home / "runs/efficientnet")
    artefacts = report.read_artefacts(config.NETWORKS)
    assert artefacts.failures == [("efficientnet", why)]
    page = Page(report.render(artefacts))
    shown = why.replace("`", "")
    assert page.table("Figures of each model on the test split")["EfficientNetB0"] == [[f"Missing: {shown}", None]]
    parts = ("architecture", "training", "roc", "confusion", "classes", "explanations", "provenance")
    parts += ("operating", "calibration")
    for section in ("answer", "warnings", *parts):
        assert shown in page.says(section), section


@pytest.mark.parametrize(
    ("file", "section", "command"),
    [
        ("runs/mobilenet/manifest.json", "architecture", "invoke train --model mobilenet"),
        ("runs/mobilenet/history.csv", "training", "invoke train --model mobilenet --force"),
        ("runs/mobilenet/evaluation.json", "warnings", "invoke evaluate --model mobilenet"),
        (EXPLANATIONS, "explanations", "invoke explain --model mobilenet"),
    ],
)
def test_single_missing_file_is_named_where_it_lacks(home, file, section, command):
    (home / file).unlink()
    artefacts = report.read_artefacts(config.NETWORKS)
    assert ("mobilenet", f"{file} is missing") in [(name, why[: len(file) + 11]) for name, why in artefacts.failures]
    page = Page(report.render(artefacts))
    assert file in page.says(section) and command in page.says(section)
    assert page.table("Figures of each model on the test split")["MobileNetV2"][0][1] == "0.86"


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (MANIFEST, "data/manifest.json is missing: run `invoke prepare` first"),
        (METRICS, "reports/metrics.json is missing: run `invoke evaluate` first"),
        ("reports/gradcam/41.jpg", "reports/gradcam/41.jpg is missing: run `invoke explain --force`"),
        ("data/preview/cropped_3_after.jpg", "cropped_3_after.jpg is missing: run `invoke prepare --force`"),
    ],
)
def test_missing_file_that_the_report_cannot_do_without(home, file, message):
    (home / file).unlink()
    with pytest.raises(LesionError, match=re.escape(message)):
        render()


@pytest.mark.parametrize(
    ("file", "edit", "message"),
    [
        (METRICS, {"data": "0"}, "reports/metrics.json was made from other data: run `invoke evaluate`"),
        (EXPLANATIONS, {"data": "0"}, "reports/explanations.json was made from other data: run `invoke explain`"),
        ("runs/scratch/manifest.json", {"data": "0"}, "other data: run `invoke train --model scratch`"),
        ("runs/scratch/manifest.json", {"digest": "0"}, "metrics.json was made from other weights: run `invoke eval"),
        ("runs/scratch/evaluation.json", {"digest": "0"}, "evaluation.json was made from other weights: run `invoke"),
    ],
)
def test_artefacts_that_do_not_belong_together_are_refused(home, file, edit, message):
    fake.change(home / file, lambda value: value.update(edit))
    with pytest.raises(LesionError, match=re.escape(message)):
        render()


def test_explanations_of_other_weights_are_refused(home):
    fake.change(home / EXPLANATIONS, lambda value: value["models"]["mobilenet"].update(digest="0"))
    with pytest.raises(LesionError, match=r"explanations\.json was made from other weights: run `invoke explain"):
        render()


def test_artefact_that_lacks_a_figure_is_named(home):
    fake.change(home / METRICS, lambda value: value["models"]["scratch"]["test"].pop("roc_auc"))
    with pytest.raises(LesionError, match=r"reports/metrics\.json lacks 'roc_auc': run `invoke evaluate --force`"):
        render()


def test_report_of_one_model_reads_nothing_of_the_others(home):
    shutil.rmtree(home / "runs/mobilenet")
    artefacts = report.read_artefacts(["scratch"])
    assert artefacts.failures == []
    assert "MobileNetV2 " not in Page(report.render(artefacts)).says("summary")


# --- galleries -----------------------------------------------------------------------------------------


def test_each_explained_image_stands_under_its_outcome_for_each_model(home):
    fake.change(home / EXPLANATIONS, lambda value: value["models"]["scratch"]["maps"][1].update(explains="benign"))
    galleries = re.split(r"<h3>", render().split('id="explanations"')[1].split('id="methods"')[0])[1:]
    explained = read(home, EXPLANATIONS)
    for gallery, model in zip(galleries, config.NETWORKS, strict=True):
        found = {
            heading: [int(row) for row in re.findall(r"<figcaption>Row (\d+)", part)]
            for heading, part in re.findall(r"<h4>(\w+ called \w+) (.*?)(?=<h4>|$)", gallery, re.DOTALL)
        }
        wanted = {f"{true} called {called}": [] for true in fake.CLASSES for called in fake.CLASSES}
        for image, shown in zip(explained["images"], explained["models"][model]["maps"], strict=True):
            wanted[f"{fake.CLASSES[image['label']]} called {shown['explains']}"].append(image["row"])
        assert found == wanted
        assert gallery.count("<figcaption") == 12 and gallery.count("<strong>empty map</strong>") == 1


def test_outcome_without_an_image_says_so(home):
    def all_right(value):
        for image, shown in zip(value["images"], value["models"]["scratch"]["maps"], strict=True):
            shown |= {"explains": fake.CLASSES[image["label"]], "correct": True}

    fake.change(home / EXPLANATIONS, all_right)
    assert Page(render()).says("explanations").count("No such image among those shown.") == 2


# --- the page --------------------------------------------------------------------------------------------


def test_page_loads_nothing_from_outside(drawn):
    html = render()
    loads = [value for _, key, value in Page(html).attributes if key in ("src", "href", "srcset", "data")]
    assert loads and all(value.startswith(("data:image/jpeg;base64,", "#")) for value in loads)
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", html))
    assert "http:" not in html and "https:" not in html and "@import" not in html


def test_page_is_sound(drawn):
    page = Page(render())  # also checks that every element is closed in order
    ids = [value for _, key, value in page.attributes if key == "id"]
    assert len(ids) == len(set(ids))
    links = {value[1:] for tag, key, value in page.attributes if (tag, key) == ("a", "href")}
    assert links <= set(ids) and {"answer", "warnings", "methods", "limitations"} <= links
    pictures = sum(1 for tag, key, _ in page.attributes if (tag, key) == ("img", "src"))
    words = [value for tag, key, value in page.attributes if (tag, key) == ("img", "alt")]
    assert len(words) == pictures == 2 * 3 + 2 * 3 + 6 + 5 + 4 + 3 * 3 * 12 and all(words)
    assert ("html", "lang", "en") in page.attributes


def test_text_from_outside_stays_text(home):
    def spoil(manifest):
        manifest["source"] |= {"description": HOSTILE, "replaced": HOSTILE + " replaced"}
        manifest["unreadable"] = [{"row": 1, "reason": HOSTILE + " reason"}]
        manifest["warnings"] = [HOSTILE + " `<b>` warning"]

    fake.change(home / MANIFEST, spoil)
    fake.change(home / "runs/scratch/manifest.json", lambda run: run["warnings"].append(HOSTILE + " run"))
    page = Page(render())
    assert sum(1 for tag, *_ in page.attributes if tag == "script") == 0 and page.says("data").count(HOSTILE) == 2
    for text in (" replaced", " <b> warning", " run"):
        assert HOSTILE + text in page.says("warnings")


def test_class_names_stay_text(drawn):
    for path in (drawn / MANIFEST, drawn / METRICS, drawn / EXPLANATIONS):
        path.write_text(path.read_text().replace("malignant", "<script>").replace("benign", "<b>&"))
    html = render()
    assert html.count("<script>") == 1  # the page's own
    assert "&lt;script&gt; called &lt;b&gt;&amp;" in html


def test_same_artefacts_give_the_same_bytes(drawn):
    assert render() == render()


def test_report_that_grows_too_large_is_refused(home, monkeypatch):
    size = len(render().encode())
    monkeypatch.setattr(config, "REPORT_BYTES", size)
    render()
    monkeypatch.setattr(config, "REPORT_BYTES", size - 1)
    with pytest.raises(LesionError, match="GALLERY_PER_OUTCOME"):
        render()


def test_name_that_the_templates_do_not_get_is_an_error(home, monkeypatch):
    full = report.context(report.read_artefacts(config.NETWORKS))
    del full["limitations"]
    monkeypatch.setattr(report, "context", lambda artefacts: full)
    with pytest.raises(jinja2.UndefinedError, match="limitations"):
        render()


def test_report_never_loads_tensorflow():
    code = "import sys, lesion.report; print([name for name in ('tensorflow', 'keras') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=config.PROJECT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
