"""Artefacts of an experiment that never ran, written as the stages write them: the report's input."""

import copy
import math
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np

from lesion import config, store
from lesion.evaluation import wording

DATA = "d0d0d0d0d0d0d0d0"
CLASSES = ["benign", "malignant"]
# Counts [true][called] on 200 test images, 100 of each class.
CONFUSION = {
    "scratch": [[80, 20], [10, 90]],
    "mobilenet": [[88, 12], [16, 84]],
    "efficientnet": [[75, 25], [30, 70]],
}
AREAS = {"scratch": 0.9127, "mobilenet": 0.9318, "efficientnet": 0.7846}
TEMPERATURES = {"scratch": 1.45, "mobilenet": 0.93, "efficientnet": 1.02}
ROWS = list(range(40, 52))  # those explained: 12 images, half of them malignant
ACTIVATIONS = {"views": 4, "layers": ["pooling", "add"], "bytes": 290458368, "seconds": 92.4}
STATISTICS = {
    "confidence": 0.95,
    "replicates": 1234,
    "seed": 0,
    "significant": 0.05,
    "partial_auc_sensitivity": 0.8,
    "screening_sensitivity": 0.95,
    "prevalences": [0.02, 0.1, 0.5],
    "calibration_bins": 10,
}
PROVENANCE = {
    "created": "2024-05-06 07:08:09 +0000",
    "seconds": 12.5,
    "machine": "Linux x86_64, 2 cores",
    "device": "CPU",
    "versions": {"python": "3.11.2", "tensorflow": "2.21.0", "keras": "3.15.0", "numpy": "2.4.6"},
}


def write_all(home: Path, photograph=None) -> None:
    """Write every artefact below `home`; `photograph(row)` gives uint8 RGB, by default a coloured square."""
    photograph = photograph or _square
    pictures = _Pictures(home, photograph)
    store.write_json(home / "data/manifest.json", prepared(pictures))
    for model in config.NETWORKS:
        store.write_json(home / f"runs/{model}/manifest.json", trained(model))
        store.write_table(home / f"runs/{model}/history.csv", history(model))
        store.write_json(home / f"runs/{model}/evaluation.json", evaluated(model))
    store.write_json(home / "reports/metrics.json", metrics())
    store.write_json(home / "reports/explanations.json", explained(pictures))


def change(path: Path, edit) -> None:
    """Rewrite the JSON file `path` after `edit` has changed its value in place."""
    value = store.read_json(path, "test")
    edit(value)
    store.write_json(path, value)


def prepared(pictures) -> dict:
    settings = {"data": "auto", "limit": 1600, "image_size": 96, "seed": 7, "split": "grouped", "clean": True}
    return {
        "stage": "prepare",
        "fingerprint": "aaaa000011112222",
        "data": DATA,
        "settings": settings,
        "source": {
            "name": "sample",
            "description": "1,334 rows: images drawn by the project, seed 7",
            "replaced": "the Hub could not be reached (no route to host), the drawn sample took its place",
        },
        "classes": CLASSES,
        "rows": 1334,
        "counts": {
            "train": {"benign": 466, "malignant": 467},
            "validation": {"benign": 99, "malignant": 101},
            "test": {"benign": 100, "malignant": 100},
        },
        "groups": grouped(pictures),
        "unreadable": [{"row": 12, "reason": "image file is truncated"}],
        "preprocessing": {"cropped_share": 0.08, "cleaned_share": 0.41, "painted_pixels_share": 0.013},
        "examples": [
            {
                "row": row,
                "label": label,
                "what": what,
                "before": pictures.data(f"preview/{what}_{row}_before.jpg", row),
                "after": pictures.data(f"preview/{what}_{row}_after.jpg", row, brighter=20),
            }
            for row, label, what in ((3, 1, "cropped"), (9, 0, "cleaned"), (14, 1, "cleaned"))
        ],
        "augmentation": [
            {
                "row": row,
                "label": row % 2,
                "original": pictures.data(f"preview/augment_{row}_original.jpg", row),
                "augmented": pictures.data(f"preview/augment_{row}_augmented.jpg", row, brighter=10),
            }
            for row in (5, 6, 7)
        ],
        "warnings": [],
        "provenance": copy.deepcopy(PROVENANCE),
    }


def grouped(pictures) -> dict:
    """Return the audit of 1,333 images in 900 groups, found from pixels."""
    largest = [(12, "train", range(20, 26)), (5, "train, external", range(30, 35)), (4, "test", range(60, 64))]
    return {
        "origin": "pixels",
        "count": 900,
        "sizes": {"1": 619, "2": 180, "3": 61, "4": 36, "5": 3, "12": 1},
        "shared": {"train/validation": 0, "train/test": 0, "validation/test": 0},
        "siblings": {"grouped": {"rows": 200, "with_sibling": 0}, "random": {"rows": 201, "with_sibling": 117}},
        "external": None,
        "checked": 23456,
        "links": 678,
        "dropped": 9,
        "largest": [
            {
                "size": size,
                "split": split,
                "rows": list(rows),
                "pictures": [pictures.data(f"preview/group_{row}_image.jpg", row) for row in rows],
            }
            for size, split, rows in largest
        ],
    }


def leak() -> dict:
    """Return what `invoke leak` measured on images of its own."""
    runs = [
        {"seed": seed, "split": split, "roc_auc": area, "accuracy": area - 0.1, "rows": 540, "with_sibling": found}
        for seed, split, area, found in (
            (0, "grouped", 0.841, 0),
            (0, "random", 0.902, 431),
            (1, "grouped", 0.823, 0),
            (1, "random", 0.911, 428),
        )
    ]
    return {
        "stage": "leak",
        "fingerprint": "1eak1eak1eak1eak",
        "model": "mobilenet",
        "data": {"description": "3,600 rows: the folder augmented", "fingerprint": "feedfeedfeedfeed"},
        "settings": {"weights": "auto", "epochs": 21, "tune_epochs": 6, "batch_size": 32, "learning_rate": 0.001},
        "weights": "ImageNet",
        "seeds": [0, 1],
        "runs": runs,
        "difference": {
            "roc_auc": {"mean": 0.0745, "interval": [0.0312, 0.1178]},
            "accuracy": {"mean": 0.0745, "interval": None},
        },
        "sentence": "A random split flatters MobileNetV2 <in> ROC-AUC.",
        "provenance": copy.deepcopy(PROVENANCE),
    }


def trained(model: str) -> dict:
    transfer = model != "scratch"
    parameters = {"scratch": 618017, "mobilenet": 2422081, "efficientnet": 4213668}[model]
    names = ["frozen", "tune"] if transfer else ["whole"]
    return {
        "stage": "train",
        "model": model,
        "fingerprint": f"{model:f<16}"[:16],
        "data": DATA,
        "digest": digest(model),
        "settings": {
            "model": model,
            "weights": "auto",
            "epochs": 12,
            "tune_epochs": 6,
            "batch_size": 32,
            "learning_rate": 0.001,
            "seed": 7,
        },
        "weights": {
            "asked": "auto",
            "used": "ImageNet" if transfer else "none needed",
            "replaced": None,
        },
        "parameters": {"total": parameters, "trainable": parameters - 1408},
        "architecture": [
            {
                "part": f"block {block}",
                "layers": 7,
                "kind": "Conv2D, BatchNormalization, ReLU, MaxPooling2D, Dropout",
                "output": [48 // 2**block, 48 // 2**block, 32 * block],
                "parameters": 10144 * block,
            }
            for block in range(1, 5)
        ]
        + [{"part": "head", "layers": 4, "kind": "Dense", "output": [1], "parameters": 33025}],
        "phases": [{"name": name, "epochs": 9, "trainable_parameters": 164097, "seconds": 155.1} for name in names],
        "activations": {"views": 4, "layers": ["pooling", "add"], "bytes": 290458368, "seconds": 92.4}
        if transfer
        else None,
        "best": {"epoch": 8, "val_loss": 0.41, "val_auc": 0.9},
        "seconds": {"scratch": 310.2, "mobilenet": 125.0, "efficientnet": 198.7}[model],
        "size_bytes": parameters * 4 + 31337,
        "warnings": [],
        "provenance": copy.deepcopy(PROVENANCE),
    }


def history(model: str, epochs: int = 18) -> list[dict]:
    second = "tune" if model != "scratch" else "whole"
    first = "frozen" if model != "scratch" else "whole"
    lines = []
    for epoch in range(1, epochs + 1):
        loss = 0.25 + 0.45 * 0.85**epoch
        line = {"phase": first if epoch <= 12 else second, "epoch": epoch, "seconds": 9.1}
        line |= {"learning_rate": 0.001, "loss": loss, "accuracy": 1 - loss, "auc": 1.05 - loss}
        line |= {"val_loss": loss + 0.06, "val_accuracy": 0.9 - loss, "val_auc": 0.98 - loss}
        lines.append(line)
    return lines


def evaluated(model: str) -> dict:
    return {
        "stage": "evaluate",
        "fingerprint": f"{model:e<16}"[:16],
        "data": DATA,
        "digest": digest(model),
        "seconds_per_image": {"scratch": 0.0121, "mobilenet": 0.0083, "efficientnet": 0.0174}[model],
        "provenance": copy.deepcopy(PROVENANCE),
    }


def metrics() -> dict:
    models = {
        model: {
            "digest": digest(model),
            "validation": scores(CONFUSION[model], AREAS[model] + 0.01, TEMPERATURES[model]),
            "test": scores(CONFUSION[model], AREAS[model], TEMPERATURES[model]),
        }
        for model in config.NETWORKS
    }
    value = {"data": DATA, "classes": CLASSES, "threshold": 0.5, "statistics": STATISTICS, "models": models}
    value |= {"comparisons": {}, "preference": {}, "missing": {}}
    for split in ("validation", "test"):
        compare(value, split)
    return value


def compare(metrics: dict, split: str, error: float = 0.0125) -> None:
    """Write the comparisons of the models that have `split` into `metrics`: intervals of 2 × `error` to either side."""
    models = {name: model[split] for name, model in metrics["models"].items() if split in model}
    found = [_pair(first, models[first], second, models[second], error) for first, second in combinations(models, 2)]
    metrics["comparisons"][split] = found
    metrics["preference"][split] = wording.sentences(found) if found else []


def _pair(first: str, one: dict, second: str, other: dict, error: float) -> dict:
    pair = {"first": first, "second": second, "rows": one["rows"], "groups": one["groups"]}
    for metric in ("roc_auc", "accuracy"):
        values = {"first": one[metric], "second": other[metric], "difference": None, "interval": None, "p": None}
        if None not in (one[metric], other[metric]):
            difference = one[metric] - other[metric]
            p = math.erfc(abs(difference) / error / math.sqrt(2))
            interval = [difference - 2 * error, difference + 2 * error]
            values |= {"difference": difference, "interval": interval, "p": p}
        pair[metric] = {**values, "p_corrected": values["p"] and min(1.0, 3 * values["p"])}
    pair["roc_auc"]["z"] = None
    pair["accuracy"] |= {"only_first_right": 21, "only_second_right": 13, "p_rows": 0.2295}
    return pair


def bench() -> dict:
    """Return measurements of which the medians and ratios are easily worked out."""
    whole = {"views": 4, "straightforward_seconds": 1200.0, "cached_seconds": 200.0, "ratio": 6.0}
    times = {"frozen": (27.0, 0.5), "tune": (36.0, 12.0)}
    epochs = {
        phase: {"straightforward": [slow, 99.0, slow - 1], "cached": [fast, 98.0, fast / 2]}
        for phase, (slow, fast) in times.items()
    }
    passes = {"view": [20.0, 19.0, 50.0], "validation": [3.0]}
    models = {
        model: {
            "weights": "some.h5",
            "layers": ["pooling", "add"],
            "epochs": epochs,
            "passes": passes,
            "whole": [{"epochs": 30, "tune_epochs": 10, **whole}],
        }
        for model in ("mobilenet", "efficientnet")
    }
    gradcam = {"trained": True, "images": 200, "predict": [2.0, 2.5, 9.0], "gradcam": [2.4, 2.5, 9.0], "ratio": 1.0}
    growth = [
        {"images": 1000, "seconds": 10.0, "peak_bytes": 700_000_000},
        {"images": 16000, "seconds": 160.0, "peak_bytes": None},
    ]
    cores = {"images": 300, "one_core": [4.0, 3.0, 9.0], "all_cores": [2.0, 2.0, 9.0], "ratio": 2.0}
    parts = {
        "training": {
            "images": {"train": 1612, "validation": 346},
            "image_size": 224,
            "batch_size": 32,
            "models": models,
        },
        "pipeline": {"images": 256, "pipeline": [1.0, 1.0, 9.0], "step": [16.0, 16.0, 40.0], "ratio": 16.0},
        "gradcam": {"image_size": 224, "models": dict.fromkeys(config.NETWORKS, gradcam)},
        "prepare": {"image_size": 224, "cores": cores, "growth": growth},
    }
    measured = {name: {**part, "repeats": 3, "provenance": copy.deepcopy(PROVENANCE)} for name, part in parts.items()}
    machine = {"processor": "Some Processor 3000", "cores": 2, "memory_bytes": 24 * 2**30, "system": "Linux"}
    return {"machine": machine, "parts": measured}


def scores(confusion: list[list[int]], area: float, temperature: float = 1.0) -> dict:
    (true_negative, false_positive), (false_negative, true_positive) = confusion
    called, actual = true_positive + false_positive, true_positive + false_negative
    rows = called + true_negative + false_negative
    precision, recall = true_positive / called, true_positive / actual
    malignant = {"precision": precision, "recall": recall, "f1": 2 * true_positive / (called + actual)}
    benign = {
        "precision": true_negative / (true_negative + false_negative),
        "recall": true_negative / (true_negative + false_positive),
        "f1": 2 * true_negative / (2 * true_negative + false_negative + false_positive),
    }
    average = {key: (benign[key] + malignant[key]) / 2 for key in benign}
    rate = np.linspace(0, 1, 60)
    figures = {
        "accuracy": (true_positive + true_negative) / rows,
        **malignant,
        "specificity": benign["recall"],
        "roc_auc": area,
        "average_precision": area - 0.0213,
        "partial_auc": (area - 0.4) / 3,
        "balanced_accuracy": (benign["recall"] + recall) / 2,
        "mcc": benign["recall"] + recall - 1.0123,
        "brier": 0.9876 - area,
    }
    return {
        "rows": rows,
        "groups": rows // 2,
        "positives": actual,
        **figures,
        "log_loss": 0.4,
        "intervals": {name: [value - 0.0321, value + 0.0234] for name, value in figures.items()},
        "confusion": confusion,
        "per_class": {
            "benign": {**benign, "support": rows - actual},
            "malignant": {**malignant, "support": actual},
            "macro average": {**average, "support": rows},
            "weighted average": {**average, "support": rows},
        },
        "roc": {
            "false_positive_rate": rate.tolist(),
            "true_positive_rate": (rate ** (1 / area - 1)).tolist(),
        },
        "operating": {
            "fixed": point(0.5, recall, benign["recall"]),
            "youden": point(0.4321, min(1.0, recall + 0.05), benign["recall"] - 0.04),
            "sensitive": point(0.000123, 0.94, benign["recall"] - 0.3),
        },
        "calibration": {
            "temperature": temperature,
            "not_fitted": None,
            "before": calibrated(0.9876 - area, 0.0815, 0.08),
            "after": calibrated(0.9812 - area, 0.0234, 0.02),
        },
        "sentinel": [],
    }


def point(threshold: float, sensitivity: float, specificity: float) -> dict:
    """Return the figures at one threshold; the predictive values are worked out apart from the project's own way."""
    prevalences = []
    for share in STATISTICS["prevalences"]:
        found, alarms = sensitivity * share, (1 - specificity) * (1 - share)
        benign = specificity * (1 - share)
        prevalences.append(
            {"prevalence": share, "ppv": found / (found + alarms), "npv": benign / (benign + share - found)}
        )
    return {
        "threshold": threshold,
        "confusion": [[80, 20], [10, 90]],
        "accuracy": 0.85,
        "sensitivity": sensitivity,
        "specificity": specificity,
        "balanced_accuracy": (sensitivity + specificity) / 2,
        "mcc": 0.7,
        "prevalences": prevalences,
    }


def calibrated(brier: float, error: float, off: float) -> dict:
    """Return the figures of a calibration whose ten points lie `off` the diagonal, above it and then below."""
    middles = np.arange(0.05, 1, 0.1)
    observed = np.clip(middles + np.where(middles < 0.5, off, -off), 0, 1)
    curve = [{"predicted": float(x), "observed": float(y), "rows": 20} for x, y in zip(middles, observed, strict=True)]
    return {"brier": brier, "expected_calibration_error": error, "curve": curve}


def collapse(part: dict) -> None:
    """Make `part` the scores of a model that calls every image benign, with one constant score."""
    part["intervals"] |= dict.fromkeys(("precision", "f1", "roc_auc", "average_precision", "mcc"))
    part |= {"average_precision": None, "mcc": None}
    part["operating"]["youden"] = None
    part["calibration"] |= {"temperature": 1.0, "not_fitted": "the predictions are constant"}
    part["calibration"]["after"] = part["calibration"]["before"]
    part |= {"precision": None, "recall": 0.0, "specificity": 1.0, "f1": None, "accuracy": 0.5}
    part |= {"confusion": [[100, 0], [100, 0]], "roc": None, "roc_auc": None}
    part["per_class"]["malignant"] |= {"precision": None, "recall": 0.0, "f1": None}
    part["sentinel"] = ["all 200 images are called benign"]


def explained(pictures) -> dict:
    images = [{"row": row, "label": row % 2, "photograph": pictures.reports(f"gradcam/{row}.jpg", row)} for row in ROWS]
    models = {}
    for shift, model in enumerate(config.NETWORKS):
        maps = [_map(pictures, model, row, malignant=(row + shift) // 2 % 2) for row in ROWS]
        maps[0] |= {"empty": True, "peak": 0.0}
        models[model] = {
            "fingerprint": f"{model}explain"[:16],
            "digest": digest(model),
            "provenance": PROVENANCE,
            "layer": f"{model}_last",
            "resolution": [3, 3],
            "empty": 1,
            "explained": 200,
            "maps": maps,
        }
    return {"data": DATA, "images": images, "models": models}


def _map(pictures, model: str, row: int, malignant: int) -> dict:
    return {
        "row": row,
        "probability": 0.9134 if malignant else 0.2171,
        "logit": 2.355 if malignant else -1.283,
        "explains": CLASSES[malignant],
        "correct": row % 2 == malignant,
        "peak": 1.25 + row / 100,
        "empty": False,
        "map": pictures.reports(f"gradcam/{model}_{row}_map.jpg", row, heat=True),
        "overlay": pictures.reports(f"gradcam/{model}_{row}_overlay.jpg", row, heat=True, brighter=30),
    }


def digest(model: str) -> str:
    return f"{model:0<16}"[:16]


def _square(row: int) -> np.ndarray:
    return np.full((24, 24, 3), (200 - row, 150, 120 + row), np.uint8)


class _Pictures:
    """Writes JPEG files below `home` and returns their names as the artefacts hold them."""

    def __init__(self, home: Path, photograph):
        self.home, self.photograph = home, photograph

    def data(self, name: str, row: int, **look) -> str:
        return self._write("data", name, row, **look)

    def reports(self, name: str, row: int, **look) -> str:
        return self._write("reports", name, row, **look)

    def _write(self, folder: str, name: str, row: int, heat: bool = False, brighter: int = 0) -> str:
        image = cv2.cvtColor(self.photograph(row), cv2.COLOR_RGB2BGR)
        if heat:
            image = cv2.applyColorMap(cv2.GaussianBlur(image[..., 0], (0, 0), 9), cv2.COLORMAP_VIRIDIS)
        encoded = cv2.imencode(".jpg", cv2.add(image, brighter))[1]
        store.write_bytes(self.home / folder / name, encoded.tobytes())
        return name
