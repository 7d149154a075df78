"""The answer, the warnings and the limitations: no more than the artefacts support, and nothing left out."""

import re
from html import escape

import artefacts as fake
from pages import EXPLANATIONS, MANIFEST, METRICS, Page, read_json, render

from lesion import config
from lesion.evaluation import wording
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


def test_answer_says_which_training_ranked_better_and_how_sure_that_is(home):
    fake.compare(home / METRICS, "test", error=0.005)
    html = render()
    assert headline(html).startswith("On this split, this training of MobileNetV2 ranked better than this training of ")
    answer = Page(html).says("answer")
    assert "ROC-AUC on 200 test images of 100 lesions: MobileNetV2 0.932 (95 % interval 0.900 to 0.955), CNN" in answer
    assert "CNN from scratch: ROC-AUC 0.932 against 0.913, difference 0.019 (95 % interval" in answer
    assert "CNN from scratch: ROC-AUC 0.913 against 0.785, difference" not in answer  # not about the highest
    assert "0.5 is guessing, 1 is perfect" in answer and "another split or seed" in answer
    assert "not for real skin" in answer


def test_answer_does_not_call_a_model_best_if_the_data_do_not_support_it(home):
    assert "MobileNetV2 and CNN from scratch cannot be told apart" in headline(render())
    fake.compare(home / METRICS, "test", error=0.2)
    html = render()
    assert "cannot be told apart" in headline(html)
    for section in ("answer", "comparison"):
        assert "best" not in Page(html).says(section)


def test_nothing_is_preferred_from_one_training_of_each(home):
    for error in (0.005, 0.0125, 0.2):
        fake.compare(home / METRICS, "test", error)
        page = Page(render())
        assert not any("prefer" in text.lower() for section, text in page.sections.items() if section)
    assert "compare these trained networks, not their architectures" in Page(render()).says("limitations")


def test_answer_says_after_the_headline_whether_a_network_is_better_than_colour_alone(home):
    sentence = wording.colour_sentence(read_artefacts(config.NETWORKS).metrics)
    html = render()
    assert "colour alone" in sentence and "0.754" in sentence  # the ROC-AUC of the frame
    paragraphs = re.findall(r"<p.*?>(.*?)</p>", html.split('id="answer"')[1], re.DOTALL)
    assert paragraphs[1] == escape(sentence)


def test_answer_is_the_preference_of_the_artefacts_word_for_word(home):
    for edit in (lambda metrics: None, level, guess):
        fake.change(home / METRICS, edit)
        fake.compare(home / METRICS, "test")
        preference = read_json(home, METRICS)["preference"]["test"]
        page = Page(render())
        assert preference[0] in page.says("answer") and preference[0] in page.says("comparison")


def test_answer_says_so_if_all_are_guessing(home):
    fake.change(home / METRICS, guess)
    fake.compare(home / METRICS, "test")
    assert "better than guessing" in headline(render())


def test_a_single_model_is_judged_but_not_compared(home):
    page = Page(render(["mobilenet"]))
    assert "Only MobileNetV2 can be judged: ROC-AUC 0.932." in page.says("answer")
    assert "CNN from scratch" not in page.says("answer") and "Differences" not in page.says("comparison")

    def drop(metrics):
        del metrics["models"]["colour"]
        metrics["against_colour"] = {}

    fake.change(home / METRICS, drop)
    assert "comparison" not in Page(render(["mobilenet"])).sections


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
        metrics["models"]["efficientnet"]["test"]["cautions"] = ["cannot be told apart from guessing"]

    def replace(run):
        run["weights"] |= {"used": "random", "replaced": "no ImageNet weights: random ones took their place"}
        run["warnings"] = ["loss stayed at ln 2: it has not learned"]

    fake.change(home / METRICS, collapse)
    fake.change(home / "runs/efficientnet/manifest.json", replace)
    page = Page(render())
    warnings = page.says("warnings")
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
        assert wanted in warnings
    assert "EfficientNetB0: collapsed" not in warnings and "told apart from guessing" not in page.says("answer")
    assert not any(name.startswith("EfficientNetB0 ") for name in page.table("Figures of each model on the test"))


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


def test_pixels_that_may_have_missed_siblings_make_intervals_too_narrow(home):
    assert "every interval is a little too narrow" in Page(render()).says("limitations")
    fake.change(home / MANIFEST, lambda manifest: manifest["groups"].update(origin="source"))
    assert "too narrow" not in Page(render()).says("limitations")


def test_accuracy_is_said_to_mean_little_where_few_images_are_malignant(home):
    assert "accuracy means little" not in Page(render()).says("limitations")
    fake.change(home / METRICS, lambda metrics: metrics["sizes"]["test"].update(malignant_rows=9))
    said = Page(render()).says("limitations")
    assert "Only 9 of the 200 test images are malignant." in said and "accuracy means little" in said


def test_a_caution_beside_the_table_says_so_too(home):
    assert "accuracy means little" not in Page(render()).says("summary")
    fake.change(home / METRICS, lambda metrics: metrics["sizes"]["test"].update(malignant_rows=9))
    said = Page(render()).says("summary")
    caution = "Only 9 of the 200 test images are malignant. To call all of them benign would be right almost always"
    assert caution in said and said.index(caution) < said.index("How to read it.")
