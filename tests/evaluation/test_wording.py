"""Phrases, and comparisons of models in sentences."""

import re
from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from draws import draw

from lesion import config
from lesion.evaluation import comparison, wording
from lesion.records.metrics import AccuracyDifference, AreaDifference, Comparison


@pytest.fixture(autouse=True)
def networks(monkeypatch):
    """Register three networks by the names a, b and c, and draw few replicates."""
    scratch = config.NETWORKS["scratch"]
    nets = {name: replace(scratch, title=f"Net {name.upper()}") for name in "abc"}
    monkeypatch.setattr(config, "NETWORKS", nets)
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, replicates=200))


def test_phrases():
    assert wording.interval_phrase(0.912, [0.85, 0.95]) == "0.912 (95 % interval 0.850 to 0.950)"
    assert wording.interval_phrase(0.1, [-0.02, 0.22], plus=True) == "+0.100 (95 % interval −0.020 to +0.220)"
    assert wording.interval_phrase(1.0, None) == "1.000 (95 % interval undefined)"
    assert wording.interval_phrase(None, None) == "undefined"
    assert [wording.p_phrase(p) for p in (0.0004, 0.0126, None)] == ["p < 0.001", "p = 0.013", "no p-value"]
    assert [wording.listed(list("abc")[:count], "or") for count in range(4)] == ["", "a", "a or b", "a, b or c"]
    assert [wording.signed(x, decimals=1, plus=True) for x in (-0.24, 0.0, 0.26)] == ["−0.2", "+0.0", "+0.3"]
    assert wording.signed(0.5) == "0.500"


def test_the_confidence_in_words_is_that_of_the_settings(monkeypatch):
    monkeypatch.setattr(config, "STATISTICS", replace(config.STATISTICS, confidence=0.9))
    assert wording.interval_phrase(0.5, [0.4, 0.6]) == "0.500 (90 % interval 0.400 to 0.600)"


def test_sentences_name_what_ranked_better_and_what_is_open():
    labels, good, bad, groups = draw(4, lesions=200, areas=(0.95, 0.75))
    models = {"a": bad, "b": good, "c": np.clip(good + 1e-3 * np.cos(np.arange(len(good))), 0, 1)}
    pairs = comparison.compare_all(labels, models, groups, 0.5)
    sentences = wording.sentences(pairs)
    assert len(sentences) == 7
    assert ranked_better(sentences[0]) == {("b", "a"), ("c", "a")}
    assert sentences[0].endswith("cannot be told apart.") and "Prefer" not in sentences[0]
    assert sentences[1].startswith("This training of Net B ranked better than this training of Net A: ROC-AUC 0.9")
    assert "p < 0.001, corrected for 3 comparisons" in sentences[1]
    images = f"on these {len(labels)} images of 200 lesions"
    assert "cannot be told apart by ROC-AUC " + images in sentences[5] and "interval −0.00" in sentences[5]
    assert wording.pair_sentence(pairs[2], "roc_auc", len(pairs)) == sentences[5]
    assert wording.pair_sentence(pairs[2], "accuracy", len(pairs)) == sentences[6]
    two = {name: models[name] for name in "ab"}
    sentences = wording.sentences(comparison.compare_all(labels, two, groups, 0.5))
    assert sentences[0].startswith("On this split, this training of Net B ranked better than this training of Net A: ")
    assert "corrected" not in sentences[1]
    assert sentences[2].startswith("This training of Net B was right more often than this training of Net A: accuracy")


def test_sentences_claim_nothing_without_support():
    labels, first, second, groups = draw(5)
    sentences = wording.sentences(comparison.compare_all(labels, {"a": first, "b": second}, groups, 0.5))
    assert sentences[0].startswith("On this split, these trainings of Net ")
    assert "cannot be told apart: ROC-AUC 0." in sentences[0]
    one_class = comparison.compare_all(np.zeros(30, int), {"a": first[:30], "b": second[:30]}, np.arange(30), 0.5)
    sentences = wording.sentences(one_class)
    assert sentences[0].startswith("No comparison: the images are all of one class")
    assert "cannot be compared by ROC-AUC" in sentences[1]
    guessing = comparison.compare_all(labels, {"a": 1 - first, "b": 1 - second}, groups, 0.5)
    assert "better than guessing" in wording.sentences(guessing)[0]
    assert wording.sentences([]) == []


def pair_of(first, second, areas, p=0.5, supported=False):
    """Return a comparison whose ROC-AUC difference is supported or not."""
    difference = areas[first] - areas[second]
    reach = abs(difference) / 2 if supported else abs(difference) + 0.01
    area = AreaDifference(
        areas[first], areas[second], difference, [difference - reach, difference + reach], p=p, p_corrected=p
    )
    accuracy = AccuracyDifference(0.8, 0.8, 0.0, [-0.04, 0.04], 5, 5, p=1.0, p_corrected=1.0)
    return Comparison(first, second, rows=90, groups=90, roc_auc=area, accuracy=accuracy)


def three(areas, supported):
    return [
        pair_of(*names, areas, p=0.01 if set(names) in supported else 0.3, supported=set(names) in supported)
        for names in combinations("abc", 2)
    ]


def ranked_better(headline):
    """Read each (better, worse) pair that a headline names."""
    claims = re.findall(r"his training of Net (\w) ranked better than this training of ([^:]+):", headline)
    assert len(claims) == headline.count("ranked better than this")
    return {(better.lower(), worse.lower()) for better, names in claims for worse in re.findall(r"Net (\w)", names)}


def told_apart(headline):
    """Read each set of models that a headline says cannot be told apart."""
    last = headline.split(". ")[-1] if "ranked better than this" in headline else headline
    if "cannot be told apart" not in last:
        return []
    names = [re.findall(r"Net (\w)", part) for part in re.split(", and neither can", last)]
    return [set("".join(part).lower()) for part in names]


def test_headlines_name_all_supported_pairs_and_no_other():
    random = np.random.default_rng(0)
    seen = set()
    for _ in range(1000):
        areas = dict(zip("abc", random.uniform(0.4, 1, 3), strict=True))
        pairs = [set(names) for names in combinations("abc", 2)]
        supported = [pair for pair in pairs if random.random() < 0.5]
        headline = wording.sentences(three(areas, supported))[0]
        ordered = {tuple(sorted(pair, key=lambda name: -areas[name])) for pair in supported}
        assert ranked_better(headline) == ordered, headline
        if ordered:
            undecided = [pair for pair in pairs if pair not in supported]
            assert sorted(map(sorted, told_apart(headline))) == sorted(map(sorted, undecided)), headline
        elif max(areas.values()) > 0.5:
            assert told_apart(headline) == [set("abc")], headline
        assert "Prefer" not in headline
        seen.add(len(supported))
    assert seen == {0, 1, 2, 3}


def test_a_second_best_that_beats_the_third_is_not_hidden():
    headline = wording.sentences(three({"a": 0.93, "b": 0.91, "c": 0.85}, [{"b", "c"}]))[0]
    assert headline == (
        "On this split, this training of Net B ranked better than this training of Net C: ROC-AUC 0.910 against 0.850. "
        "Net A and Net B cannot be told apart, and neither can Net A and Net C."
    )


def test_a_headline_claims_nothing_of_the_second_best_for_being_close_to_the_best():
    # A - C is supported, B - C is not: "prefer A or B to C" would say more than was found.
    headline = wording.sentences(three({"a": 0.93, "b": 0.915, "c": 0.90}, [{"a", "c"}]))[0]
    assert ranked_better(headline) == {("a", "c")}
    both = wording.sentences(three({"a": 0.93, "b": 0.91, "c": 0.85}, [{"a", "b"}, {"a", "c"}]))[0]
    assert both == (
        "On this split, this training of Net A ranked better than this training of Net B and of Net C: "
        "ROC-AUC 0.930 against 0.910 and 0.850. Net B and Net C cannot be told apart."
    )


def test_a_baseline_is_not_called_a_training(monkeypatch):
    monkeypatch.setattr(config, "REFERENCES", {"colour": "Colour alone"})
    pair = pair_of("a", "colour", {"a": 0.9, "colour": 0.8}, p=0.01, supported=True)
    sentence = wording.pair_sentence(pair, "roc_auc", 1)
    assert sentence.startswith("This training of Net A ranked better than Colour alone: ROC-AUC 0.900 against 0.800")


@pytest.mark.parametrize(
    ("p", "reason"),
    [
        (0.02, "The interval alone leaves out 0, but among several comparisons one does so by chance too easily."),
        (0.051, "The interval leaves out 0, the test does not confirm it."),
    ],
)
def test_why_an_interval_without_0_is_not_enough(p, reason):
    area = AreaDifference(0.9, 0.85, 0.05, [0.01, 0.09], p=p, p_corrected=3 * p)
    accuracy = AccuracyDifference(0.9, 0.9, 0.0, [-0.04, 0.04], 5, 5, p=1.0, p_corrected=1.0)
    pair = Comparison("a", "b", rows=90, groups=90, roc_auc=area, accuracy=accuracy)
    sentences = wording.sentences([pair] * 3)
    assert sentences[1].startswith("Net A and Net B cannot be told apart by ROC-AUC on these 90 images: ")
    assert sentences[1].endswith(f". {reason}")
    assert "leaves out" not in sentences[2]


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
        pair_of(name, "colour", areas, p=0.01 if name in supported else 0.3, supported=name in supported)
        for name in areas
        if name != "colour"
    ]


def test_whether_a_network_beats_colour_alone_is_said_with_the_difference():
    sentence = wording.colour_sentence(record(beside_colour({"a": 0.8, "b": 0.866, "c": 0.85})))
    assert sentence == (
        "No network is shown to rank better than colour alone. The highest, Net B: ROC-AUC 0.866 against 0.856, "
        "difference 0.010 (95 % interval −0.010 to 0.030; corrected p = 0.300)."
    )
    sentence = wording.colour_sentence(record(beside_colour({"a": 0.8, "b": 0.896, "c": 0.85}, ["b"])))
    assert sentence == (
        "On this split, this training of Net B ranked better than colour alone: ROC-AUC 0.896 against 0.856, "
        "difference 0.040 (95 % interval 0.020 to 0.060; corrected p = 0.010). "
        "No such difference is shown for Net A and Net C."
    )
    sentence = wording.colour_sentence(record(beside_colour({"a": 0.756, "b": 0.866, "c": 0.85}, ["a"])))
    assert sentence.startswith("No network is shown to rank better than colour alone. On this split, this training of ")
    assert "Net A ranked worse than colour alone: ROC-AUC 0.756 against 0.856, difference −0.100 (" in sentence
    assert sentence.endswith("No such difference is shown for Net B and Net C.")


def test_nothing_is_said_of_networks_that_were_not_compared_with_colour():
    sentence = wording.colour_sentence(record(beside_colour({"b": 0.866})))
    assert sentence.startswith("Net B is not shown to rank better than colour alone.")
    assert wording.colour_sentence(record(beside_colour({"together": 0.99}, ["together"]))) is None
    assert wording.colour_sentence(record([])) is None


def test_colour_that_cannot_be_compared_is_no_answer():
    area = AreaDifference(None, None, None, None, p=None)
    pair = replace(beside_colour({"a": 0.9})[0], roc_auc=area)
    assert wording.colour_sentence(record([pair])) == (
        "Whether a network ranks better than colour alone cannot be said: there are too few images of a class."
    )


def test_the_frame_alone_is_told_with_its_interval():
    assert wording.colour_sentence(record([], frame=(0.804, [0.77, 0.83]))) == (
        "The frame alone, the outermost 5 % of the picture on every side, which hardly show any lesion, has a ROC-AUC "
        "of 0.804 (95 % interval 0.770 to 0.830)."
    )
    assert wording.colour_sentence(record([], frame=(None, None))) is None


def test_what_is_said_of_colour_alone_is_just_what_is_supported():
    random = np.random.default_rng(1)
    seen = set()
    for _ in range(1000):
        names = [name for name in ("a", "b", "c", "together") if random.random() < 0.8]
        areas = {name: random.uniform(0.3, 1) for name in names}
        supported = [name for name in names if random.random() < 0.4]
        pairs = beside_colour(areas, supported)
        undefined = {name for name in names if random.random() < 0.1}
        pairs = [
            replace(pair, roc_auc=replace(pair.roc_auc, difference=None, interval=None, p_corrected=None))
            if pair.first in undefined
            else pair
            for pair in pairs
        ]
        sentence = wording.colour_sentence(record(pairs)) or ""
        claims = set(re.findall(r"this training of Net (\w) ranked (\w+) than colour alone", sentence))
        networks = [name for name in names if name != "together"]
        assert claims == {
            (name.upper(), "better" if areas[name] > 0.856 else "worse")
            for name in networks
            if name in supported and name not in undefined
        }, sentence
        nobody = "shown to rank better than colour alone" in sentence
        measured = [name for name in networks if name not in undefined]
        assert nobody == (bool(measured) and not any(verb == "better" for _, verb in claims)), sentence
        for name in measured:
            if name in supported:
                assert f"ROC-AUC {areas[name]:.3f} against 0.856" in sentence
        if measured and not claims:
            best = max(measured, key=areas.get)
            assert f"The highest, Net {best.upper()}: ROC-AUC {areas[best]:.3f} against 0.856" in sentence
        seen.add((len(claims), nobody))
    assert len(seen) >= 6
