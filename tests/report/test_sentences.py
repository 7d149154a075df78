"""The answer, the warnings and the limitations: no more than the artefacts support, and nothing left out."""

import re

import artefacts as fake
from pages import EXPLANATIONS, MANIFEST, METRICS, Page, read_json, render

from lesion import config
from lesion.report import page as report
from lesion.report.read import read_artefacts


def level(metrics):
    """Make two models so alike that the data cannot tell them apart."""
    metrics["models"]["scratch"]["test"]["roc_auc"] = 0.93181


def guess(metrics):
    for model in metrics["models"].values():
        model["test"]["roc_auc"] = 0.5


def headline(html):
    return re.search(r'<p class="headline">(.*?)</p>', html).group(1)


def test_answer_says_which_model_to_prefer_and_how_sure_that_is(home):
    fake.compare(home / METRICS, "test", error=0.005)
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


def test_answer_does_not_call_a_model_best_if_the_data_do_not_support_it(home):
    html = render()
    assert headline(html) == (
        "Prefer MobileNetV2 or CNN from scratch to EfficientNetB0: MobileNetV2 has the highest ROC-AUC, 0.932, but "
        "cannot be told apart from CNN from scratch."
    )
    fake.compare(home / METRICS, "test", error=0.2)
    html = render()
    assert headline(html).startswith("The data do not say which model to prefer: MobileNetV2 has the highest ROC-AUC")
    for section in ("answer", "comparison"):
        assert "best" not in Page(html).says(section)


def test_answer_is_the_preference_of_the_artefacts_word_for_word(home):
    for edit in (lambda metrics: None, level, guess):
        fake.change(home / METRICS, edit)
        fake.compare(home / METRICS, "test")
        preference = read_json(home, METRICS)["preference"]["test"]
        page = Page(render())
        assert preference[0] in page.says("answer") and preference[0] in page.says("comparison")


def test_answer_prefers_no_model_if_all_are_guessing(home):
    fake.change(home / METRICS, guess)
    fake.compare(home / METRICS, "test")
    assert headline(render()) == "No model can be preferred: none ranks the images better than guessing."


def test_a_single_model_is_judged_but_not_compared(home):
    page = Page(render(["mobilenet"]))
    assert "Only MobileNetV2 can be judged: ROC-AUC 0.932." in page.says("answer")
    assert "CNN from scratch" not in page.says("answer") and "comparison" not in page.sections


def test_report_without_any_measured_model_says_that_there_is_no_answer(home):
    def drop(metrics):
        metrics["missing"] = dict.fromkeys(metrics["models"], "not trained: run `invoke train`")
        metrics["models"] = {}

    fake.change(home / METRICS, drop)
    fake.compare(home / METRICS, "test")
    artefacts = read_artefacts(config.NETWORKS)
    page = Page(report.render(artefacts))
    assert "No answer" in page.says("answer")
    assert len(artefacts.failures) == 3


def test_warnings_name_all_that_was_replaced_skipped_or_suspicious(home):
    def collapse(metrics):
        fake.collapse(metrics["models"]["scratch"]["test"])
        metrics["models"]["mobilenet"]["validation"]["collapsed"] = ["ranks no better than guessing"]

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


def test_warnings_are_shown_even_if_there_are_none(home):
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
    assert "not a medical device" in page.says("limitations")
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
