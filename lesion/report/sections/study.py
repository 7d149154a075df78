"""Section on the networks trained anew on several divisions of the lesions, as `invoke study` measured them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lesion import config
from lesion.evaluation.words.wording import listed, verdict
from lesion.records.study import Chances, LearningCurve, StudyArea, StudyDifference, StudyModel, StudyRecord
from lesion.report.figures import intervals, learning, plots
from lesion.report.reading.artefacts import Artefacts, Context, used_setting
from lesion.report.writing.tables import (
    Cell,
    Row,
    Table,
    cell,
    count,
    counted,
    number,
    p_value,
    pair_name,
    percent,
    signed,
    whole_percent,
    with_interval,
)

SPREAD = ("SD from lesions", "SD from trainings", "Standard error")


@dataclass(frozen=True)
class StudyMethod:
    """The settings of a study as text, empty if it does not say."""

    confidence: str
    significant: str
    equivalence: str
    replicates: str
    margin: str
    prior: str
    probable: str
    validation: str
    shared: str  # by how much what the lesions add to a variance counts, since trainings share lesions
    trained: str  # share of the lesions that a training learns from

    @classmethod
    def of(cls, record: StudyRecord) -> "StudyMethod":
        """Return the settings that `record` was made with."""
        used = [record.method]
        rest = (record.design.folds - 1) / record.design.folds
        return cls(
            confidence=used_setting(used, "statistics", "confidence", whole_percent),
            significant=used_setting(used, "statistics", "significant"),
            equivalence=used_setting(used, "margin", "equivalence", whole_percent),
            replicates=used_setting(used, "statistics", "replicates", count),
            margin=used_setting(used, "margin", "margin"),
            prior=used_setting(used, "margin", "prior"),
            probable=used_setting(used, "margin", "probable", whole_percent),
            validation=used_setting(used, "folds", "validation", whole_percent),
            shared=f"{record.shared_part:.2f}",
            trained=used_setting(used, "folds", "validation", lambda share: f"{100 * rest * (1 - share):.0f}%"),
        )


def study(artefacts: Artefacts) -> Context | None:
    """Return how good the networks are expected to be when trained anew; None without a study of these images."""
    record = artefacts.study
    if record is None:
        return None
    method = StudyMethod.of(record)
    curves = {name: curve for name, curve in record.curves.items() if name in record.models}
    return {
        "sentences": record.sentences,
        "figure": _figure(record, method.confidence),
        "areas": _areas(record, method.confidence),
        "differences": _differences(record, method),
        "study": record,
        "trainings": trainings(record),
        "unit": unit(record),
        "missing": _missing(record.missing),
        "views": _views(record.shared_views),
        "method": method,
        "curves": _curves(curves, method.confidence) if curves else None,
    }


def trainings(record: StudyRecord) -> int:
    """Return how many trainings of each network there are."""
    return record.design.tested * record.design.repeats


def unit(record: StudyRecord) -> str:
    """Return what is divided into folds: lesions, or images."""
    return "lesions" if record.design.kinds == ["grouped"] else "images"


def not_studied(artefacts: Artefacts) -> list[str]:
    """Return the networks of the report, by name, that its study does not have."""
    studied = artefacts.study.models if artefacts.study else {}
    return [model.name for model in artefacts.models if artefacts.study and model.name not in studied]


def about_networks(artefacts: Artefacts, study: StudyRecord) -> str:
    """Say that an answer is about networks trained anew, and which networks it leaves out."""
    left_out = [config.title(name) for name in not_studied(artefacts)]
    missing = f" {listed(left_out)} {'is' if len(left_out) == 1 else 'are'} not in this study." if left_out else ""
    return (
        f"This is about networks trained anew, {trainings(study)} times each, on {study.design.folds} folds × "
        f"{counted(study.design.repeats, 'partition')} of the {unit(study)}.{missing}"
    )


def beside_colour(record: StudyRecord) -> str:
    """Say how the networks trained anew differ from colour alone; empty if that is not in the study."""
    pairs = [pair for pair in record.differences if pair.second == "colour" and pair.interval]
    if not pairs:
        return ""
    claims: dict[str, list[str]] = {}
    for pair in pairs:
        claims.setdefault(_beside(pair), []).append(config.in_sentence(pair.first))
    area = number(record.models["colour"].roc_auc.value)
    clauses = [f"{listed(names)} {claim}" for claim, names in claims.items()]
    return f"Against colour alone (ROC-AUC {area}): {'; '.join(clauses)}."


def _beside(pair: StudyDifference) -> str:
    """Return what is shown of a network beside colour alone."""
    if pair.supported:
        return "better" if pair.value > 0 else "worse"
    return "as good as equal" if pair.equivalent else "not shown to differ"


def study_verdict(pair: StudyDifference) -> str:
    """Return what a difference of networks trained anew is worth, with its corrected p."""
    return f"{verdict(pair)}{'; as good as equal' if pair.equivalent else ''}"


def _views(shared: Mapping[str, int]) -> str:
    """Say how many augmented views the trainings of a network have in common; empty if none has any."""
    return listed([f"{counted(views, 'view')} for {config.title(name)}" for name, views in shared.items() if views])


def _missing(reasons: Mapping[str, str]) -> list[str]:
    """Say which baselines are not in a study and why, each reason once."""
    names: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        names.setdefault(reason, []).append(config.title(name))
    return [f"{'; '.join(titles)}: {reason}" for reason, titles in names.items()]


# --- tables -----------------------------------------------------------------------------------------
def _areas(record: StudyRecord, confidence: str) -> Table:
    """Return what ROC-AUC each network is expected to have, and below a rule what stands beside the networks."""
    failures = any(model.failed for model in record.models.values())
    networks = [name for name in config.NETWORKS if name in record.models]
    beside = [name for name in config.REFERENCES if name in record.models]
    caption = f"Expected ROC-AUC on new lesions of networks trained anew, with {confidence} intervals"
    return Table(
        caption,
        ["ROC-AUC", *SPREAD, *(["Failed trainings"] if failures else [])],
        [_area_row(name, record, failures) for name in networks],
        references=[_area_row(name, record, failures) for name in beside],
    )


def _area_row(name: str, record: StudyRecord, failures: bool) -> Row:
    model = record.models[name]
    failed = [cell(model.failed, count)] if failures else []
    area = with_interval(model.roc_auc.value, model.roc_auc.interval, number)
    return Row(config.title(name), [area, *_spread(model.roc_auc), *failed])


def _spread(figures: StudyArea | StudyDifference) -> list[Cell]:
    return [cell(value, fine) for value in (figures.lesions, figures.trainings, figures.error)]


def fine(value: float) -> str:
    """Return a spread with four decimals: most are below .02."""
    return f"{value:.4f}"


def _differences(record: StudyRecord, method: StudyMethod) -> Table | None:
    """Return the differences with what they support and their chances; None if there is nothing to compare."""
    if not record.differences:
        return None
    margin = method.margin
    chances = (f"Chance: above +{margin}", f"within ±{margin}", f"below −{margin}")
    rows = [Row(pair_name(pair.first, pair.second), _difference(pair)) for pair in record.differences]
    caption = f"Differences in ROC-AUC of networks trained anew, with {method.confidence} intervals"
    columns = ("Difference", "Standard error", "p", "p corrected", "The study shows", *chances)
    return Table(caption, columns, rows, first="First − second")


def _difference(pair: StudyDifference) -> list[Cell]:
    return [
        with_interval(pair.value, pair.interval, signed),
        cell(pair.error, fine),
        cell(pair.p, p_value),
        cell(pair.p_corrected, p_value),
        Cell(_verdict(pair), None, word=True),
        *_chances(pair.chances),
    ]


def _verdict(pair: StudyDifference) -> str:
    """Say in a word or two what a difference shows."""
    if pair.supported:
        return "a difference below the margin" if pair.equivalent else "a difference"
    return "equivalence" if pair.equivalent else "neither"


def _chances(chances: Chances | None) -> list[Cell]:
    values = (chances.above, chances.within, chances.below) if chances else (None, None, None)
    return [cell(value, percent) for value in values]


def _curves(curves: Mapping[str, LearningCurve], confidence: str) -> Context:
    """Return what each model gains from more training images: as a figure, in words, and in a table."""
    one = next(iter(curves.values()))
    table = Table(
        f"ROC-AUC by training images, with {confidence} intervals",
        [*(f"{point.images:,.0f} images, {100 * point.fraction:g}%" for point in one.points), "Last step", "It is"],
        [_curve_row(name, curves[name]) for name in config.NETWORKS if name in curves],
        references=[_curve_row(name, curves[name]) for name in config.REFERENCES if name in curves],
    )
    return {
        "figure": Markup(plots.svg(learning.learning_curves(curves, confidence), "learning")),
        "sentences": [curve.sentence for curve in curves.values()],
        "table": table,
    }


def _curve_row(name: str, curve: LearningCurve) -> Row:
    areas = [with_interval(point.roc_auc.value, point.roc_auc.interval, number) for point in curve.points]
    step = with_interval(curve.step.value, curve.step.interval, signed)
    return Row(config.title(name), [*areas, step, Cell(verdict(curve.step), None, word=True)])


# --- figures ----------------------------------------------------------------------------------------
def _figure(record: StudyRecord, confidence: str) -> Markup | None:
    """Draw the ROC-AUC of every fold, and each model's expected one with its interval; None if no fold has one."""
    names = [name for name in (*config.NETWORKS, *config.REFERENCES) if name in record.models]
    drawn = {name: _spots(record.models[name]) for name in names}
    if not any(area is not None for spots in drawn.values() for line in spots.cells for area in line):
        return None
    return Markup(plots.svg(intervals.fold_areas(drawn, confidence), "study"))


def _spots(model: StudyModel) -> intervals.FoldAreas:
    area = model.roc_auc
    interval: Sequence[float] | None = area.interval
    return intervals.FoldAreas(model.cells, area.value, interval)
