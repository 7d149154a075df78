"""What the networks look at, in words: by rule from the skill of their maps."""

from collections.abc import Mapping, Sequence

from lesion.evaluation.correction import leaves_out_0
from lesion.evaluation.words.wording import listed, title
from lesion.records.localisation import LocalisationRecord, LocatedScore, SkillDifference
from lesion.records.metrics import Estimate

SPOT = "a centred spot that never saw an image"
MORE, LESS, ALIKE, UNKNOWN = "more", "less", "no more", "unknown"  # what an interval says of a value


def looks_sentences(records: Mapping[str, LocalisationRecord], differences: Sequence[SkillDifference]) -> list[str]:
    """Say where the evidence of networks lies: against the spot, against other lesions, and against each other.

    `records` are by network, those that are not too coarse; `differences` are between them. By rule, from the energy:
    more or less than the spot only if the interval of the skill leaves out 0, and likewise for the others.
    """
    if not records:
        return []
    energies = {name: record.subsets["all"].scores["energy"] for name, record in records.items()}
    against_spot = _by_side({name: energy.skill for name, energy in energies.items()})
    following = _by_side({name: record.follows for name, record in records.items()})
    return [
        *_spot_sentences(against_spot, energies),
        *_following_sentences(following),
        *_difference_sentences([line for line in differences if line.score == "energy"]),
    ]


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


def _spot_sentences(sides: Mapping[str, Sequence[str]], energies: Mapping[str, LocatedScore]) -> list[str]:
    """Say of all networks in one sentence whether their evidence lies on the lesion more than the spot."""
    known = [(side, names) for side, names in sides.items() if side != UNKNOWN]
    sentences = []
    if known:
        (first, names), *others = known
        begin = f"The evidence of {_titles(names)} lies on the lesion {first} than {SPOT} ({_amounts(names, energies)})"
        rest = [f", that of {_titles(names)} {side} ({_amounts(names, energies)})" for side, names in others]
        sentences.append(f"{begin}{''.join(rest)}.")
    if UNKNOWN in sides:
        who = _titles(sides[UNKNOWN])
        sentences.append(f"Whether the evidence of {who} does cannot be judged: there are too few lesions.")
    return sentences


def _amounts(names: Sequence[str], energies: Mapping[str, LocatedScore]) -> str:
    return listed([f"{_percent(energies[name].value.value)} against {_percent(energies[name].spot)}" for name in names])


def _percent(share: float | None) -> str:
    return "undefined" if share is None else f"{share:.0%}"


def _following_sentences(sides: Mapping[str, Sequence[str]]) -> list[str]:
    """Say which maps do not follow the lesion, or that all do."""
    strangers = [name for side in (LESS, ALIKE) for name in sides.get(side, [])]
    if strangers:
        return [f"As much of the evidence of {_titles(strangers)} would lie on the outline of another lesion."]
    return ["On the outline of another lesion less of it would lie."] if list(sides) == [MORE] else []


def _difference_sentences(differences: Sequence[SkillDifference]) -> list[str]:
    """Say which networks have more skill than others, more than by chance."""
    worse: dict[str, list[str]] = {}
    for line in differences:
        if leaves_out_0(line.adjusted):
            better, other = (line.first, line.second) if line.difference > 0 else (line.second, line.first)
            worse.setdefault(better, []).append(other)
    if not worse:
        return ["The networks' skill differs no more than by chance."] if differences else []
    clauses = [f"{title(better)} than {_titles(others)}" for better, others in worse.items()]
    return [f"More skilled, beyond chance: {'; '.join(clauses)}."]


def coarse_sentence(coarse: Mapping[str, LocalisationRecord], sizes: Mapping[str, Sequence[int]]) -> str:
    """Say of which networks the maps have too few fields to show where; empty if there are none."""
    if not coarse:
        return ""
    fields = listed(list(dict.fromkeys(f"{height} × {width}" for height, width in (sizes[name] for name in coarse))))
    energies = [_percent(record.subsets["all"].scores["energy"].value.value) for record in coarse.values()]
    amounts = energies[0] if len(set(energies)) == 1 else listed(energies)
    area = next(iter(coarse.values())).subsets["all"].area
    return (
        f"The maps of {_titles(list(coarse))} have {fields} fields and cannot show where: {amounts} of the evidence "
        f"lies on the lesion, which covers {_percent(area)} of the image."
    )


def _titles(names: Sequence[str]) -> str:
    return listed([title(name) for name in names])
