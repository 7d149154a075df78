"""What each model says of the test images: verdicts, classes and maps as in the artefacts."""

import re

import artefacts as fake
from pages import EXPLANATIONS, METRICS, NAMES, Page, is_shown, read_json, render

from lesion import config


def test_confusion_matrices_show_the_counts_of_the_artefacts(home):
    page = Page(render())
    for model, name in NAMES.items():
        rows = page.table(f"Confusion matrix of {name}")
        assert [[int(cell[1]) for cell in rows[kind]] for kind in fake.CLASSES] == fake.CONFUSION[model]


def test_figures_by_class_and_their_averages_are_those_of_the_artefacts(home):
    page, metrics = Page(render()), read_json(home, METRICS)
    for model, name in NAMES.items():
        rows, wanted = page.table(f"{name} by class"), metrics["models"][model]["test"]["per_class"]
        assert list(rows) == list(wanted) == ["benign", "malignant", "macro average", "weighted average"]
        for kind, part in wanted.items():
            for cell, key in zip(rows[kind], ("precision", "recall", "f1"), strict=False):
                assert is_shown(cell, part[key], f"{part[key]:.3f}")
            assert int(rows[kind][3][1]) == part["support"]


def test_each_explained_image_is_under_its_outcome_for_each_model(home):
    fake.change(home / EXPLANATIONS, lambda value: value["models"]["scratch"]["maps"][1].update(explains="benign"))
    galleries = re.split(r"<h3>", render().split('id="explanations"')[1].split('id="methods"')[0])[1:]
    explained = read_json(home, EXPLANATIONS)
    for gallery, model in zip(galleries, config.NETWORKS, strict=True):
        outcomes = {
            heading: [int(row) for row in re.findall(r"<figcaption>Row (\d+)", part)]
            for heading, part in re.findall(r"<h4>(\w+ called \w+) (.*?)(?=<h4>|$)", gallery, re.DOTALL)
        }
        wanted = {f"{true} called {called}": [] for true in fake.CLASSES for called in fake.CLASSES}
        for image, shown in zip(explained["images"], explained["models"][model]["maps"], strict=True):
            wanted[f"{fake.CLASSES[image['label']]} called {shown['explains']}"].append(image["row"])
        assert outcomes == wanted
        assert gallery.count("<figcaption") == 12 and gallery.count("<strong>empty map</strong>") == 1


def test_outcome_without_an_image_says_so(home):
    def all_right(value):
        for image, shown in zip(value["images"], value["models"]["scratch"]["maps"], strict=True):
            shown["explains"] = fake.CLASSES[image["label"]]

    fake.change(home / EXPLANATIONS, all_right)
    assert Page(render()).says("explanations").count("No such image among those shown.") == 2
