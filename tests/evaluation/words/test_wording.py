"""Phrases, and differences of two models in sentences."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from pairs import pair_of

from lesion import config
from lesion.evaluation import correction
from lesion.evaluation.words import wording
from lesion.records.metrics import AreaDifference


@pytest.fixture(autouse=True)
def networks(monkeypatch):
    """Register three networks by the names a, b and c."""
    scratch = config.NETWORKS["scratch"]
    nets = {name: replace(scratch, title=f"Net {name.upper()}") for name in "abc"}
    monkeypatch.setattr(config, "NETWORKS", nets)


def test_phrases():
    assert wording.interval_phrase(0.912, [0.85, 0.95]) == "0.912 (95% interval 0.850 to 0.950)"
    assert wording.interval_phrase(0.1, [-0.02, 0.22], plus=True) == "+0.100 (95% interval −0.020 to +0.220)"
    assert wording.interval_phrase(1.0, None) == "1.000 (95% interval undefined)"
    assert wording.interval_phrase(None, None) == "undefined"
    assert [wording.p_phrase(p) for p in (0.0004, 0.0126, None)] == ["p < 0.001", "p = 0.013", "no p-value"]
    assert [wording.listed(list("abc")[:count], "or") for count in range(4)] == ["", "a", "a or b", "a, b or c"]
    assert [wording.signed(x, decimals=1, plus=True) for x in (-0.24, 0.0, 0.26)] == ["−0.2", "+0.0", "+0.3"]
    assert wording.signed(0.5) == "0.500"


def test_the_confidence_in_words_is_that_of_the_settings(monkeypatch):
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, confidence=0.9))
    assert wording.interval_phrase(0.5, [0.4, 0.6]) == "0.500 (90% interval 0.400 to 0.600)"


AREAS = {"a": 0.938, "b": 0.822}


def test_a_supported_difference_is_stated_the_better_network_first():
    pair = pair_of("b", "a", AREAS, {"a": 0.75, "b": 0.8}, supported=["roc_auc", "accuracy"])
    assert wording.pair_sentence(pair, "roc_auc", 1) == (
        "Net A ranks better than Net B (0.938 and 0.822; difference 0.116, 95% interval 0.058 to 0.174, p = 0.010)."
    )
    assert wording.pair_sentence(pair, "accuracy", 3) == (
        "Net B is more accurate than Net A "
        "(0.800 and 0.750; difference 0.050, 95% interval 0.025 to 0.075, corrected p = 0.010)."
    )


def test_any_other_difference_could_be_chance():
    pair = pair_of("a", "b", AREAS)
    assert wording.pair_sentence(pair, "roc_auc", 3) == (
        "Net A scored higher than Net B in ROC-AUC, but its lead could be chance "
        "(0.938 and 0.822; difference 0.116, 95% interval −0.010 to 0.242, corrected p = 0.300)."
    )
    assert wording.pair_sentence(pair, "accuracy", 1).startswith("Net A and Net B are level in accuracy (0.800 and 0.8")
    undefined = replace(pair, roc_auc=AreaDifference(None, None, None, None, p=None))
    assert wording.pair_sentence(undefined, "roc_auc", 1) == (
        "Net A and Net B cannot be compared in ROC-AUC: there are too few images of a class."
    )


def test_a_baseline_is_named_as_within_a_sentence(monkeypatch):
    monkeypatch.setattr(config, "REFERENCES", {"colour": "Colour alone"})
    better = pair_of("a", "colour", {"a": 0.9, "colour": 0.8}, {"a": 0.8, "colour": 0.8}, supported=["roc_auc"])
    assert wording.pair_sentence(better, "roc_auc", 1).startswith("Net A ranks better than colour alone (0.900 and")
    worse = pair_of("a", "colour", {"a": 0.8, "colour": 0.9}, {"a": 0.8, "colour": 0.8})
    assert wording.pair_sentence(worse, "roc_auc", 1).startswith("Colour alone scored higher than Net A in ROC-AUC")


@pytest.mark.parametrize(
    ("interval", "p", "p_corrected", "reason"),
    [
        (
            [0.01, 0.09],
            0.02,
            0.06,
            "On its own this interval excludes 0; corrected for 3 comparisons the difference is no longer significant.",
        ),
        ([0.01, 0.09], 0.051, 0.153, "The interval excludes 0, but the test does not confirm it."),
        (
            [0.01, 0.09],
            0.01,
            0.03,
            "The test finds a difference, but the interval, corrected for 3 comparisons, includes 0.",
        ),
        ([-0.01, 0.09], 0.01, 0.03, "The test finds a difference, but its interval includes 0."),
    ],
)
def test_why_interval_and_test_do_not_agree(interval, p, p_corrected, reason):
    area = AreaDifference(0.9, 0.85, 0.05, interval, p=p, p_corrected=p_corrected, adjusted=[-0.02, 0.12])
    pair = replace(pair_of("a", "b", AREAS), roc_auc=area)
    assert wording.pair_sentence(pair, "roc_auc", 3).endswith(f"). {reason}")


def test_a_verdict_in_words():
    pair = pair_of("a", "b", AREAS, supported=["roc_auc"])
    assert wording.verdict(pair.roc_auc) == "More than chance (p = 0.010)"
    assert wording.verdict(pair.accuracy) == "Could be chance (p = 0.300)"
    assert wording.verdict(replace(pair.roc_auc, interval=None, adjusted=None)) == "Cannot be judged"


def test_a_record_without_an_adjusted_interval_supports_nothing():
    figures = replace(pair_of("a", "b", AREAS, supported=["roc_auc"]).roc_auc, adjusted=None)
    assert not wording.supported(figures) and wording.verdict(figures) == "Could be chance (the interval reaches 0)"


def test_pairs_say_what_their_adjusted_interval_shows():
    random = np.random.default_rng(0)
    seen = set()
    for _ in range(1000):
        value = random.uniform(-0.3, 0.3)
        plain, more = random.uniform(0.01, 0.4), random.uniform(0, 0.2)
        p = random.uniform(0, 0.1)
        interval = [value - plain, value + plain]
        adjusted = correction.adjusted([value - plain - more, value + plain + more], p)
        area = AreaDifference(0.6 + value, 0.6, value, interval, p / 3, p_corrected=p, adjusted=adjusted)
        pair = replace(pair_of("a", "b", AREAS), roc_auc=area)
        beyond = adjusted[0] > 0 or adjusted[1] < 0
        sentence = wording.pair_sentence(pair, "roc_auc", 3)
        assert beyond == wording.supported(area) == ("ranks better" in sentence) == ("could be chance" not in sentence)
        assert wording.verdict(area).startswith("More than chance" if beyond else "Could be chance")
        assert sentence.startswith("Net A" if value > 0 else "Net B")
        assert not beyond or p < 0.05
        seen.add((beyond, p < 0.05, interval[0] > 0 or interval[1] < 0))
    assert len(seen) == 5


def record(pairs, frame=None):
    """Return what `colour_sentence` reads of a MetricsRecord; `frame` is the frame's ROC-AUC with its interval."""
    models = {}
    if frame:
        models["frame"] = SimpleNamespace(test=SimpleNamespace(roc_auc=frame[0], intervals={"roc_auc": frame[1]}))
    settings = {"statistics": config.STATISTICS, "baselines": config.BASELINES}
    return SimpleNamespace(against_colour={"test": pairs}, models=models, **settings)


def beside_colour(areas, supported=(), colour=0.856):
    areas = areas | {"colour": colour}
    return [
        pair_of(name, "colour", areas, dict.fromkeys(areas, 0.8), supported=["roc_auc"] if name in supported else ())
        for name in areas
        if name != "colour"
    ]


COLOUR = "Colour alone (numbers of each image's colours, no network) reaches ROC-AUC 0.856; "


@pytest.mark.parametrize(
    ("areas", "supported", "expected"),
    [
        (
            {"a": 0.8, "b": 0.866, "c": 0.85},
            [],
            "no network is shown to do better (the best, Net B: difference 0.010, 95% interval −0.010 to 0.030).",
        ),
        (
            {"a": 0.8, "b": 0.896, "c": 0.85},
            ["b"],
            "Net B does better (difference 0.040, 95% interval 0.020 to 0.060), Net C and Net A are not shown to.",
        ),
        (
            {"a": 0.876, "b": 0.896},
            ["a", "b"],
            "Net B and Net A do better (the first: difference 0.040, 95% interval 0.020 to 0.060).",
        ),
        (
            {"a": 0.756, "b": 0.896, "c": 0.85},
            ["a", "b"],
            "Net B does better (difference 0.040, 95% interval 0.020 to 0.060), Net A does worse, "
            "Net C is not shown to differ.",
        ),
        (
            {"a": 0.756, "b": 0.866, "c": 0.85},
            ["a"],
            "Net A does worse (difference −0.100, 95% interval −0.150 to −0.050), "
            "Net B and Net C are not shown to differ.",
        ),
        ({"b": 0.866}, [], "Net B is not shown to do better (difference 0.010, 95% interval −0.010 to 0.030)."),
        (
            {"a": 0.8, "b": 0.866},
            [],
            "Net B and Net A are not shown to do better "
            "(the best, Net B: difference 0.010, 95% interval −0.010 to 0.030).",
        ),
    ],
)
def test_whether_networks_beat_colour_alone_is_said_with_the_difference(areas, supported, expected):
    assert wording.colour_sentence(record(beside_colour(areas, supported))) == COLOUR + expected


def test_nothing_is_said_of_colour_without_a_network_beside_it():
    assert wording.colour_sentence(record(beside_colour({"together": 0.99}, ["together"]))) is None
    assert wording.colour_sentence(record([])) is None


def test_colour_that_cannot_be_compared_is_no_answer():
    area = AreaDifference(None, None, None, None, p=None)
    pair = replace(beside_colour({"a": 0.9})[0], roc_auc=area)
    assert wording.colour_sentence(record([pair])) == (
        "Whether a network does better than colour alone cannot be said: there are too few images of a class."
    )


def test_the_frame_alone_is_told_with_its_interval():
    assert wording.frame_sentence(record([], frame=(0.804, [0.77, 0.83]))) == (
        "The frame alone, the outermost 5% of the image on every side, shows hardly any lesion and reaches ROC-AUC "
        "0.804 (95% interval 0.770 to 0.830)."
    )
    assert wording.frame_sentence(record([], frame=(None, None))) is None
    assert wording.frame_sentence(record([])) is None


def test_what_is_said_of_colour_alone_is_short_and_just_what_is_supported():
    random = np.random.default_rng(1)
    longest = 0
    for _ in range(1000):
        names = [name for name in ("a", "b", "c", "together") if random.random() < 0.8]
        areas = {name: random.uniform(0.3, 1) for name in names}
        supported = [name for name in names if random.random() < 0.4]
        sentence = wording.colour_sentence(record(beside_colour(areas, supported))) or ""
        clauses = re.findall(r"((?:Net \w(?:, | and )?)+) do(?:es)? (better|worse)", sentence)
        claims = {letter.lower(): how for names_said, how in clauses for letter in re.findall(r"Net (\w)", names_said)}
        assert claims == {
            name: "better" if areas[name] > 0.856 else "worse" for name in supported if name != "together"
        }, sentence
        longest = max(longest, len(sentence.split()))
    assert 30 <= longest <= 35
