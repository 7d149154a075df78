"""What a study says, in words for a reader who is no statistician.

A headline, and sentences on each two networks, on each network beside colour alone, and on trainings that failed. They
speak of networks trained anew, never of one trained file.
"""

from collections.abc import Mapping, Sequence

from lesion import config
from lesion.evaluation.correction import leaves_out_0
from lesion.evaluation.words.wording import (
    bounds_phrase,
    interval_phrase,
    listed,
    no_longer_significant,
    p_phrase,
    signed,
    title,
)
from lesion.records.study import Chances, Design, StudyDifference, StudyModel
from lesion.studies.design import COLOUR

ANEW = "Trained anew on data like these,"

Models = Mapping[str, StudyModel]


def headline(models: Models, differences: Sequence[StudyDifference], design: Design) -> str:
    """Name each two networks of which one would rank better, those that are as good as equal, and all others.

    `models` and `differences` as `estimates.summarise` returns them. With one network its own ROC-AUC is all there is.
    """
    pairs = [pair for pair in differences if pair.second != COLOUR]
    networks = [name for name in models if name in config.NETWORKS]
    ranked = sorted(networks, key=lambda name: -models[name].roc_auc.value)
    if not pairs:
        return " ".join(_alone(name, models, design) for name in ranked)
    guessing = models[ranked[0]].roc_auc.value <= 0.5
    warning = ["None of these networks, trained anew, ranks images better than guessing."] if guessing else []
    better = [_ranked_better(name, pairs, models, design) for name in ranked]
    equal = [f"{_both(pair)} differ by less than {_margin()} either way." for pair in pairs if pair.equivalent]
    unknown = [f"{_both(pair)} cannot be compared." for pair in pairs if pair.interval is None]
    open_pairs = [pair for pair in pairs if _undecided(pair)]
    return " ".join([*warning, *filter(None, better), *equal, *_open(open_pairs, ranked, models, design), *unknown])


def sentences(models: Models, differences: Sequence[StudyDifference], design: Design) -> list[str]:
    """Say what is known of each difference, and which trainings failed and count as guessing; arguments as before.

    A difference of two networks has two sentences: what the trainings show, and how probable each answer is.
    """
    said = []
    pairs = len([each for each in differences if each.second != COLOUR])
    for each in differences:
        against_colour = each.second == COLOUR
        corrected = len(differences) - pairs if against_colour else pairs
        said.append(difference_sentence(each, models, design, corrected))
        if each.chances is not None and not against_colour:
            said.append(chance_sentence(each, each.chances))
    return said + [failed_sentence(name, model, design) for name, model in models.items() if model.failed]


def difference_sentence(difference: StudyDifference, models: Models, design: Design, pairs: int) -> str:
    """Say whether one of two models would rank better when trained anew, the better one first.

    Colour alone stays in the second place. `pairs` is the number of differences for which p was corrected.
    """
    turned = difference.value < 0 and difference.second != COLOUR
    first, second = difference.first, difference.second
    if turned:
        first, second = second, first
    names = [title(first), config.in_sentence(second)]
    inside = config.in_sentence(first)
    if difference.interval is None:
        nothing = "nothing varies" if difference.error is not None else "there are too few lesions of a class"
        return f"{listed(names)} cannot be compared: {nothing}."
    detail = _detail(difference, models, design, pairs, -1 if turned else 1)
    margin = f"differ by less than {_margin()} either way"
    tests = f"two one-sided tests at {100 * (1 - config.MARGIN.equivalence) / 2:g}%"
    if difference.supported:
        order = "worse" if difference.value < 0 and not turned else "better"
        same = f" Yet they {margin} ({tests})." if difference.equivalent else ""
        return f"{ANEW} {inside} would rank {order} than {names[1]} ({detail}).{same}"
    if difference.equivalent:
        return f"{ANEW} {listed([inside, names[1]])} {margin} ({tests}; {detail})."
    return (
        f"{_trainings(design)} of each do not show whether {listed([inside, names[1]], 'or')} ranks better ({detail})."
        f"{_why(difference, pairs)}"
    )


def chance_sentence(difference: StudyDifference, chances: Chances) -> str:
    """Say how probable it is that a difference matters, and what that assumes.

    Only a chance above config.MARGIN.probable is called probable; that of a large difference only if the difference is
    supported as well, or the sentence would contradict that of `difference_sentence`.
    """
    first, second = title(difference.first), title(difference.second)
    claims = [
        (f"{first} ranks better than {second} by more than {_margin()}", chances.above, difference.supported),
        (f"{first} and {second} differ by less than {_margin()} either way", chances.within, True),
        (f"{second} ranks better than {first} by more than {_margin()}", chances.below, difference.supported),
    ]
    granted = (
        f"assuming that true differences between networks have a standard deviation of τ = {config.MARGIN.prior:g}, "
        f"with a margin of δ = {_margin()}"
    )
    for words, chance, allowed in claims:
        if allowed and chance > config.MARGIN.probable:
            return f"It is probable that {words}: the chance is {_percent(chance)}, {granted}."
    parts = [f"{_percent(chance)} that {words}" for words, chance, _ in claims]
    return f"The chances are {listed(parts)}, {granted}."


def failed_sentence(name: str, model: StudyModel, design: Design) -> str:
    """Say how many trainings of a model failed, and that they count as guessing."""
    counts = "counts" if model.failed == 1 else "count"
    return (
        f"{model.failed} of the {_trainings(design)} of {config.in_sentence(name)} failed and {counts} as guessing, "
        "with a ROC-AUC of 0.5."
    )


def _alone(name: str, models: Models, design: Design) -> str:
    area = models[name].roc_auc
    expected = interval_phrase(area.value, area.interval)
    return f"{ANEW} {title(name)} would reach a ROC-AUC of {expected} on new lesions, by {_shape(design)} trainings."


def _ranked_better(name: str, pairs: Sequence[StudyDifference], models: Models, design: Design) -> str:
    """Say which networks `name` is shown to rank better than; empty if none."""
    shown = {
        (pair.first, pair.second) if pair.value > 0 else (pair.second, pair.first) for pair in pairs if pair.supported
    }
    worse = sorted((second for first, second in shown if first == name), key=lambda other: -models[other].roc_auc.value)
    if not worse:
        return ""
    names = listed([title(other) for other in worse])
    areas = listed([_area(other, models) for other in worse])
    return (
        f"{ANEW} {title(name)} would rank better than {names} (ROC-AUC {_area(name, models)} against {areas}, "
        f"{_shape(design)} trainings each)."
    )


def _open(pairs: Sequence[StudyDifference], ranked: Sequence[str], models: Models, design: Design) -> list[str]:
    """Name the pairs of networks of which the trainings do not show which ranks better."""
    if not pairs:
        return []
    if len(pairs) == len(ranked) * (len(ranked) - 1) // 2:
        areas = listed([_area(name, models) for name in ranked])
        names = listed([title(name) for name in ranked])
        return [f"{_trainings(design)} of each do not show which of {names} ranks better (ROC-AUC {areas})."]
    first, *others = (f"which of {_both(pair)}" for pair in pairs)
    return [
        f"{_trainings(design)} of each do not show {first} ranks better{''.join(f', nor {pair}' for pair in others)}."
    ]


def _undecided(difference: StudyDifference) -> bool:
    return difference.interval is not None and not difference.supported and not difference.equivalent


def _detail(difference: StudyDifference, models: Models, design: Design, pairs: int, sign: int) -> str:
    """Return the two ROC-AUCs, their difference and its interval and p; a `sign` of -1 turns it round."""
    first, second = (difference.first, difference.second)[::sign]
    bounds = [sign * end for end in difference.interval or []][::sign]
    value = sign * difference.value
    corrected = "corrected " if pairs > 1 else ""
    return (
        f"ROC-AUC {_area(first, models)} and {_area(second, models)} over {_shape(design)} trainings; difference "
        f"{signed(value)}, {bounds_phrase(bounds)}, {corrected}{p_phrase(difference.p_corrected)}"
    )


def _why(difference: StudyDifference, pairs: int) -> str:
    """Return why a difference is not supported though its interval leaves out 0; empty if the interval does not."""
    return f" {no_longer_significant(pairs)}" if leaves_out_0(difference.interval) else ""


def _both(difference: StudyDifference) -> str:
    return f"{title(difference.first)} and {title(difference.second)}"


def _area(name: str, models: Models) -> str:
    return f"{models[name].roc_auc.value:.3f}"


def _shape(design: Design) -> str:
    return f"{design.tested} × {design.repeats}"


def _trainings(design: Design) -> str:
    return f"{design.tested * design.repeats} trainings"


def _margin() -> str:
    return f"{config.MARGIN.margin:g}"


def _percent(chance: float) -> str:
    """Return a chance in whole per cent, never 0 or 100, which no data can show."""
    if chance < 0.01:
        return "below 1%"
    return "above 99%" if chance > 0.99 else f"{100 * chance:.0f}%"
