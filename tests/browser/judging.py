"""What the page has to show of scores and thresholds, worked out from the artefacts apart from the page's own way."""

import csv
import json
import math

import numpy as np

NETWORKS = ("scratch", "mobilenet", "efficientnet")
TITLES = {"scratch": "CNN from scratch", "mobilenet": "MobileNetV2", "efficientnet": "EfficientNetB0"}
OUTCOMES = {"found": (1, True), "missed": (1, False), "false-alarm": (0, True), "left-alone": (0, False)}


def read_images(home, split="test", networks=NETWORKS):
    """Return each image of a split as {row, label, group, level, scores, least}.

    `level` is that of the only subgroup; `least` the smallest share of a map's evidence on the lesion, 2 if unknown.
    """
    explained = read_json(home, "reports/explanations.json")
    levels = {image["row"]: image["levels"] for image in explained["images"]}
    least = least_on_lesion(home, explained, networks)
    scores = {name: _scores(home, name) for name in networks}
    images = []
    for line in _lines(home / "data/index.csv"):
        row = int(line["row"])
        if line["split"] == split:
            known = {name: scores[name][row] for name in networks}
            level = levels.get(row, {}).get("hair or marks")
            images.append(
                {
                    "row": row,
                    "label": int(line["label"]),
                    "group": int(line["group"]),
                    "level": level,
                    "scores": known,
                    "least": least.get(row, 2),
                }
            )
    return images


def least_on_lesion(home, explained, networks):
    """Return {row: smallest share of the evidence of a map that is not empty}, where any is known."""
    least = {}
    for name in networks:
        fields = np.load(home / f"reports/cases/{name}.npz")["fields"]
        energies = explained["models"][name]["localisation"]["energies"]
        for image, field, energy in zip(explained["images"], fields, energies, strict=True):
            if field.any() and energy is not None:
                least[image["row"]] = min(energy, least.get(image["row"], energy))
    return least


def _scores(home, name):
    return {int(line["row"]): float(line["probability"]) for line in _lines(home / f"runs/{name}/predictions.csv")}


def _lines(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def read_json(home, name):
    return json.loads((home / name).read_text())


# --- one network ------------------------------------------------------------------------------------
def counts(images, name, threshold):
    """Return how many images have each outcome: {found, missed, false-alarm, left-alone}."""
    called = [(image["label"], image["scores"][name] >= threshold) for image in images]
    return {outcome: called.count(wanted) for outcome, wanted in OUTCOMES.items()}


def rates(outcomes, prevalence):
    """Return the rates, and those of found, missed and false alarms among all people; nan if undefined."""
    malignant = outcomes["found"] + outcomes["missed"]
    benign = outcomes["left-alone"] + outcomes["false-alarm"]
    sensitivity, specificity = outcomes["found"] / malignant, outcomes["left-alone"] / benign
    found, alarms = prevalence * sensitivity, (1 - prevalence) * (1 - specificity)
    ppv = found / (found + alarms) if found + alarms else math.nan
    people = [found, prevalence - found, alarms]
    return {"sensitivity": sensitivity, "specificity": specificity, "ppv": ppv, "people": people}


def threshold_for(validation, name, sensitivity):
    """Return the highest score of a malignant validation image at which so many of them are found."""
    scores = [image["scores"][name] for image in validation if image["label"] == 1]
    enough = [score for score in scores if sum(other >= score for other in scores) >= sensitivity * len(scores) - 1e-6]
    return max(enough)


# --- all networks -----------------------------------------------------------------------------------
def rows(images, thresholds, sort="wrong", show="all", label="", level=""):
    """Return the rows of the images shown, in their order; the arguments are the values in the page's menus."""
    chosen = [image for image in images if _is_shown(image, thresholds, show)]
    chosen = [image for image in chosen if label in ("", str(image["label"])) and level in ("", image["level"])]
    return [image["row"] for image in sorted(chosen, key=lambda image: (*_key(image, thresholds, sort), image["row"]))]


def distances(image, thresholds):
    """Return the distance from the threshold of each network's score: of all, and of those that are wrong."""
    every = {name: abs(score - thresholds[name]) for name, score in image["scores"].items()}
    wrong = {name: each for name, each in every.items() if is_wrong(image, thresholds, name)}
    return list(every.values()), list(wrong.values())


def is_wrong(image, thresholds, name):
    return (image["scores"][name] >= thresholds[name]) != (image["label"] == 1)


def _key(image, thresholds, sort):
    scores = image["scores"].values()
    every, wrong = distances(image, thresholds)
    surest = max(wrong, default=0)
    return {
        "wrong": (-len(wrong), -surest),
        "disagreement": (-(max(scores) - min(scores)),),
        "surest": (-surest,),
        "nearest": (min(every),),
        "beside": (image["least"],),
        "row": (),
    }[sort]


def _is_shown(image, thresholds, show):
    every, wrong = distances(image, thresholds)
    called = {name: score >= thresholds[name] for name, score in image["scores"].items()}
    if ":" in show:
        outcome, name = show.split(":")
        return (image["label"], called[name]) == OUTCOMES[outcome]
    return {
        "all": True,
        "any": bool(wrong),
        "every": len(wrong) == len(every),
        "differ": len(set(called.values())) == 2,
    }[show]
