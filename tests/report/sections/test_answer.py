"""The answer: headline, pictures and cautions, which say what the artefacts support and never contradict each other."""

import random
import re
from dataclasses import replace
from html import escape, unescape

import artefacts as fake
import pytest
from bodies import show
from pages import EXPLANATIONS, MANIFEST, METRICS, STUDY, Page, read_json

from lesion import config, store
from lesion.evaluation import correction
from lesion.evaluation.words import headline, wording
from lesion.records.metrics import AccuracyDifference, AreaDifference, Comparison
from lesion.report.reading.read import read_artefacts
from lesion.report.sections.answer import answer


@pytest.fixture
def studied(home):
    """As `home`, with a study of its images."""
    store.write_record(home / STUDY, fake.study())
    return home


def says(models=tuple(config.NETWORKS)):
    return Page(show("answer", models=models)).says("answer")


def title(html):
    return unescape(re.search(r'<h2 id="answer-title" class="headline">(.*?)</h2>', html).group(1))


def caution(html):
    shown = re.search(r'<p class="caution"><b>(.*?)</b>', html)
    return shown and shown.group(1)


def real(home):
    """Make the run one of the full experiment, on photographs, of which nothing went wrong."""

    def full(manifest):
        manifest["source"] |= {"name": "isic", "replaced": None}
        manifest["settings"] |= {"image_size": 224, "limit": 0}
        manifest["unreadable"] = []

    fake.change(home / MANIFEST, full)
    for model in config.NETWORKS:
        fake.change(home / f"runs/{model}/manifest.json", lambda run: run["settings"].update(epochs=100))
        fake.change(home / EXPLANATIONS, lambda value, model=model: value["models"][model].update(empty=0))


# --- words ------------------------------------------------------------------------------------------
def test_headline_is_by_rule_and_the_prose_says_what_the_scores_mean(home):
    html = show("answer")
    assert title(html) == headline.headline(read_artefacts(config.NETWORKS).metrics)
    said = Page(html).says("answer")
    assert (  # areas .9318, .9127 and .7846; right are 88 + 84, 80 + 90 and 75 + 70
        "Shown one malignant and one benign image, MobileNetV2 scores the malignant one higher 93 times in 100, CNN "
        "from scratch 91 and EfficientNetB0 78. At threshold 0.5 they judge 172, 170 and 145 of the 200 test images"
    ) in said
    assert wording.colour_sentence(read_artefacts(config.NETWORKS).metrics) in said


def test_scores_that_round_alike_are_said_together_and_no_network_is_always_right(home):
    def close(metrics):
        metrics["models"]["scratch"]["test"]["roc_auc"] = 0.9962
        metrics["models"]["mobilenet"]["test"]["roc_auc"] = 0.9961

    fake.change(home / METRICS, close)
    fake.compare(home / METRICS, "test")
    wanted = "CNN from scratch and MobileNetV2 score the malignant one higher more than 99 times in 100 and Effic"
    assert wanted in says()


def test_a_single_network_is_not_compared_and_some_of_the_networks_are_not_ranked(home):
    said = says(["mobilenet"])
    assert "There is nothing to compare it with." in said and "it judges 172 of the 200 test images" in said
    assert "CNN from scratch" not in said and "over colour alone" in said
    said = says(["mobilenet", "scratch"])
    assert said.startswith("Drawn") and "does not say how sure that is" in said
    assert "EfficientNetB0" not in said and "over CNN" not in said


def test_report_without_any_measured_network_says_that_there_is_no_answer(home):
    def drop(metrics):
        metrics["missing"] = dict.fromkeys(metrics["models"], "not trained: run `invoke train`")
        metrics["models"] = {}

    fake.change(home / METRICS, drop)
    fake.compare(home / METRICS, "test")
    html = show("answer")
    assert "No answer" in title(html) and "<svg" not in html
    said = Page(html).says("answer")
    everyone = "Nothing about CNN from scratch, MobileNetV2 and EfficientNetB0."
    assert f"{everyone} Not trained: run invoke train." in said and said.count("MobileNetV2") == 1


# --- picture ----------------------------------------------------------------------------------------
def test_plots_show_the_scores_of_the_artefacts_best_first(home):
    areas, leads = answer(read_artefacts(config.NETWORKS))["plots"]
    metrics = read_json(home, METRICS)
    names = ["mobilenet", "scratch", "efficientnet"]
    assert [line.network for line in areas.lines] == names
    for name, line in zip(names, areas.lines, strict=True):
        test = metrics["models"][name]["test"]
        assert line.value.raw == test["roc_auc"]
        assert [end.raw for end in line.value.interval] == test["intervals"]["roc_auc"]
    assert [line.name for line in areas.references] == [
        "Colour alone", "All networks together", "All networks and colour",
    ]  # fmt: skip
    assert [line.value.raw for line in areas.references] == [
        fake.AREAS[name] for name in ("colour", "together", "together_colour")
    ]
    assert leads.title == "Lead of MobileNetV2"
    texts = {line.name: (line.value.text, line.words) for line in leads.lines}
    assert texts == {
        "ROC-AUC over CNN from scratch": ("+0.019", "Could be chance (p = 0.380)"),  # .9318 - .9127
        "Accuracy over CNN from scratch": ("+0.010", "Could be chance (p = 1.000)"),  # .86 - .85
        "ROC-AUC over EfficientNetB0": ("+0.147", "More than chance (p < 0.001)"),
        "Accuracy over EfficientNetB0": ("+0.135", "More than chance (p < 0.001)"),
        "ROC-AUC over colour alone": ("+0.077", "More than chance (p < 0.001)"),
    }
    pair = metrics["comparisons"]["test"][0]["roc_auc"]
    assert leads.lines[0].value.raw == -pair["difference"]
    assert [end.raw for end in leads.lines[0].value.interval] == [-end for end in reversed(pair["interval"])]


def test_a_network_without_a_roc_auc_is_named_last_and_not_drawn(home):
    fake.change(home / METRICS, lambda metrics: fake.collapse(metrics["models"]["mobilenet"]["test"]))
    fake.compare(home / METRICS, "test")
    html = show("answer")
    areas, leads = answer(read_artefacts(config.NETWORKS))["plots"]
    assert [line.name for line in areas.lines][-1] == "MobileNetV2" and areas.lines[-1].at == ""
    undefined = [line for line in leads.lines if line.value.raw is None]
    assert [line.words for line in undefined] == ["Cannot be judged"] and undefined[0].at == ""
    assert "MobileNetV2 has collapsed. All 200 images are called benign." in Page(html).says("answer")


def difference(dice, kind, **counts):
    """Return a difference with an interval and a p-value that fit each other as loosely as those of real data."""
    value, error = dice.gauss(0, 0.05), dice.uniform(0.005, 0.05)
    interval = [value - 2 * error, value + 2 * error]
    p = min(1.0, dice.uniform(0, 0.3) ** 2)
    adjusted = correction.adjusted(interval, p)
    return kind(0.8 + value, 0.8, value, interval, p=p, p_corrected=p, adjusted=adjusted, **counts)


def comparison(dice, first, second):
    area = difference(dice, AreaDifference)
    accuracy = difference(dice, AccuracyDifference, only_first_right=1, only_second_right=1)
    accuracy = replace(accuracy, interval=None, adjusted=None) if dice.random() < 0.1 else accuracy
    return Comparison(first, second, 200, 100, area, accuracy)


def test_picture_and_words_never_contradict_each_other(home):
    artefacts = read_artefacts(config.NETWORKS)
    names = list(config.NETWORKS)
    dice = random.Random(7)
    verdicts = set()
    for _ in range(200):
        pairs = [comparison(dice, one, other) for place, one in enumerate(names) for other in names[place + 1 :]]
        colour = [comparison(dice, name, "colour") for name in names]
        metrics = replace(artefacts.metrics, comparisons={"test": pairs}, against_colour={"test": colour})
        leads = answer(replace(artefacts, metrics=metrics))["plots"][1]
        for line in leads.lines:
            zero = float(leads.neutral[:-1])
            crosses = line.thin is None or float(line.thin.start[:-1]) <= zero <= float(line.thin.end[:-1])
            assert crosses != line.words.startswith("More than chance"), line
            assert line.strong != crosses
            verdicts.add(line.words.split(" (")[0])
    assert verdicts == {"More than chance", "Could be chance", "Cannot be judged"}


def test_plots_are_lines_in_percent_and_text_that_is_no_part_of_them(home):
    html = show("answer")
    for svg in re.findall(r'<svg class="plot".*?</svg>\n</svg>', html, re.DOTALL):
        assert "<text" not in svg and 'aria-hidden="true"' in svg
        places = re.findall(r'\bx[12]?="([^"]+)"', svg)
        assert all(0 <= float(each[:-1]) <= 100 for each in places if each.endswith("%")) and len(places) > 5
    assert html.count('class="thin"') == 5 and html.count('class="thick"') == 11


# --- what not to conclude ---------------------------------------------------------------------------
def test_the_worst_caution_stands_on_top_and_the_others_below(home):
    def missing(metrics):
        del metrics["models"]["efficientnet"]
        metrics["missing"] = {"efficientnet": "not trained: run `invoke train --model efficientnet`"}

    fake.change(home / METRICS, missing)
    fake.compare(home / METRICS, "test")
    fake.change(home / "runs/mobilenet/manifest.json", lambda run: run["weights"].update(replaced="no network"))
    fake.change(home / MANIFEST, lambda manifest: manifest["settings"].update(split="random"))
    mend = {
        "Drawn images, not photographs.": lambda manifest: manifest["source"].update(name="isic"),
        "Nothing about new lesions.": lambda manifest: manifest["settings"].update(split="grouped"),
    }
    for words, edit in mend.items():
        html = show("answer")
        assert caution(html) == words and words not in html.split('class="distrust"')[1]
        fake.change(home / MANIFEST, edit)
    html = show("answer")
    assert caution(html) == "Nothing about EfficientNetB0."
    assert "Nothing about transfer learning." in html.split('class="distrust"')[1]
    assert Page(html).says("answer").count("EfficientNetB0") == 1
    html = show("answer", models=["mobilenet", "scratch"])
    assert caution(html) == "Nothing about transfer learning."


def test_a_small_run_is_the_least_of_the_cautions_on_top(home):
    fake.change(home / MANIFEST, lambda manifest: manifest["source"].update(name="isic"))
    assert "Not the last word. A small run: 96 × 96 pixels and at most 12 epochs." in says()


def test_without_a_caution_nothing_stands_above_the_headline(home):
    real(home)
    html = show("answer")
    assert caution(html) is None and "<details" not in html
    said = Page(html).says("answer")
    assert said.endswith("What not to conclude Only these trainings. Each network was trained once, on one split.")
    assert "real skin" not in said


def test_a_random_split_makes_every_network_look_better_and_says_by_how_many_images(home):
    fake.change(home / MANIFEST, lambda manifest: manifest["settings"].update(split="random"))
    assert "117 of 201 test images show a lesion that was trained on, so every network looks better" in says()


def test_accuracy_is_said_to_mean_little_where_few_images_are_malignant(home):
    assert "accuracy means little" not in says()
    fake.change(home / METRICS, lambda metrics: metrics["sizes"]["test"].update(malignant_rows=9))
    assert "Only 9 of the 200 test images are malignant." in says() and "accuracy means little" in says()


@pytest.mark.parametrize(
    ("epochs", "limit", "best", "said"),
    [(8, 8, 8, True), (8, 8, 7, True), (8, 8, 6, False), (8, 12, 8, False)],
)
def test_a_training_that_was_cut_off_while_it_improved_is_named(home, epochs, limit, best, said):
    def end(run):
        run["phases"] = [{"name": "whole", "epochs": epochs, "trainable_parameters": 1, "seconds": 1.0}]
        run["settings"]["epochs"] = limit
        run["best"]["epoch"] = best

    fake.change(home / "runs/scratch/manifest.json", end)
    wanted = "Not their best. The training of CNN from scratch ended at the epoch limit: more epochs might help."
    assert (wanted in says()) == said
    detail = f"CNN from scratch: training ended at its epoch limit; its best epoch was {best} of 8."
    assert (detail in says()) == said


def test_fine_tuning_has_a_limit_of_its_own(home):
    def end(run):
        run["phases"][1]["epochs"] = run["settings"]["tune_epochs"]
        run["best"]["epoch"] = run["phases"][0]["epochs"] + run["settings"]["tune_epochs"]

    fake.change(home / "runs/mobilenet/manifest.json", end)
    assert "The training of MobileNetV2 ended at the epoch limit" in says()


def test_all_cautions_name_what_was_replaced_skipped_or_suspicious(home):
    def collapse(metrics):
        fake.collapse(metrics["models"]["scratch"]["test"])
        metrics["models"]["mobilenet"]["validation"]["collapsed"] = ["ranks no better than guessing"]
        metrics["models"]["efficientnet"]["test"]["cautions"] = ["cannot be told apart from guessing"]

    def replaced(run):
        run["weights"] |= {"used": "random", "replaced": "no ImageNet weights: random ones took their place"}
        run["warnings"] = ["loss stayed at ln 2: it has not learned"]

    fake.change(home / METRICS, collapse)
    fake.change(home / "runs/efficientnet/manifest.json", replaced)
    folded = Page(show("answer")).says("answer").split("All cautions")[1]
    for wanted in (
        "The Hub could not be reached",
        "Smaller than the full experiment: 1,334 drawn images, 96 × 96 pixels instead of 224 × 224",
        "at most 12 epochs instead of 100",
        "1 of 1,334 images (0.07%) could not be decoded",
        "EfficientNetB0: no ImageNet weights: random ones took their place",
        "EfficientNetB0: loss stayed at ln 2",
        "CNN from scratch: collapsed on the test split: all 200 images are called benign",
        "MobileNetV2: collapsed on the validation split: ranks no better than guessing",
        "EfficientNetB0: on the test split: cannot be told apart from guessing",
        "MobileNetV2: the Grad-CAM map is empty for 1 of 200 images",
    ):
        assert wanted in folded, wanted


def test_a_run_cut_for_time_says_so_and_how_to_run_all_of_it(home):
    plan = {"reason": "no GPU is visible", "rows": 1334, "of": 17214, "image_size": 96, "full_image_size": 224}
    plan |= {"seconds": 1700.0, "full_seconds": 72000.0, "trainings": []}

    def cut(manifest):
        manifest["source"]["name"] = "isic"
        manifest["plan"] = plan

    fake.change(home / MANIFEST, cut)
    said = Page(show("answer")).says("answer")
    assert "Cut for time (profile quick), 1,334 of 17,214 images: 96 × 96 pixels and at most 12 epochs." in said
    folded = said.split("All cautions")[1]
    assert "the full experiment would take up to about 20 h 00 min" in folded
    command = folded.split("invoke all")[1].split(".")[0]
    assert "--data isic" in command and command.endswith("--profile full")
    assert "--limit" not in command and "--epochs" not in command and "--image-size" not in command


# --- with a study -----------------------------------------------------------------------------------
def test_answer_is_the_studys_and_the_split_has_one_line(studied):
    html = show("answer")
    assert title(html) == fake.study().headline and escape(fake.study().headline) in html
    said = Page(html).says("answer")
    assert "about networks trained anew, 6 times each, on 2 folds × 3 partitions of the lesions" in said
    assert "CNN from scratch is not in this study." in said
    split = headline.headline(read_artefacts(config.NETWORKS).metrics)
    assert f"This split alone: {split}" in said and "Shown one malignant" not in said
    assert "for no other clinic or camera" in said and "trained once" not in said


def test_plots_are_those_of_the_study(studied):
    areas, leads = answer(read_artefacts(config.NETWORKS))["plots"]
    study = read_json(studied, STUDY)
    assert [line.name for line in areas.lines] == ["MobileNetV2", "EfficientNetB0"]
    assert areas.lines[0].value.raw == study["models"]["mobilenet"]["roc_auc"]["value"]
    assert [line.name for line in leads.lines] == ["ROC-AUC over EfficientNetB0", "ROC-AUC over colour alone"]
    for line, pair in zip(leads.lines, study["differences"], strict=False):
        assert line.value.raw == pair["value"] and [end.raw for end in line.value.interval] == pair["interval"]
        assert line.thin is not None and line.words.startswith("More") == pair["supported"]
    assert leads.lines[0].words == "More than chance (p = 0.043)"
    assert leads.lines[1].words == "Could be chance (p = 0.469); as good as equal"


def test_answer_says_how_networks_trained_anew_do_beside_colour_alone(studied):
    said = says()
    assert "Against colour alone (ROC-AUC 0.831): MobileNetV2 as good as equal." in said  # .8544 - .0234
    assert "EfficientNetB0 as good" not in said  # its difference has no interval

    def clear(study):
        study["differences"][1] |= {"supported": True, "equivalent": False}
        study["differences"][2] |= {"interval": [-0.1, 0.1], "supported": False}

    fake.change(studied / STUDY, clear)
    assert "MobileNetV2 better; EfficientNetB0 not shown to differ." in says()


@pytest.mark.parametrize("models", [tuple(config.NETWORKS), ("mobilenet",)])
def test_a_study_of_other_images_is_not_used_and_a_caution_says_so(studied, models):
    fake.change(studied / STUDY, lambda study: study["data"].update(fingerprint="0" * 16))
    html = show("answer", models=models)
    assert "Trained anew" not in title(html)
    folded = Page(html).says("answer").split("All cautions")[1]
    assert "Reports/study.json is a study of other images and is not used: run invoke study." in folded


def test_a_report_of_some_networks_does_not_answer_with_the_study(studied):
    said = says(["mobilenet"])
    assert "There is nothing to compare it with." in said and "see the section on them" in said


def test_drawn_images_that_replace_the_public_data_say_so_on_top(home):
    fake.change(home / MANIFEST, lambda manifest: manifest["source"].update(replaced="no way to the Hub"))
    assert "The public data could not be fetched; these images say nothing about real skin." in Page(
        show("answer")
    ).says("answer")
