"""What the networks look at, in words: by rule from the skill of their maps and from what was tried on them."""

from collections.abc import Mapping, Sequence

from lesion.evaluation.correction import leaves_out_0
from lesion.evaluation.words.wording import listed, title
from lesion.records.explanations import GRADCAM, ModelExplanations
from lesion.records.localisation import LocalisationRecord, SkillDifference
from lesion.records.metrics import Estimate
from lesion.records.probes import CornerTest, SanityTest

SPOT = "a centred spot that never saw an image"
# A rank correlation: with it, a map of random weights would tell a quarter of what ranks the fields (0.5 squared).
HARDLY_CHANGED = 0.5
CHANGES, STAYS, UNSURE = "changes", "hardly changes", "unsure"  # what a map does if all weights are drawn anew
MORE, LESS, ALIKE, UNKNOWN = "more", "less", "no more", "unknown"  # what an interval says of a value


def spot_sentence(records: Mapping[str, LocalisationRecord]) -> str:
    """Say of which networks the evidence lies on the lesion more than the spot; empty without networks.

    `records` are by network, those that are not too coarse. By rule, from the energy: more or less than the spot only
    if the interval of the skill leaves out 0.
    """
    energies = {name: record.subsets["all"].scores["energy"].skill for name, record in records.items()}
    return " ".join(_spot_sentences(_by_side(energies)))


def following_sentence(records: Mapping[str, LocalisationRecord]) -> str:
    """Say which maps would lie as much on the outline of another lesion, or that none does; empty if that is open."""
    sides = _by_side({name: record.follows for name, record in records.items()})
    strangers = [name for side in (LESS, ALIKE) for name in sides.get(side, [])]
    if strangers:
        return f"As much of the evidence of {_titles(strangers)} would lie on the outline of another lesion."
    return "On the outline of another lesion less of it would lie." if list(sides) == [MORE] else ""


def _by_side(estimates: Mapping[str, Estimate]) -> dict[str, list[str]]:
    """Return the networks whose value is shown to be above 0, below it, or neither, in this order."""
    sides: dict[str, list[str]] = {side: [] for side in (MORE, LESS, ALIKE, UNKNOWN)}
    for name, estimate in estimates.items():
        sides[_side(estimate)].append(name)
    return {side: names for side, names in sides.items() if names}


def _side(estimate: Estimate) -> str:
    if estimate.value is None or estimate.interval is None:
        return UNKNOWN
    if not leaves_out_0(estimate.interval):
        return ALIKE
    return MORE if estimate.value > 0 else LESS


def _spot_sentences(sides: Mapping[str, Sequence[str]]) -> list[str]:
    known = [(side, names) for side, names in sides.items() if side != UNKNOWN]
    sentences = []
    if known:
        (first, names), *others = known
        rest = [f", that of {_titles(names)} {side}" for side, names in others]
        begin = f"The evidence of {_titles(names)} lies on the lesion {first} than {SPOT}"
        sentences.append(f"{begin}{''.join(rest)}.")
    if UNKNOWN in sides:
        who = _titles(sides[UNKNOWN])
        sentences.append(f"Whether the evidence of {who} does cannot be judged: there are too few lesions.")
    return sentences


def _percent(share: float | None) -> str:
    return "undefined" if share is None else f"{share:.0%}"


def difference_sentence(differences: Sequence[SkillDifference]) -> str:
    """Say which networks have more skill in energy than others, more than by chance; empty without differences."""
    lines = [line for line in differences if line.score == "energy"]
    worse: dict[str, list[str]] = {}
    for line in lines:
        if leaves_out_0(line.adjusted):
            better, other = (line.first, line.second) if line.difference > 0 else (line.second, line.first)
            worse.setdefault(better, []).append(other)
    if not worse:
        return "The networks' skill differs no more than by chance." if lines else ""
    clauses = [f"{title(better)} than {_titles(others)}" for better, others in worse.items()]
    return f"More skilled, beyond chance: {'; '.join(clauses)}."


def corner_sentence(corners: Mapping[str, CornerTest]) -> str:
    """Say which maps follow the lesion into a corner, more than the spot that stays in the middle; empty if unknown.

    By rule, from the skill of the energy there: they do if its interval is above 0.
    """
    sides = _by_side({name: corner.located.scores["energy"].skill for name, corner in corners.items()})
    clauses = [_follows(sides[side], does=side == MORE) for side in (MORE, LESS) if side in sides]
    if not clauses:
        who = sides.get(ALIKE, [])
        maps, follow = ("map", "follows") if len(who) == 1 else ("maps", "follow")
        return f"That the {maps} of {_titles(who)} {follow} the lesion into a corner could be chance." if who else ""
    chance = f"; for {_titles(sides[ALIKE])} that could be chance" if ALIKE in sides else ""
    return f"The {', the '.join(clauses)}{chance}."


def _follows(names: Sequence[str], does: bool) -> str:
    """Say that the maps of networks follow the lesion into a corner, or that they do not."""
    one = len(names) == 1
    positive, negative = ("follows", "does not follow") if one else ("follow", "do not follow")
    verb = positive if does else negative
    return f"{'map' if one else 'maps'} of {_titles(names)} {verb} the lesion into a corner"


def map_verdict(everything: Estimate) -> str:
    """Return CHANGES, STAYS or UNSURE by the rank correlation with the map of a network of random weights.

    Unsure if its interval reaches over HARDLY_CHANGED, or if there is none.
    """
    if everything.interval is None or everything.interval[0] <= HARDLY_CHANGED <= everything.interval[1]:
        return UNSURE
    return STAYS if everything.interval[0] > HARDLY_CHANGED else CHANGES


def sanity_sentence(tests: Mapping[str, SanityTest]) -> str:
    """Name the networks whose maps say nothing of the network, and those of which that is not sure; else empty."""
    verdicts = {name: map_verdict(test.everything) for name, test in tests.items()}
    staying = [name for name, verdict in verdicts.items() if verdict == STAYS]
    unsure = [name for name, verdict in verdicts.items() if verdict == UNSURE]
    clauses = []
    if staying:
        does, it, says = ("map", "changes"), "it", "says"
        if len(staying) > 1:
            does, it, says = ("maps", "change"), "they", "say"
        clauses.append(
            f"The {does[0]} of {_titles(staying)} hardly {does[1]} if all weights are drawn at random: {it} {says} "
            "nothing of the network."
        )
    if unsure:
        who = listed([title(name) for name in unsure], "or")
        clauses.append(f"Whether the map of {who} depends on the network’s weights is not sure.")
    return " ".join(clauses)


def replaced_sentence(explanations: Mapping[str, ModelExplanations]) -> str:
    """Say of which networks LayerCAM's maps are shown since Grad-CAM's are too coarse; empty if there are none."""
    replaced = {name: each for name, each in explanations.items() if each.shown != GRADCAM}
    if not replaced:
        return ""
    coarse = _fields([each.resolution for each in replaced.values()])
    finer = _fields([resolution_of(each, each.shown) for each in replaced.values()])
    return (
        f"Grad-CAM’s maps of {_titles(list(replaced))} have {coarse} fields and cannot show where; LayerCAM’s, of "
        f"{finer}, stand in their place."
    )


def resolution_of(explanation: ModelExplanations, name: str) -> Sequence[int]:
    """Return the height and width, in fields, of a network's maps `name`."""
    return explanation.resolution if name == GRADCAM else explanation.finer[name].resolution


def map_name(explanation: ModelExplanations, name: str) -> str:
    """Return what readers call a network's maps `name`: Grad-CAM or LayerCAM, with their fields."""
    method = "Grad-CAM" if name == GRADCAM else "LayerCAM"
    return f"{method}, {_fields([resolution_of(explanation, name)])}"


def coarse_sentence(coarse: Mapping[str, LocalisationRecord], sizes: Mapping[str, Sequence[int]]) -> str:
    """Say of which networks the maps have too few fields to show where; empty if there are none."""
    if not coarse:
        return ""
    fields = _fields([sizes[name] for name in coarse])
    energies = [_percent(record.subsets["all"].scores["energy"].value.value) for record in coarse.values()]
    amounts = energies[0] if len(set(energies)) == 1 else listed(energies)
    area = next(iter(coarse.values())).subsets["all"].area
    return (
        f"The maps of {_titles(list(coarse))} have {fields} fields and cannot show where: {amounts} of the evidence "
        f"lies on the lesion, which covers {_percent(area)} of the image."
    )


def unlike_sentence(rows: Mapping[str, Sequence[int]]) -> str:
    """Say how many test images, by network, are unlike the training images; empty if no network can tell."""
    amounts = {name: len(images) for name, images in rows.items() if images}
    if not amounts:
        return "No test image is unlike the training images." if rows else ""
    each = listed([f"{amount:,} for {title(name)}" for name, amount in amounts.items()])
    return f"Unlike the training images: {each}."


def _fields(sizes: Sequence[Sequence[int]]) -> str:
    return listed(list(dict.fromkeys(f"{height} × {width}" for height, width in sizes)))


def _titles(names: Sequence[str]) -> str:
    return listed([title(name) for name in names])
