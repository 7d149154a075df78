"""Artefacts of an experiment that never ran, written as the stages write them: the report's input."""

import json
import math
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from lesion import config, store
from lesion import prepared as preparation
from lesion.evaluation.words import headline as headlines
from lesion.groups.matching import MATCHING
from lesion.integrity import seals
from lesion.records.baseline import BaselineRecord
from lesion.records.bench import (
    BenchParts,
    BenchRecord,
    CachedTraining,
    CoreTimes,
    ExplanationTimes,
    GradcamBench,
    Machine,
    PipelineBench,
    PrepareBench,
    PrepareRun,
    TrainingBench,
    WholeTraining,
)
from lesion.records.common import Provenance
from lesion.records.explanations import ExplainedImage, ExplanationsRecord, ModelExplanations
from lesion.records.leak import LeakData, LeakRecord, LeakTrial, MeanDifference
from lesion.records.localisation import LocalisationRecord, LocatedImages, LocatedScore, SkillDifference
from lesion.records.metrics import (
    AccuracyDifference,
    AreaDifference,
    Calibration,
    ClassScores,
    Comparison,
    DecisionCurve,
    Estimate,
    LesionScores,
    MetricsRecord,
    ModelScores,
    NoiseFloor,
    OperatingPoint,
    PredictiveValues,
    Reliability,
    ReliabilityBin,
    RocCurve,
    Scores,
    Subgroup,
    SubgroupDifference,
    SubsetSize,
)
from lesion.records.preparation import (
    AugmentedExample,
    Example,
    Groups,
    LargeGroup,
    MetadataRecord,
    PreparationRecord,
    PreparationSettings,
    PreprocessingShares,
    Siblings,
    SourceRecord,
    Unreadable,
)
from lesion.records.probes import CornerTest, FaithfulnessTest, FinerMaps, SanityTest
from lesion.records.stress import ChangedCase, ModelStress, Stressed, StressRecord
from lesion.records.study import (
    Chances,
    CurvePoint,
    CurveStep,
    Design,
    LearningCurve,
    StudyArea,
    StudyData,
    StudyDifference,
    StudyModel,
    StudyRecord,
)
from lesion.records.training import (
    ActivationsRecord,
    ArchitecturePart,
    BestEpoch,
    EvaluationRecord,
    ImageSettings,
    Parameters,
    PhaseRecord,
    TrainingRecord,
    TrainingSettings,
    UnlikeRecord,
    WeightsRecord,
)
from lesion.tables import write_table

DATA = "d0d0d0d0d0d0d0d0"
CLASSES = ["benign", "malignant"]
# Counts [true][called] on 200 test images, 100 of each class.
CONFUSION = {
    "scratch": [[80, 20], [10, 90]],
    "mobilenet": [[88, 12], [16, 84]],
    "efficientnet": [[75, 25], [30, 70]],
    "together": [[89, 11], [13, 87]],
    "together_colour": [[90, 10], [12, 88]],
    "frame": [[68, 32], [34, 66]],
    "colour": [[78, 22], [21, 79]],
    "patient": [[64, 36], [31, 69]],
    "colour_patient": [[81, 19], [20, 80]],
}
AREAS = {
    "scratch": 0.9127,
    "mobilenet": 0.9318,
    "efficientnet": 0.7846,
    "together": 0.9402,
    "together_colour": 0.9467,
    "frame": 0.7543,
    "colour": 0.8544,
    "patient": 0.7219,
    "colour_patient": 0.8731,
}
MEASURED = (*config.NETWORKS, *config.COMBINATIONS, "frame", "colour")  # of a source that knows nothing of the patients
TEMPERATURES = {"scratch": 1.45, "mobilenet": 0.93, "efficientnet": 1.02}  # of the others 1
TEST_ROWS = list(range(40, 240))  # odd ones are malignant; two neighbours of a class, as 40 and 42, show one lesion
VALIDATION_ROWS = list(range(240, 300))
STATISTICS = replace(config.STATISTICS, replicates=1234)
MARGIN = replace(config.MARGIN, margin=0.012, prior=0.034, equivalence=0.88)
DECISIONS = replace(config.DECISIONS, prevalence=0.12)
PROVENANCE = Provenance(
    created="2024-05-06 07:08:09 +0000",
    seconds=12.5,
    machine="Linux x86_64, 2 cores",
    device="CPU",
    versions={"python": "3.11.2", "tensorflow": "2.21.0", "keras": "3.15.0", "numpy": "2.4.6"},
)


def write_all(home: Path, photograph=None) -> None:
    """Write every artefact below `home`; `photograph(row)` gives uint8 RGB, by default a coloured square."""
    pictures = _Pictures(home, photograph or _square)
    write_table(home / "data/index.csv", index())
    record = prepared(pictures)
    write_sealed(home / "data/manifest.json", record, ["index.csv", *preparation.pictures(record)])
    for model in config.NETWORKS:
        write_table(home / f"runs/{model}/history.csv", history(model))
        write_table(home / f"runs/{model}/predictions.csv", predictions(model), decimals=8)
        write_sealed(home / f"runs/{model}/manifest.json", trained(model), ["history.csv"])
        write_sealed(home / f"runs/{model}/evaluation.json", evaluated(model), ["predictions.csv"])
    for name in ("frame", "colour"):
        write_table(home / f"runs/{name}/predictions.csv", predictions(name), decimals=8)
        write_sealed(home / f"runs/{name}/manifest.json", baseline(name), ["predictions.csv"])
    store.write_record(home / "reports/metrics.json", metrics())
    take_predictions(home)
    explanations = explained(pictures)
    maps = [model.maps for model in explanations.models.values()]
    write_sealed(
        home / "reports/explanations.json", explanations, [*maps, *(one.thumbnail for one in explanations.images)]
    )
    stress = stressed(pictures)
    write_sealed(home / "reports/stress.json", stress, [one.picture for one in stress.changed])


def take_predictions(home: Path) -> None:
    """Let the metrics be of the predictions as they are now."""
    digests = {path.parent.name: store.digest(path) for path in home.glob("runs/*/predictions.csv")}
    change(home / "reports/metrics.json", lambda record: record.update(predictions=digests))


def write_sealed(path: Path, record, files: list[str]) -> None:
    """Write a record with the seals of `files` beside it."""
    store.write_record(path, record, seals.of_files(path.parent, files))


def change(path: Path, edit=lambda value: None) -> None:
    """Rewrite the JSON file `path` after `edit` has changed its value in place, with the seals of what there is now."""
    value = json.loads(path.read_text())
    edit(value)
    names = [name for name in value.pop(seals.FILES, {}) if (path.parent / name).exists()]
    value.pop(seals.SEAL, None)
    store.write_json(path, seals.with_seal(value, seals.of_files(path.parent, names)))


# --- prepare ----------------------------------------------------------------------------------------
def prepared(pictures) -> PreparationRecord:
    return PreparationRecord(
        fingerprint="aaaa000011112222",
        data=DATA,
        settings=PreparationSettings(
            data="auto", limit=1600, image_size=96, seed=7, split="grouped", clean=True, metadata="", search=False
        ),
        method=store.blocks(config.PREPARATION, config.AUGMENTATION, MATCHING),
        source=SourceRecord(
            name="sample",
            description="1,334 rows: images drawn by the project, seed 7",
            replaced="the Hub could not be reached (no route to host), the drawn sample took its place",
        ),
        metadata=None,
        classes=CLASSES,
        rows=1334,
        counts={
            "train": {"benign": 466, "malignant": 467},
            "validation": {"benign": 99, "malignant": 101},
            "test": {"benign": 100, "malignant": 100},
        },
        unreadable=[Unreadable(row=12, reason="image file is truncated")],
        preprocessing=PreprocessingShares(
            cropped_share=0.08, cleaned_share=0.41, painted_pixels_share=0.013, rim_share=0.0094, squeezed_share=0.58
        ),
        groups=grouped(pictures),
        examples=[
            Example(
                row=row,
                label=label,
                what=what,
                before=pictures.data(f"preview/{what}_{row}_before.jpg", row),
                after=pictures.data(f"preview/{what}_{row}_after.jpg", row, brighter=20),
                before_width=1.6 if what == "cropped" else None,
                before_height=1.2 if what == "cropped" else None,
            )
            for row, label, what in ((3, 1, "cropped"), (9, 0, "cleaned"), (14, 1, "cleaned"))
        ],
        augmentation=[
            AugmentedExample(
                row=row,
                label=row % 2,
                original=pictures.data(f"preview/augment_{row}_original.jpg", row),
                augmented=pictures.data(f"preview/augment_{row}_augmented.jpg", row, brighter=10),
            )
            for row in (5, 6, 7)
        ],
        provenance=PROVENANCE,
    )


def grouped(pictures) -> Groups:
    """Return the audit of 1,333 images in 900 groups, found from pixels."""
    largest = [(12, "train", range(20, 26)), (5, "train, external", range(30, 35)), (4, "test", range(60, 64))]
    return Groups(
        origin="pixels",
        origins={"source": 0, "table": 0, "pixels": 700, "identical": 14, "alone": 619},
        count=900,
        sizes={"1": 619, "2": 180, "3": 61, "4": 36, "5": 3, "12": 1},
        shared={"train/validation": 0, "train/test": 0, "validation/test": 0},
        siblings={"grouped": Siblings(rows=200, with_sibling=0), "random": Siblings(rows=201, with_sibling=117)},
        external=None,
        checked=23456,
        links=678,
        dropped=9,
        largest=[
            LargeGroup(size, split, list(rows), [pictures.data(f"preview/group_{row}_image.jpg", row) for row in rows])
            for size, split, rows in largest
        ],
    )


def table() -> MetadataRecord:
    """Return what a table gave that names lesion, age and sex."""
    return MetadataRecord(
        file="some/where/lesions.csv",
        columns={"lesion": "lesion_id", "age": "age_approx", "sex": "sex"},
        matched=1300,
        unmatched=34,
        foreign=8700,
        repeated=2,
        unknown={"age": 57, "sex": 3},
        conflicts=5,
    )


# --- train and evaluate -----------------------------------------------------------------------------
def trained(model: str) -> TrainingRecord:
    transfer = config.NETWORKS[model].pretrained
    parameters = {"scratch": 618017, "mobilenet": 2422081, "efficientnet": 4213668}[model]
    return TrainingRecord(
        model=model,
        fingerprint=f"{model:f<16}"[:16],
        data=DATA,
        digest=digest(model),
        settings=training_settings(model),
        method=store.blocks(config.TRAINING, config.AUGMENTATION, config.COLLAPSE, config.DECISION),
        preprocessing=ImageSettings(image_size=96, clean=True),
        weights=WeightsRecord(asked="auto", used="ImageNet" if transfer else "none needed", replaced=None),
        parameters=Parameters(total=parameters, trainable=parameters - 1408),
        architecture=[
            *(
                ArchitecturePart(
                    part=f"block {block}",
                    layers=7,
                    kind="Conv2D, BatchNormalization, ReLU, MaxPooling2D, Dropout",
                    output=[48 // 2**block, 48 // 2**block, 32 * block],
                    parameters=10144 * block,
                )
                for block in range(1, 5)
            ),
            ArchitecturePart(part="head", layers=4, kind="Dense", output=[1], parameters=33025),
        ],
        phases=[
            PhaseRecord(name=name, epochs=9, trainable_parameters=164097, seconds=155.1)
            for name in (["frozen", "tune"] if transfer else ["whole"])
        ],
        activations=ActivationsRecord(views=4, layers=["pooling", "add"], bytes=290458368, seconds=92.4)
        if transfer
        else None,
        best=BestEpoch(epoch=8, val_loss=0.41, val_auc=0.9),
        seconds={"scratch": 310.2, "mobilenet": 125.0, "efficientnet": 198.7}[model],
        size_bytes=parameters * 4 + 31337,
        warnings=[],
        provenance=PROVENANCE,
    )


def training_settings(model: str) -> TrainingSettings:
    return TrainingSettings(
        model=model,
        weights="auto",
        epochs=12,
        tune_epochs=6,
        batch_size=32,
        plateau_patience=4,
        learning_rate=0.001,
        views=4 if config.NETWORKS[model].pretrained else 0,
        seed=7,
        tune_learning_rate=0.0003 if config.NETWORKS[model].pretrained else None,
        half_precision=False,
    )


def history(model: str, epochs: int = 18) -> pd.DataFrame:
    first, second = ("frozen", "tune") if config.NETWORKS[model].pretrained else ("whole", "whole")
    epoch = np.arange(1, epochs + 1)
    loss = 0.25 + 0.45 * 0.85**epoch
    columns = {"phase": np.where(epoch <= 12, first, second), "epoch": epoch, "seconds": 9.1, "learning_rate": 0.001}
    columns |= {"loss": loss, "accuracy": 1 - loss, "auc": 1.05 - loss}
    columns |= {"val_loss": loss + 0.06, "val_accuracy": 0.9 - loss, "val_auc": 0.98 - loss}
    return pd.DataFrame(columns)


def evaluated(model: str) -> EvaluationRecord:
    return EvaluationRecord(
        fingerprint=f"{model:e<16}"[:16],
        data=DATA,
        digest=digest(model),
        seconds_per_image={"scratch": 0.0121, "mobilenet": 0.0083, "efficientnet": 0.0174}[model],
        views=4,
        provenance=PROVENANCE,
        unlike=UnlikeRecord(distance=31.25, trained=933, validation_share=0.01, test_rows=UNLIKE[model]),
    )


UNLIKE = {"scratch": [], "mobilenet": [41, 56], "efficientnet": [41]}  # test rows


def baseline(name: str) -> BaselineRecord:
    return BaselineRecord(
        name=name,
        fingerprint=f"{name:b<16}"[:16],
        data=DATA,
        digest=digest(name),
        method=store.blocks(replace(config.BASELINES, frame_share=10 / 224)),
        numbers={"frame": 8, "colour": 67}.get(name, 9),
        unknown=0,
        seconds=1.5,
        provenance=PROVENANCE,
    )


def measured(model: str) -> ModelScores:
    """Return the scores of a network, of a baseline or of all networks together."""
    temperature = TEMPERATURES.get(model, 1.0)
    return ModelScores(
        digest=digest(model),
        validation=scores(CONFUSION[model], AREAS[model] + 0.01, temperature),
        test=scores(CONFUSION[model], AREAS[model], temperature),
    )


def metrics() -> MetricsRecord:
    models = {model: measured(model) for model in MEASURED}
    size = SubsetSize(rows=200, malignant_rows=100, lesions=100, malignant_lesions=46)
    record = MetricsRecord(
        fingerprint="bbbb000011112222",
        data=DATA,
        classes=CLASSES,
        threshold=0.5,
        statistics=STATISTICS,
        decisions=DECISIONS,
        baselines=config.BASELINES,
        models=models,
        sizes={"validation": size, "test": size},
        comparisons={},
        against_colour={},
        subgroups=subgroups(),
        subgroup_differences=[
            SubgroupDifference("photographs of the lesion", "one", "several", _areas(-0.7, 0.31)),
            SubgroupDifference("sex", "female", "male", _areas(-0.9)),
        ],
        preference={},
        missing={},
        predictions={},
    )
    return compared(compared(record, "validation"), "test")


def subgroups() -> list[Subgroup]:
    """Return two ways of dividing the test images; the last part has no malignant lesion."""
    parts = (
        ("photographs of the lesion", "one", SubsetSize(60, 20, 60, 20), 0.03),
        ("photographs of the lesion", "several", SubsetSize(140, 80, 40, 26), -0.09),
        ("sex", "female", SubsetSize(90, 40, 50, 21), 0.01),
        ("sex", "male", SubsetSize(80, 41, 40, 25), -0.02),
    )
    known = [Subgroup(factor, level, size, _areas(shift)) for factor, level, size, shift in parts]
    undefined = dict.fromkeys(MEASURED, Estimate(None, None))
    return [*known, Subgroup("sex", "unknown", SubsetSize(30, 0, 10, 0), undefined)]


def _areas(shift: float, more: float = 0.0) -> dict[str, Estimate]:
    return {model: estimate(AREAS[model] + shift + more) for model in MEASURED}


def estimate(value: float) -> Estimate:
    return Estimate(value, [value - 0.0456, value + 0.0345])


def compare(path: Path, subset: str, error: float = 0.0125) -> None:
    """Compare the models in the file of the metrics anew; see `compared`."""
    store.write_record(path, compared(store.read_record(path, MetricsRecord, "test"), subset, error))


def compared(record: MetricsRecord, subset: str, error: float = 0.0125) -> MetricsRecord:
    """Return `record` with comparisons of the models that have `subset`: intervals of 2 × `error` to either side."""
    scored = {name: model.of(subset) for name, model in record.models.items() if model.of(subset)}
    networks = [name for name in scored if name in config.NETWORKS]
    pairs = [_pair(first, scored[first], second, scored[second], error) for first, second in combinations(networks, 2)]
    beside = [name for name in scored if name in (*config.NETWORKS, "together") and "colour" in scored]
    colour = [_pair(name, scored[name], "colour", scored["colour"], error) for name in beside]
    sentences = headlines.sentences({name: scored[name] for name in networks}, pairs, subset, record.threshold)
    return replace(
        record,
        comparisons={**record.comparisons, subset: pairs},
        against_colour={**record.against_colour, subset: colour},
        preference={**record.preference, subset: sentences},
    )


def _pair(first: str, one: Scores, second: str, other: Scores, error: float) -> Comparison:
    return Comparison(
        first=first,
        second=second,
        rows=one.rows,
        groups=one.groups,
        roc_auc=AreaDifference(**_difference(one.roc_auc, other.roc_auc, error), detectable=2.8 * error),
        accuracy=AccuracyDifference(
            **_difference(one.accuracy, other.accuracy, error), only_first_right=21, only_second_right=13
        ),
    )


def _difference(first: float | None, second: float | None, error: float) -> dict:
    if first is None or second is None:
        undefined = ("difference", "interval", "p", "p_corrected", "adjusted")
        return {"first": first, "second": second} | dict.fromkeys(undefined)
    difference = first - second
    p = math.erfc(abs(difference) / error / math.sqrt(2))
    interval = [difference - 2 * error, difference + 2 * error]
    values = {"first": first, "second": second, "difference": difference, "interval": interval}
    reach = 2.39398 * error  # of the normal distribution at 1 - .05 / 3
    adjusted = [difference - reach, difference + reach]
    return {**values, "p": p, "p_corrected": min(1.0, 3 * p), "adjusted": adjusted}


def scores(confusion: list[list[int]], area: float, temperature: float = 1.0) -> Scores:
    classes = class_scores(confusion)
    benign, malignant = classes["benign"], classes["malignant"]
    figures = headline(confusion, classes, area)
    rate = np.linspace(0, 1, 60)
    rows = sum(map(sum, confusion))
    return Scores(
        rows=rows,
        groups=rows // 2,
        **figures,
        intervals={name: [value - 0.0321, value + 0.0234] for name, value in figures.items()},
        confusion=confusion,
        per_class=classes,
        roc=RocCurve(false_positive_rate=rate.tolist(), true_positive_rate=(rate ** (1 / area - 1)).tolist()),
        operating={
            "fixed": point(0.5, malignant.recall, benign.recall),
            "youden": point(0.4321, min(1.0, malignant.recall + 0.05), benign.recall - 0.04),
            "sensitive": point(0.000123, 0.94, benign.recall - 0.3),
        },
        calibration=Calibration(
            temperature=temperature,
            not_fitted=None,
            before=reliability(0.9876 - area, 0.0815, 0.08),
            after=reliability(0.9812 - area, 0.0234, 0.02),
        ),
        decision=decision(malignant.recall, benign.recall),
        lesions=LesionScores(
            lesions=rows // 2,
            malignant=46,
            roc_auc=estimate(area + 0.0111),
            accuracy=estimate(figures["accuracy"] + 0.0122),
            sensitivity=estimate(malignant.recall + 0.0133),
            specificity=Estimate(benign.recall - 0.0144, None),
        ),
        collapsed=[],
        cautions=[],
    )


def class_scores(confusion: list[list[int]]) -> dict[str, ClassScores]:
    """Return the figures of each class and their averages; both classes have as many images."""
    (true_negative, false_positive), (false_negative, true_positive) = confusion
    benign = class_score(true_negative, called=true_negative + false_negative, actual=true_negative + false_positive)
    malignant = class_score(true_positive, called=true_positive + false_positive, actual=true_positive + false_negative)
    average = ClassScores(
        precision=(benign.precision + malignant.precision) / 2,
        recall=(benign.recall + malignant.recall) / 2,
        f1=(benign.f1 + malignant.f1) / 2,
        support=benign.support + malignant.support,
    )
    return {"benign": benign, "malignant": malignant, "macro average": average, "weighted average": average}


def class_score(right: int, called: int, actual: int) -> ClassScores:
    return ClassScores(
        precision=right / called, recall=right / actual, f1=2 * right / (called + actual), support=actual
    )


def headline(confusion: list[list[int]], classes: dict[str, ClassScores], area: float) -> dict[str, float]:
    """Return the headline figures; those that the confusion matrix does not give are made up from `area`."""
    benign, malignant = classes["benign"], classes["malignant"]
    return {
        "accuracy": (confusion[0][0] + confusion[1][1]) / sum(map(sum, confusion)),
        "precision": malignant.precision,
        "recall": malignant.recall,
        "f1": malignant.f1,
        "specificity": benign.recall,
        "roc_auc": area,
        "average_precision": area - 0.0213,
        "partial_auc": (area - 0.4) / 3,
        "balanced_accuracy": classes["macro average"].recall,
        "mcc": benign.recall + malignant.recall - 1.0123,
        "brier": 0.9876 - area,
    }


def point(threshold: float, sensitivity: float, specificity: float) -> OperatingPoint:
    """Return the figures at one threshold; the predictive values are worked out apart from the project's own way."""
    prevalences = []
    for share in STATISTICS.prevalences:
        hits, alarms = sensitivity * share, (1 - specificity) * (1 - share)
        benign = specificity * (1 - share)
        ppv, npv = hits / (hits + alarms), benign / (benign + share - hits)
        intervals = {"ppv_interval": [ppv * 0.8, ppv * 1.1], "npv_interval": [npv * 0.98, npv * 1.0001]}
        prevalences.append(PredictiveValues(share, ppv, npv, **intervals))
    return OperatingPoint(
        threshold=threshold,
        confusion=[[80, 20], [10, 90]],
        accuracy=0.85,
        sensitivity=sensitivity,
        specificity=specificity,
        balanced_accuracy=(sensitivity + specificity) / 2,
        mcc=0.7,
        intervals={
            "sensitivity": [sensitivity - 0.0517, sensitivity + 0.0293],
            "specificity": [specificity - 0.0611, specificity + 0.0377],
            **{name: [0.61, 0.91] for name in ("balanced_accuracy", "accuracy", "mcc")},
        },
        prevalences=prevalences,
    )


def decision(sensitivity: float, specificity: float) -> DecisionCurve:
    """Return a curve of a model whose sensitivity and specificity are the same at every threshold."""
    thresholds = np.linspace(DECISIONS.lowest, DECISIONS.highest, DECISIONS.steps)
    alarms = 1 - DECISIONS.prevalence
    price = thresholds / (1 - thresholds)
    benefit = DECISIONS.prevalence * sensitivity - alarms * (1 - specificity) * price * thresholds
    return DecisionCurve(
        prevalence=DECISIONS.prevalence,
        thresholds=thresholds.round(6).tolist(),
        net_benefit=benefit.tolist(),
        low=(benefit - 0.0123 - thresholds / 30).tolist(),
        high=[None, *(benefit[1:] + 0.0054).tolist()],
        act_on_all=(DECISIONS.prevalence - alarms * price).tolist(),
    )


def reliability(brier: float, error: float, off: float) -> Reliability:
    """Return the figures of a calibration whose ten points are `off` the diagonal, above it and then below."""
    middles = np.arange(0.05, 1, 0.1)
    observed = np.clip(middles + np.where(middles < 0.5, off, -off), 0, 1)
    curve = [
        ReliabilityBin(predicted=float(x), observed=float(y), rows=20) for x, y in zip(middles, observed, strict=True)
    ]
    return Reliability(
        brier=brier,
        expected_calibration_error=error,
        error_floor=NoiseFloor(mean=error - 0.0108, high=error + 0.0209),
        intercept=Estimate(-off, [-off - 0.31, -off + 0.29]),
        slope=Estimate(1 - off, [0.71 - off, 1.33 - off]),
        ici=estimate(error / 2),
        ici_floor=NoiseFloor(mean=error / 3, high=error - 0.0013),
        curve=curve,
    )


def collapse(subset: dict) -> None:
    """Make `subset`, scores as JSON, those of a model that calls every image benign, with one constant score."""
    subset["intervals"] |= dict.fromkeys(("precision", "f1", "roc_auc", "average_precision", "mcc"))
    subset |= {"average_precision": None, "mcc": None}
    subset["operating"]["youden"] = None
    subset["decision"] = None
    subset["calibration"] |= {"temperature": 1.0, "not_fitted": "the predictions are constant"}
    subset["calibration"]["after"] = subset["calibration"]["before"]
    subset |= {"precision": None, "recall": 0.0, "specificity": 1.0, "f1": None, "accuracy": 0.5}
    subset |= {"confusion": [[100, 0], [100, 0]], "roc": None, "roc_auc": None}
    subset["per_class"]["malignant"] |= {"precision": None, "recall": 0.0, "f1": None}
    subset["collapsed"] = ["all 200 images are called benign"]


# --- rows ------------------------------------------------------------------------------------------
def lesion(row: int) -> int:
    """Return the number of the lesion that a row shows."""
    return row // 4 * 4 + row % 2


def index() -> pd.DataFrame:
    """Return those lines of data/index.csv that the report reads, the scored rows, with the columns that are read."""
    rows = [*TEST_ROWS, *VALIDATION_ROWS]
    return pd.DataFrame(
        {
            "row": rows,
            "label": [row % 2 for row in rows],
            "split": ["test"] * len(TEST_ROWS) + ["validation"] * len(VALIDATION_ROWS),
            "group": [lesion(row) for row in rows],
            "age": np.nan,
            "sex": "",
            "site": "",
            "cropped": 0,
            "cleaned_share": 0.0,
        }
    )


def predictions(model: str) -> pd.DataFrame:
    """Return probabilities with which the test rows have the confusion matrix of `model` at threshold 0.5."""
    table = index()[["row", "split", "label"]]
    right = {label: CONFUSION[model][label][label] for label in (0, 1)}  # of 100
    place = {row: number // 2 for number, row in enumerate(TEST_ROWS)} | {row: 0 for row in VALIDATION_ROWS}
    scores = []
    for row, _, label in table.itertuples(index=False):
        is_right = place[row] < right[label] or row in VALIDATION_ROWS
        distance = 0.05 + (row * 7 % 40) / 100  # from the threshold
        scores.append(0.5 + distance if is_right == (label == 1) else 0.5 - distance)
    return table.assign(probability=scores)


# --- explain ----------------------------------------------------------------------------------------
OUTLINE = "M30 20L70 20L70 80L30 80Z"


def explained(pictures) -> ExplanationsRecord:
    """Return maps of 4 × 4 fields of every test image; the first of each network is empty."""
    models = {}
    fields = np.zeros((len(TEST_ROWS), 4, 4), np.uint8)
    for place, row in enumerate(TEST_ROWS[1:], start=1):
        fields[place, row % 4, row // 4 % 4] = 255
        fields[place, 1, 1] = max(fields[place, 1, 1], 90)
    peaks = np.array([0.0, *(1.25 + row / 100 for row in TEST_ROWS[1:])], np.float32)
    for model in config.NETWORKS:
        table = predictions(model)
        malignant = table.loc[table["split"] == "test", "probability"].to_numpy() >= 0.5
        name = f"cases/{model}.npz"
        (pictures.home / "reports/cases").mkdir(parents=True, exist_ok=True)
        finer = {method: np.repeat(np.repeat(fields, n, axis=1), n, axis=2) for method, n in FINER.items()}
        np.savez_compressed(pictures.home / "reports" / name, fields=fields, peaks=peaks, malignant=malignant, **finer)
        models[model] = ModelExplanations(
            fingerprint=f"{model}explain"[:16],
            digest=digest(model),
            layer=f"{model}_last",
            resolution=[4, 4],
            explained=len(TEST_ROWS),
            empty=1,
            maps=name,
            localisation=localisation(model),
            provenance=PROVENANCE,
            finer={method: finer_maps(model, method) for method in FINER},
            beside="layercam_16" if model == "mobilenet" else "",
            corner=cornered(model),
            sanity=sanity(model),
            faithfulness=faithfulness(),
        )
    images = [
        ExplainedImage(
            row=row,
            label=row % 2,
            group=lesion(row),
            levels={"hair or marks": "painted over" if row % 3 == 0 else "none"},
            thumbnail=pictures.thumbnail(row),
            outline=OUTLINE if row % 5 else "",
            outline_from=("estimated" if row % 3 else "masks") if row % 5 else "",
        )
        for row in TEST_ROWS
    ]
    differences = [skill_difference(score, *pair) for score in SKILLS for pair in combinations(config.NETWORKS, 2)]
    return ExplanationsRecord(data=DATA, images=images, models=models, skill_differences=differences)


FINER = {"layercam_16": 2, "layercam_8": 3}  # maps of LayerCAM -> times as many fields each way as Grad-CAM's
MORE_SKILL = {"layercam_16": 0.2, "layercam_8": -0.1}  # than Grad-CAM's maps
SKILLS = {"energy": 0.4321, "rank_accuracy": 0.3456, "pointing": -0.0567}  # of the CNN from scratch
BETTER = {"scratch": 0.0, "mobilenet": 0.21, "efficientnet": -0.4}  # than the CNN from scratch


def localisation(model: str) -> LocalisationRecord:
    """Return scores with which one network's maps are better than the spot, and another's worse."""
    outlined = [row for row in TEST_ROWS if row % 5]
    subsets = {
        name: LocatedImages(images=images, lesions=images // 2, area=area, scores=located_scores(model, area))
        for name, images, area in (
            ("all", 160, 0.24),
            ("benign", 80, 0.21),
            ("malignant", 80, 0.27),
            ("right", 150, 0.23),
        )
    }
    return LocalisationRecord(
        coarse=False,
        subsets={**subsets, "wrong": LocatedImages(images=0, lesions=0, area=0.0, scores={})},
        follows=Estimate(0.0812, [0.0412, 0.1212]) if model != "efficientnet" else Estimate(0.0012, [-0.02, 0.0224]),
        energies=[row % 100 / 100 if row in outlined else None for row in TEST_ROWS],
    )


def finer_maps(model: str, method: str) -> FinerMaps:
    fields = 4 * FINER[method]
    record = localisation(model)
    scores = located_scores(model, 0.24, MORE_SKILL[method])
    subsets = {**record.subsets, "all": replace(record.subsets["all"], scores=scores)}
    return FinerMaps(
        layer=f"{model}_{method}",
        resolution=[fields, fields],
        empty=2,
        localisation=replace(record, subsets=subsets),
        skill_over_gradcam=estimate(MORE_SKILL[method]),
    )


def cornered(model: str) -> CornerTest:
    """Return maps that follow the lesion into a corner but for EfficientNetB0's, of which that could be chance."""
    located = LocatedImages(images=160, lesions=80, area=0.1, scores=located_scores(model, 0.1, -0.1))
    if model == "efficientnet":
        energy = replace(located.scores["energy"], skill=Estimate(0.0321, [-0.0666, 0.1308]))
        located = replace(located, scores={**located.scores, "energy": energy})
    return CornerTest(located, same_verdict=estimate(0.8123), roc_auc_change=estimate(-0.0789))


SANITY = {"scratch": 0.1234, "mobilenet": 0.2345, "efficientnet": 0.9012}  # rank correlation, all weights drawn anew


def sanity(model: str) -> SanityTest:
    """Return maps that depend on the weights but for EfficientNetB0's."""
    return SanityTest(
        images=100,
        head=estimate(SANITY[model] + 0.0222),
        everything=estimate(SANITY[model]),
        other=0.3333,
        complexity=estimate(0.0456),
    )


def faithfulness() -> FaithfulnessTest:
    orders = ("map", "centre", "random")
    return FaithfulnessTest(
        images=120,
        shares=[0.0, 0.5, 1.0],
        deletion={order: [0.9, 0.6 + 0.1 * place, 0.4] for place, order in enumerate(orders)},
        insertion={order: [0.4, 0.7 - 0.1 * place, 0.9] for place, order in enumerate(orders)},
        areas={order: estimate(0.1111 - 0.0333 * place) for place, order in enumerate(orders)},
        over_centre=Estimate(0.0333, [-0.0123, 0.0789]),
        over_random=estimate(0.0666),
    )


def located_scores(model: str, area: float, more: float = 0.0) -> dict[str, LocatedScore]:
    """Return scores of maps whose skill is higher by `more` than that of Grad-CAM's."""
    scores = {}
    for name, skill in SKILLS.items():
        skill += BETTER[model] + more
        spot, ceiling = area + 0.3111, area + 0.5111
        value = spot + skill * (ceiling - spot)
        interval = [skill - 0.0987, skill + 0.0987]
        scores[name] = LocatedScore(estimate(value), spot, ceiling, other=area + 0.1, skill=Estimate(skill, interval))
    return scores


def skill_difference(score: str, first: str, second: str) -> SkillDifference:
    value = BETTER[first] - BETTER[second]
    low, high = value - 0.1234, value + 0.1234
    return SkillDifference(
        score, first, second, value, [low, high], p=0.0012, p_corrected=0.0036, adjusted=[low - 0.01, high + 0.01]
    )


# --- study ------------------------------------------------------------------------------------------
STUDIED = ("mobilenet", "efficientnet", *config.COMBINATIONS, "colour")  # two of the three networks


def study() -> StudyRecord:
    """Return what `invoke study` measured on the report's images: 2 folds × 3 partitions of two networks."""
    return StudyRecord(
        fingerprint="57d757d757d757d7",
        data=StudyData("1,334 rows: images", DATA, images=1333, lesions=900, malignant_lesions=412),
        design=Design(kinds=["grouped"], folds=2, tested=2, repeats=3, seed=7, fractions=[0.25, 0.5, 1.0]),
        settings={name: training_settings(name) for name in ("mobilenet", "efficientnet")},
        method=store.blocks(config.TRAINING, config.FOLDS, STATISTICS, MARGIN),
        shared_part=2.18,
        weights={"mobilenet": "ImageNet", "efficientnet": "ImageNet"},
        shared_views={"mobilenet": 5, "efficientnet": 4},
        models={name: study_model(name) for name in STUDIED},
        differences=[
            study_difference("mobilenet", "efficientnet", Chances(0.8712, 0.1187, 0.0101), p=0.0213, supported=True),
            study_difference("mobilenet", "colour", Chances(0.6123, 0.3777, 0.01), p=0.2345, equivalent=True),
            study_difference("efficientnet", "colour", None, p=None),
        ],
        headline="Trained anew on data like these, MobileNetV2 would rank better than <EfficientNetB0>.",
        sentences=["MobileNetV2 and colour alone differ by less than 0.012 either way."],
        seconds=7384.0,
        provenance=PROVENANCE,
        missing=dict.fromkeys(("patient", "colour_patient"), "nothing is known of the patients"),
        curves={name: learning_curve(name) for name in ("mobilenet", "efficientnet", "colour")},
    )


def learning_curve(name: str) -> LearningCurve:
    """Return a curve that rises by 0.0321 and then by 0.0123; the latter is supported for MobileNetV2 only."""
    area = AREAS[name] - 0.0234
    points = [
        CurvePoint(fraction, 566.6 * fraction, 382.5 * fraction, StudyArea(value, ends, 0.01, 0.01, 0.0151), [], 0)
        for fraction, value in ((0.25, area - 0.0444), (0.5, area - 0.0123), (1.0, area))
        for ends in [[value - 0.0345, value + 0.0256]]
    ]
    supported = name == "mobilenet"
    adjusted = [0.0012, 0.0234] if supported else [-0.0234, 0.048]
    p = 0.0123 if supported else 0.345
    step = CurveStep(0.5, 0.0123, [0.0034, 0.0212], 0.0045, p / 3, adjusted, p, supported)
    return LearningCurve(points, step, f"{config.title(name)} rose from 283 to 567 <images>.")


def study_model(name: str) -> StudyModel:
    area = AREAS[name] - 0.0234
    cells = [[area - 0.03, area + 0.01 * (partition + 1)] for partition in range(3)]
    figures = StudyArea(area, [area - 0.0345, area + 0.0256], lesions=0.01234, trainings=0.00567, error=0.01512)
    return StudyModel(figures, cells, failed=0, seconds=3456.0)


def study_difference(first: str, second: str, chances: Chances | None, p: float | None, **verdict) -> StudyDifference:
    """Return a difference that shows neither that there is one nor that there is none, unless `verdict` says so."""
    value = AREAS[first] - AREAS[second]
    reach = 0.0251 if verdict.get("supported") else abs(value) + 0.0111
    return StudyDifference(
        first=first,
        second=second,
        value=value,
        interval=[value - 0.0213, value + 0.0213] if p is not None else None,
        lesions=0.0087,
        trainings=0.0043,
        error=0.0105,
        p=p,
        adjusted=[value - reach, value + reach] if p is not None else None,
        p_corrected=None if p is None else 2 * p,
        chances=chances,
        **{"supported": False, "equivalent": False, **verdict},
    )


# --- stress -----------------------------------------------------------------------------------------
# Share of the verdicts of MobileNetV2 that the strongest of three changes flips; of the others half as many.
FLIPS = {
    "ruler": 0.15,
    "ink": 0.42,
    "hair": 0.36,
    "hair_removed": 0.12,
    "bubbles": 0.09,
    "corners": 0.12,
    "cast": 0.18,
    "cast_corrected": 0.15,
    "blur": 0.12,
    "jpeg": 0.0,
    "brightness": 0.06,
    "rotation": 0.03,
}
PARTS = {"lesion_hidden": -0.1234, "lesion_alone": -0.0234, "frame_alone": -0.2345}  # change of ROC-AUC
OUTSIDE = {"scratch": (0.75, [0.61, 0.88]), "mobilenet": (0.62, [0.4, 0.8]), "efficientnet": (0.12, [-0.1, 0.35])}


def stressed(pictures) -> StressRecord:
    """Return a stress test in which ink turns verdicts malignant and hair turns them benign."""
    return StressRecord(
        data=DATA,
        images=160,
        of=200,
        strengths={kind: ["a little", "more", f"the most of {kind}"] for kind in FLIPS},
        models={name: model_stress(name) for name in config.NETWORKS},
        changed=[
            ChangedCase(row, row % 2, name, kind, 2, before, after, pictures.changed(row, f"{kind}_{name}"))
            for row, name, kind, before, after in (
                (41, "mobilenet", "ink", 0.12, 0.87),
                (52, "scratch", "hair", 0.91, 0.31),
                (44, "efficientnet", "cast", 0.345, 0.765),
            )
        ],
        method=store.blocks(config.BASELINES),
    )


def model_stress(name: str) -> ModelStress:
    factor = 1.0 if name == "mobilenet" else 0.5
    area = Estimate(AREAS[name], [AREAS[name] - 0.05, AREAS[name] + 0.03])
    return ModelStress(
        fingerprint=f"{name}stress"[:16],
        digest=digest(name),
        probabilities=f"cases/stress_{name}.csv",
        roc_auc=area,
        disturbed={
            kind: [disturbed(name, kind, factor * share * strength / 3) for strength in (1, 2, 3)]
            for kind, share in FLIPS.items()
        },
        parts={part: disturbed(name, part, 0.2, change) for part, change in PARTS.items()},
        parts_roc_auc=area,
        outside=Estimate(*OUTSIDE[name]),
        provenance=PROVENANCE,
    )


def disturbed(name: str, kind: str, flips: float, change: float | None = None) -> Stressed:
    """Return what becomes of 160 images; without a `change` of ROC-AUC it is half the flips, downwards."""
    change = -flips / 2 if change is None else change
    amount = round(160 * flips)
    to_malignant = amount if kind == "ink" else 0 if kind == "hair" else amount // 2
    return Stressed(
        images=160,
        median_change=0.0123,
        flips=Estimate(flips, [max(0.0, flips - 0.04), flips + 0.05]),
        to_malignant=to_malignant,
        to_benign=amount - to_malignant,
        roc_auc=estimate(AREAS[name] + change),
        roc_auc_change=estimate(change),
        sensitivity=estimate(0.81),
        sensitivity_change=estimate(-0.0432),
        specificity=estimate(0.72),
        specificity_change=estimate(-0.0543),
    )


# --- leak and bench ---------------------------------------------------------------------------------
def leak() -> LeakRecord:
    """Return what `invoke leak` measured on images of its own."""
    trials = [
        LeakTrial(seed=seed, split=split, roc_auc=area, accuracy=area - 0.1, rows=540, with_sibling=with_sibling)
        for seed, split, area, with_sibling in (
            (0, "grouped", 0.841, 0),
            (0, "random", 0.902, 431),
            (1, "grouped", 0.823, 0),
            (1, "random", 0.911, 428),
        )
    ]
    return LeakRecord(
        fingerprint="1eak1eak1eak1eak",
        model="mobilenet",
        data=LeakData(description="3,600 rows: the folder augmented", fingerprint="feedfeedfeedfeed"),
        settings=replace(training_settings("mobilenet"), epochs=21),
        method=store.blocks(config.TRAINING, config.PREPARATION, STATISTICS),
        weights="ImageNet",
        seeds=[0, 1],
        trials=trials,
        difference={
            "roc_auc": MeanDifference(mean=0.0745, interval=[0.0312, 0.1178]),
            "accuracy": MeanDifference(mean=0.0745, interval=None),
        },
        sentence="A random split flatters MobileNetV2 <in> ROC-AUC.",
        provenance=PROVENANCE,
    )


def bench() -> BenchRecord:
    """Return measurements of which the medians and ratios are easily worked out."""
    times = {"frozen": (27.0, 0.5), "tune": (36.0, 12.0)}
    training = CachedTraining(
        weights="some.h5",
        layers=["pooling", "add"],
        epochs={
            phase: {"straightforward": [slow, 99.0, slow - 1], "cached": [fast, 98.0, fast / 2]}
            for phase, (slow, fast) in times.items()
        },
        passes={"view": [20.0, 19.0, 50.0], "validation": [3.0]},
        whole=[WholeTraining(30, 10, views=4, straightforward_seconds=1200.0, cached_seconds=200.0, ratio=6.0)],
    )
    gradcam = ExplanationTimes(
        trained=True,
        images=200,
        predict=[2.0, 2.5, 9.0],
        gradcam=[2.4, 2.5, 9.0],
        ratio=1.0,
        finer=[4.0, 5.0, 9.0],
        finer_ratio=0.5,
        disturbed=[2.4, 2.5, 9.0],
        disturbed_ratio=1.0,
    )
    cores = CoreTimes(images=300, one_core=[4.0, 3.0, 9.0], all_cores=[2.0, 2.0, 9.0], ratio=2.0)
    growth = [PrepareRun(1000, 10.0, peak_bytes=700_000_000), PrepareRun(16000, 160.0, peak_bytes=None)]
    made = {"image_size": 224, "repeats": 3, "provenance": PROVENANCE}
    parts = BenchParts(
        training=TrainingBench(
            images={"train": 1612, "validation": 346},
            batch_size=32,
            models={"mobilenet": training, "efficientnet": training},
            **made,
        ),
        pipeline=PipelineBench(images=256, pipeline=[1.0, 1.0, 9.0], step=[16.0, 16.0, 40.0], ratio=16.0, **made),
        gradcam=GradcamBench(models=dict.fromkeys(config.NETWORKS, gradcam), **made),
        prepare=PrepareBench(cores=cores, growth=growth, **made),
    )
    return BenchRecord(Machine("Some Processor 3000", cores=2, memory_bytes=24 * 2**30, system="Linux"), parts)


def digest(model: str) -> str:
    return f"{model:0<16}"[:16]


# --- pictures ---------------------------------------------------------------------------------------
def _square(row: int) -> np.ndarray:
    return np.full((24, 24, 3), (200 - row % 100, 150, 120 + row % 100), np.uint8)


class _Pictures:
    """Writes JPEG files below `home` and returns their names as the artefacts hold them."""

    def __init__(self, home: Path, photograph):
        self.home, self.photograph = home, photograph

    def data(self, name: str, row: int, **look) -> str:
        return self._write("data", name, row, **look)

    def thumbnail(self, row: int) -> str:
        return self._write("reports", f"cases/{row}.webp", row)

    def changed(self, row: int, name: str) -> str:
        return self._write("reports", f"cases/stress_{row}_{name}.webp", row, brighter=30)

    def _write(self, folder: str, name: str, row: int, brighter: int = 0) -> str:
        image = cv2.cvtColor(self.photograph(row), cv2.COLOR_RGB2BGR)
        encoded = cv2.imencode(Path(name).suffix, cv2.add(image, brighter))[1]
        store.write_bytes(self.home / folder / name, encoded.tobytes())
        return name
