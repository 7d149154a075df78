"""What disturbances do to the verdicts, in words: by rule from the intervals of the stress test.

What is said of a network always stands on its own interval. Where that does not support it, the sentence says that it
could be chance.
"""

from collections.abc import Mapping, Sequence

from lesion.evaluation.words.wording import listed, title
from lesion.records.metrics import Estimate
from lesion.records.stress import ModelStress, Stressed

# What readers call the disturbances and what is done against them, in the order in which they are drawn.
KINDS = {
    "ruler": "Ruler",
    "ink": "Ink marks",
    "hair": "Hair",
    "hair_removed": "Hair, then removed",
    "bubbles": "Bubbles",
    "corners": "Dark corners",
    "cast": "Colour cast",
    "cast_corrected": "Cast, then corrected",
    "blur": "Blur",
    "jpeg": "JPEG compression",
    "brightness": "Brightness",
    "rotation": "Rotation",
}
REMEDIES = {"hair_removed": "hair", "cast_corrected": "cast"}  # kind -> the disturbance that it mends
PARTS = {
    "lesion_hidden": "Lesion painted over",
    "lesion_alone": "Everything but the lesion painted over",
    "frame_alone": "Frame alone",
}
MENDING = {"hair_removed": "Removing hair", "cast_corrected": "Correcting the colour"}
MOSTLY = 2 / 3  # share of the changed verdicts that must go one way before it is named
TO_MALIGNANT, TO_BENIGN = "to malignant", "to benign"


def strongest(model: ModelStress, kind: str) -> Stressed | None:
    """Return what the strongest disturbance of a kind did to a network; None if it was not tried."""
    tried = model.disturbed.get(kind)
    return tried[-1] if tried else None


def direction(one: Stressed) -> str:
    """Say which way most of the changed verdicts go, TO_MALIGNANT or TO_BENIGN; empty if neither."""
    changed = one.to_malignant + one.to_benign
    if changed and one.to_malignant >= MOSTLY * changed:
        return TO_MALIGNANT
    return TO_BENIGN if changed and one.to_benign >= MOSTLY * changed else ""


def outside_sentence(models: Mapping[str, ModelStress]) -> str:
    """Say how much of each network's score comes from outside the lesion; empty if that is known of none."""
    known = {name: model.outside for name, model in models.items() if model.outside.interval}
    shown = [name for name, outside in known.items() if _low(outside) > 0]
    unsure = [name for name in known if name not in shown]
    if not known:
        return ""
    if not shown:
        return f"With the lesion painted over, {_titles(unsure)} may be guessing."
    first, *others = [(title(name), _with_interval(known[name])) for name in shown]
    rest = "".join(f", {who} {share}" for who, share in others)
    chance = f"; without the lesion {_titles(unsure)} may be guessing" if unsure else ""
    return f"{first[0]} takes {first[1]} of its score from outside the lesion{rest}{chance}."


def worst_sentence(models: Mapping[str, ModelStress]) -> str:
    """Say which disturbance changed most verdicts of one network, and whether another could be as bad; empty if none.

    Another could be if its interval reaches into that of the worst.
    """
    flips = {
        (name, kind): one
        for name, model in models.items()
        for kind in KINDS
        if kind not in REMEDIES and (one := strongest(model, kind)) and one.flips.interval
    }
    if not flips:
        return ""
    (name, kind), worst = max(flips.items(), key=lambda each: each[1].flips.value or 0.0)
    if _low(worst.flips) <= 0:
        return "That any disturbance changes verdicts could be chance."
    as_bad = [
        KINDS[other].lower().replace("jpeg", "JPEG")
        for (who, other), one in flips.items()
        if who == name and other != kind and _high(one.flips) >= _low(worst.flips)
    ]
    way = direction(worst)
    mostly = f", mostly {way}" if way else ""
    others = as_bad if len(as_bad) < 3 else ["others"]
    doubt = f"; {listed(others, 'or')} could be as bad" if as_bad else ""
    share = _with_interval(worst.flips)
    return f"{KINDS[kind]} changed most verdicts: {share} of {title(name)}’s{mostly}{doubt}."


def remedy_sentences(models: Mapping[str, ModelStress]) -> list[str]:
    """Say of each remedy for which networks it lowers the share of changed verdicts.

    It does if the interval with the remedy is below the one without. That is strict: both are of the same images.
    """
    return [text for kind in REMEDIES if (text := _remedy_sentence(kind, models))]


def _remedy_sentence(kind: str, models: Mapping[str, ModelStress]) -> str:
    lower, higher, unsure = [], [], []
    for name, model in models.items():
        before, after = strongest(model, REMEDIES[kind]), strongest(model, kind)
        if before is None or after is None or not (before.flips.interval and after.flips.interval):
            continue
        change = f"{title(name)} ({_percent(before.flips)} to {_percent(after.flips)})"
        if _high(after.flips) < _low(before.flips):
            lower.append(change)
        elif _low(after.flips) > _high(before.flips):
            higher.append(change)
        else:
            unsure.append(name)
    clauses = [f"lowers the share for {listed(lower)}"] if lower else []
    clauses += [f"raises {'it' if lower else 'the share'} for {listed(higher)}"] if higher else []
    if not clauses:
        return f"{MENDING[kind]} changes the share no more than chance would." if unsure else ""
    chance = f"; for {_titles(unsure)} that could be chance" if unsure else ""
    return f"{MENDING[kind]} {' and '.join(clauses)}{chance}."


def _low(estimate: Estimate) -> float:
    return estimate.interval[0] if estimate.interval else 0.0


def _high(estimate: Estimate) -> float:
    return estimate.interval[1] if estimate.interval else 0.0


def _with_interval(estimate: Estimate) -> str:
    low, high = (f"{100 * end:.0f}%".replace("-", "−") for end in (_low(estimate), _high(estimate)))
    return f"{_percent(estimate)} ({low} to {high})"


def _percent(estimate: Estimate) -> str:
    return "undefined" if estimate.value is None else f"{estimate.value:.0%}"


def _titles(names: Sequence[str]) -> str:
    return listed([title(name) for name in names])
