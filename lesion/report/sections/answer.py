"""Section: which network ranks better, how sure that is, and what not to conclude."""

from collections.abc import Sequence

from lesion import config
from lesion.evaluation.words import headline, wording
from lesion.evaluation.words.wording import METRIC_NAMES, listed
from lesion.records.common import Interval
from lesion.records.metrics import AccuracyDifference, AreaDifference, Comparison, Scores
from lesion.records.study import StudyDifference, StudyRecord
from lesion.report.figures import forest
from lesion.report.figures.forest import Line, Plot
from lesion.report.reading.artefacts import Artefacts, Context, Model
from lesion.report.sections.study import StudyMethod, about_networks, beside_colour, study_verdict
from lesion.report.writing import cautions
from lesion.report.writing.tables import number, signed, whole_percent

BESIDE = ("colour", *config.COMBINATIONS)  # what stands below the networks


def answer(artefacts: Artefacts) -> Context:
    """Return the headline with its pictures, and what not to conclude.

    With a study of these images the answer is its, and one line says what the test split says of these trainings.
    """
    study = artefacts.study
    worst = cautions.worst(artefacts)
    shared = {
        "caution": worst[0] if worst else None,
        "distrust": [*worst[1:], *cautions.lesser(artefacts)],
        "cautions": cautions.everything(artefacts),
    }
    split = _headline(artefacts)
    if study is None or not study.headline:
        return {**shared, **_of_split(artefacts), "headline": split, "split": ""}
    return {**shared, **_of_study(artefacts, study), "headline": study.headline, "split": split}


def _headline(artefacts: Artefacts) -> str:
    """Return what the test split says of these trainings; a choice of the networks is not compared."""
    ranked = _ranked(artefacts.models)
    if len(ranked) > 1 and not artefacts.pairs("test"):
        title = ranked[0][0].title
        return f"{title} scored highest. A report of some of the networks does not say how sure that is."
    return headline.headline(artefacts.metrics) or "No answer: no network was measured."


# --- one split --------------------------------------------------------------------------------------
def _of_split(artefacts: Artefacts) -> Context:
    """Return what the test split says of these trainings, in words and plots."""
    ranked = _ranked(artefacts.models)
    prose = " ".join([*_ranking(ranked), *_verdicts(ranked, artefacts.metrics.threshold)])
    sentences = [prose, wording.colour_sentence(artefacts.metrics)]
    return {
        "sentences": [sentence for sentence in sentences if sentence],
        "study": False,
        "plots": _split_plots(artefacts, ranked) if ranked else [],
    }


def _ranked(models: Sequence[Model]) -> list[tuple[Model, Scores, float]]:
    """Return the models that have a ROC-AUC on the test split, with their scores and this ROC-AUC, highest first."""
    measured = [
        (model, test, test.roc_auc) for model in models if (test := model.of("test")) and test.roc_auc is not None
    ]
    return sorted(measured, key=lambda each: (-each[2], -each[1].accuracy))


def _ranking(ranked: Sequence[tuple[Model, Scores, float]]) -> list[str]:
    """Say what the ROC-AUCs mean, those that are written alike together."""
    times: dict[str, list[str]] = {}
    for model, _, area in ranked:
        times.setdefault(_of_hundred(area), []).append(model.title)
    if not times:
        return []
    (first, best), *others = times.items()
    score = "scores" if len(best) == 1 else "score"
    leading = f"{listed(best)} {score} the malignant one higher {first} times in 100"
    clauses = [leading, *(f"{listed(names)} {count}" for count, names in others)]
    return [f"Shown one malignant and one benign image, {listed(clauses)}."]


def _of_hundred(area: float) -> str:
    """Return a ROC-AUC as a number of times in 100; only a perfect one is always right."""
    if area < 1 and round(100 * area) == 100:
        return "more than 99"
    return f"{100 * area:.0f}"


def _verdicts(ranked: Sequence[tuple[Model, Scores, float]], threshold: float) -> list[str]:
    """Say how many test images each network judges correctly, in the order of `ranked`."""
    if not ranked:
        return []
    who = "it judges" if len(ranked) == 1 else "they judge"
    right = listed([f"{test.confusion[0][0] + test.confusion[1][1]:,}" for _, test, _ in ranked])
    return [f"At threshold {threshold:g} {who} {right} of the {ranked[0][1].rows:,} test images correctly."]


def _split_plots(artefacts: Artefacts, ranked: Sequence[tuple[Model, Scores, float]]) -> list[Plot]:
    confidence = whole_percent(artefacts.metrics.statistics.confidence)
    best = ranked[0][0].name
    beside = [model for name in BESIDE if (model := artefacts.reference(name)) and model.scores]
    areas = forest.areas(
        "ROC-AUC of each network",
        f"{confidence} intervals",
        [_area(model) for model in _unranked_last(artefacts.models, ranked)],
        [_area(model) for model in beside],
        number,
    )
    lines = [
        *_leads(best, artefacts.pairs("test"), list(METRIC_NAMES)),
        *_leads(best, artefacts.metrics.against_colour.get("test", []), ["roc_auc"]),
    ]
    return [areas, *_lead_plot(best, lines, confidence)]


def _unranked_last(models: Sequence[Model], ranked: Sequence[tuple[Model, Scores, float]]) -> list[Model]:
    """Return the measured networks, the highest ROC-AUC first and those without one last."""
    order = [model for model, *_ in ranked]
    return [*order, *(model for model in models if model.scores and model not in order)]


def _area(model: Model) -> Line:
    test = model.of("test")
    network = model.name if model.name in config.NETWORKS else ""
    if test is None:
        return Line(model.title, None, network=network)
    return Line(model.title, test.roc_auc, test.intervals["roc_auc"], network=network)


def _leads(best: str, pairs: Sequence[Comparison], metrics: Sequence[str]) -> list[Line]:
    """Return the lead of `best` over each model that it is compared with, by each of `metrics`."""
    lines = []
    for pair in pairs:
        if best in (pair.first, pair.second):
            other = pair.second if pair.first == best else pair.first
            lines += [_lead(getattr(pair, metric), metric, other, other == pair.first) for metric in metrics]
    return lines


def _lead(figures: AreaDifference | AccuracyDifference, metric: str, other: str, turned: bool) -> Line:
    """Return a difference as the lead over `other`; it is `turned` if it was measured the other way round."""
    name = METRIC_NAMES[metric]
    return Line(
        f"{name[0].upper()}{name[1:]} over {config.in_sentence(other)}",
        _signed(figures.difference, turned),
        _interval(figures.interval, turned),
        _interval(figures.adjusted, turned),
        wording.verdict(figures),
        wording.supported(figures),
    )


def _signed(value: float | None, turned: bool) -> float | None:
    return -value if turned and value is not None else value


def _interval(interval: Interval, turned: bool) -> Interval:
    return [-interval[1], -interval[0]] if turned and interval else interval


def _lead_plot(best: str, lines: Sequence[Line], confidence: str) -> list[Plot]:
    note = f"{confidence} intervals; thin: adjusted for all comparisons."
    plot = forest.leads(f"Lead of {config.title(best)}", note, lines, signed)
    return [plot] if plot else []


# --- study ------------------------------------------------------------------------------------------
def _of_study(artefacts: Artefacts, study: StudyRecord) -> Context:
    """Return what the study says of networks trained anew, in words and plots."""
    sentences = [about_networks(artefacts, study), beside_colour(study)]
    return {
        "sentences": [sentence for sentence in sentences if sentence],
        "study": True,
        "plots": _study_plots(study),
    }


def _study_plots(study: StudyRecord) -> list[Plot]:
    method = StudyMethod.of(study)
    ranked = sorted(
        (name for name in study.models if name in config.NETWORKS), key=lambda name: -study.models[name].roc_auc.value
    )
    if not ranked:
        return []
    areas = forest.areas(
        "ROC-AUC of each network, trained anew",
        f"{method.confidence} intervals",
        [_expected(study, name) for name in ranked],
        [_expected(study, name) for name in BESIDE if name in study.models],
        number,
    )
    lines = [_expected_lead(pair, ranked[0]) for pair in study.differences if ranked[0] in (pair.first, pair.second)]
    return [areas, *_lead_plot(ranked[0], lines, method.confidence)]


def _expected(study: StudyRecord, name: str) -> Line:
    area = study.models[name].roc_auc
    return Line(config.title(name), area.value, area.interval, network=name if name in config.NETWORKS else "")


def _expected_lead(pair: StudyDifference, best: str) -> Line:
    turned = pair.second == best
    other = pair.first if turned else pair.second
    return Line(
        f"ROC-AUC over {config.in_sentence(other)}",
        _signed(pair.value, turned),
        _interval(pair.interval, turned),
        _interval(pair.adjusted, turned),
        study_verdict(pair),
        wording.supported(pair),
    )
