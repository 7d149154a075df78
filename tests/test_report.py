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

from lesion import config, plots, report
from lesion.errors import LesionError

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
    return report.render(report.read_artefacts(config.MODELS))


class Page(HTMLParser):
    """Text by section, tables as {caption: {row head: [(text, data-value)]}}, and all attributes."""

    def __init__(self, html):
        super().__init__()
        self.sections, self.tables, self.attributes, self.open = {}, {}, [], []
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

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attributes):
        self.attributes += [(tag, *each) for each in attributes]

    def handle_data(self, data):
        self.sections[self.section] = self.sections.get(self.section, "") + data
        if "caption" in self.open:
            self.caption += data
        elif "td" in self.open:
            self.tables[self.caption.strip()][self.head.strip()][-1][0] += data
        elif "th" in self.open:
            self.head += data

    def table(self, start):
        return next(rows for caption, rows in self.tables.items() if caption.startswith(start))

    def says(self, section):
        return " ".join(self.sections[section].split())


def read(home, name):
    return json.loads((home / name).read_text())


def is_shown(cell, value, text):
    return float(cell[1]) == value and cell[0].split("★")[0] == text


# --- numbers --------------------------------------------------------------------------------------


def test_summary_shows_the_figures_of_the_artefacts(home):
    rows, metrics = Page(render()).table("Figures of each model on the test split"), read(home, METRICS)
    assert list(rows) == list(NAMES.values())
    for model, name in NAMES.items():
        scores = metrics["models"][model]["test"]
        for cell, key in zip(rows[name], SCORES, strict=False):
            assert is_shown(cell, scores[key], f"{scores[key]:.3f}"), (model, key)
        run, evaluation = (read(home, f"runs/{model}/{file}.json") for file in ("manifest", "evaluation"))
        costs = [run["parameters"]["total"], run["size_bytes"], run["seconds"], evaluation["seconds_per_image"]]
        assert [float(cell[1]) for cell in rows[name][6:]] == costs
    assert [cell[0].split("★")[0] for cell in rows["CNN from scratch"][6:]] == [
        "618,017", "2.5 MB", "5 min 10 s", "12.1 ms",
    ]  # fmt: skip


def test_best_figure_of_each_column_is_marked_highest_for_scores_lowest_for_costs(home):
    rows = Page(render()).table("Figures of each model on the test split")
    marked = {name: [place for place, cell in enumerate(cells) if "★" in cell[0]] for name, cells in rows.items()}
    # By hand from the counts: sensitivity .90, .84, .70; F1 180/210, 168/196, 140/195, so a tie of two.
    assert marked == {"CNN from scratch": [2, 4, 6, 7], "MobileNetV2": [0, 1, 3, 4, 5, 8, 9], "EfficientNetB0": []}
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
    assert "no scores on the external split" in rows["MobileNetV2"][0][0]


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


def test_answer_names_the_best_by_how_much_on_how_many_images_and_that_it_may_be_chance(home):
    answer = Page(render()).says("answer")
    assert "MobileNetV2 tells malignant from benign best on these 200 test images: ROC-AUC 0.932." in answer
    assert "0.019 above CNN from scratch (0.913) and 0.147 above EfficientNetB0 (0.785)" in answer
    assert "No statistical test" in answer and "may be chance" in answer
    assert "not for real skin" in answer


def test_answer_calls_equal_models_level(home):
    def level(metrics):
        metrics["models"]["scratch"]["test"]["roc_auc"] = 0.93181

    fake.change(home / METRICS, level)
    assert "CNN from scratch and MobileNetV2 are level" in Page(render()).says("answer")


def test_answer_does_not_name_a_best_model_where_all_are_guessing(home):
    def guess(metrics):
        for model in metrics["models"].values():
            model["test"]["roc_auc"] = 0.5

    fake.change(home / METRICS, guess)
    answer = Page(render()).says("answer")
    assert "No model does better than guessing" in answer and "best on these" not in answer


def test_report_without_any_measured_model_says_that_there_is_no_answer(home):
    def drop(metrics):
        metrics["missing"] = dict.fromkeys(metrics["models"], "not trained: run `invoke train`")
        metrics["models"] = {}

    fake.change(home / METRICS, drop)
    artefacts = report.read_artefacts(config.MODELS)
    page = Page(report.render(artefacts))
    assert "No answer" in page.says("answer")
    assert len(artefacts.failures) == 3


# --- warnings and what is missing --------------------------------------------------------------------


def test_warnings_name_all_that_was_replaced_skipped_or_suspicious(home):
    def collapse(metrics):
        fake.collapse(metrics["models"]["scratch"]["test"])

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
        "MobileNetV2: the Grad-CAM map is empty for 1 of 200 images",
    ):
        assert wanted in warnings


def test_warnings_stand_there_even_when_there_are_none(home):
    def full(manifest):
        manifest["source"] |= {"name": "isic", "replaced": None}
        manifest["settings"] |= {"image_size": 224, "limit": 0}
        manifest["unreadable"] = []

    fake.change(home / MANIFEST, full)
    for model in config.MODELS:
        fake.change(home / f"runs/{model}/manifest.json", lambda run: run["settings"].update(epochs=100))
        fake.change(home / EXPLANATIONS, lambda value, model=model: value["models"][model].update(empty=0))
    page = Page(render())
    assert page.says("warnings") == "Warnings None: nothing was replaced, skipped, unreadable or suspicious."
    assert "no medical device" in page.says("limitations")
    assert "real skin" not in page.says("answer") + page.says("limitations")


def test_copies_that_may_stand_in_two_splits_are_admitted(home):
    fake.change(home / MANIFEST, lambda manifest: manifest.update(groups={"known": False, "count": 1334}))
    page = Page(render())
    assert "two splits" in page.says("answer") and "two splits" in page.says("limitations")


def test_undefined_figures_are_shown_as_undefined_and_a_collapsed_model_is_never_the_best(drawn):
    fake.change(drawn / METRICS, lambda metrics: fake.collapse(metrics["models"]["scratch"]["test"]))
    page = Page(render())
    rows = page.table("Figures of each model on the test split")
    name, cells = next((head, cells) for head, cells in rows.items() if head.startswith("CNN from scratch"))
    assert name.endswith("collapsed")
    assert [cells[place] for place in (1, 4, 5)] == [["undefined", ""]] * 3
    assert cells[3] == ["1.000", "1.0"]  # specificity 1, by calling everything benign: no star
    assert page.table("CNN from scratch by class")["malignant"][0] == ["undefined", ""]
    assert "Collapsed: all 200 images are called benign" in page.says("confusion")
    assert "undefined" in page.says("roc")


def test_missing_model_is_shown_in_its_place_and_counts_as_a_failure(home):
    why = "not trained: run `invoke train --model efficientnet`"

    def drop(metrics):
        del metrics["models"]["efficientnet"]
        metrics["missing"]["efficientnet"] = why

    fake.change(home / METRICS, drop)
    shutil.rmtree(home / "runs/efficientnet")
    artefacts = report.read_artefacts(config.MODELS)
    assert artefacts.failures == [("efficientnet", why)]
    page = Page(report.render(artefacts))
    shown = why.replace("`", "")
    assert page.table("Figures of each model on the test split")["EfficientNetB0"] == [[f"Missing: {shown}", None]]
    parts = ("architecture", "training", "roc", "confusion", "classes", "explanations", "provenance")
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
    artefacts = report.read_artefacts(config.MODELS)
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
    for gallery, model in zip(galleries, config.MODELS, strict=True):
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
    assert len(words) == pictures == 2 * 3 + 2 * 3 + 3 * 3 * 12 and all(words)
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
    full = report.context(report.read_artefacts(config.MODELS))
    del full["limitations"]
    monkeypatch.setattr(report, "context", lambda artefacts: full)
    with pytest.raises(jinja2.UndefinedError, match="limitations"):
        render()


def test_report_never_loads_tensorflow():
    code = "import sys, lesion.report; print([name for name in ('tensorflow', 'keras') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=config.PROJECT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
