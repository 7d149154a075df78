"""What a study says: its words and its figures never contradict each other."""

import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from lesion import config
from lesion.records.study import Chances, Design, StudyArea, StudyDifference, StudyModel
from lesion.studies import estimates, wording
from lesion.studies.estimates import Measured

DESIGN = Design(["grouped"], folds=5, tested=5, repeats=3, seed=0)
NAME = r"Net (\w)|(colour alone)"


@pytest.fixture(autouse=True)
def networks(monkeypatch):
    """Register three networks by the names a, b and c."""
    scratch = config.NETWORKS["scratch"]
    monkeypatch.setattr(config, "NETWORKS", {name: replace(scratch, title=f"Net {name.upper()}") for name in "abc"})


def model_of(value, interval=None, failed=0):
    return StudyModel(StudyArea(value, interval, None, None, None), [[value]], failed, 0.0)


def difference_of(first, second, value, **fields):
    """Return a difference that is not supported, unless `fields` say otherwise."""
    usual = {
        "interval": [value - 0.02, value + 0.02],
        "adjusted": None,
        "p": 0.2,
        "p_corrected": 0.6,
        "supported": False,
    }
    usual |= {"lesions": 0.01, "trainings": 0.01, "error": 0.01, "equivalent": False, "chances": None}
    return StudyDifference(first, second, value, **usual | fields)


def test_a_supported_difference_is_told_with_the_better_network_first():
    models = {"a": model_of(0.9), "b": model_of(0.93)}
    better = difference_of("a", "b", -0.03, interval=[-0.05, -0.01], p_corrected=0.004, supported=True)
    assert wording.sentences(models, [better], DESIGN) == [
        "Trained anew on data like these, Net B would rank better than Net A (ROC-AUC 0.930 and 0.900 over 5 × 3 "
        "trainings; difference 0.030, 95% interval 0.010 to 0.050, p = 0.004)."
    ]
    assert wording.headline(models, [better], DESIGN) == (
        "Trained anew on data like these, Net B would rank better than Net A (ROC-AUC 0.930 against 0.900, 5 × 3 "
        "trainings each)."
    )


def test_an_open_question_stays_open():
    models = {"a": model_of(0.92), "b": model_of(0.91)}
    undecided = difference_of("a", "b", 0.01)
    assert wording.sentences(models, [undecided], DESIGN) == [
        "15 trainings of each do not show whether Net A or Net B ranks better (ROC-AUC 0.920 and 0.910 over 5 × 3 "
        "trainings; difference 0.010, 95% interval −0.010 to 0.030, p = 0.600)."
    ]
    assert wording.headline(models, [undecided], DESIGN) == (
        "15 trainings of each do not show which of Net A and Net B ranks better (ROC-AUC 0.920 and 0.910)."
    )


def test_an_interval_that_leaves_out_0_without_support_is_explained():
    undecided = difference_of("a", "b", 0.03, p=0.03, p_corrected=0.09)
    models = {"a": model_of(0.93), "b": model_of(0.9)}
    assert wording.difference_sentence(undecided, models, DESIGN, 3).endswith(
        "corrected p = 0.090). On its own this interval excludes 0; corrected for 3 comparisons the difference is no "
        "longer significant."
    )


def test_networks_as_good_as_equal_are_called_so_by_the_two_tests():
    models = {"a": model_of(0.92), "b": model_of(0.919)}
    equal = difference_of("a", "b", 0.001, interval=[-0.008, 0.010], equivalent=True)
    (said,) = wording.sentences(models, [equal], DESIGN)
    assert said.startswith(
        "Trained anew on data like these, Net A and Net B differ by less than 0.01 either way (two one-sided tests at "
        "5%; ROC-AUC 0.920 and 0.919 over"
    )
    assert wording.headline(models, [equal], DESIGN) == "Net A and Net B differ by less than 0.01 either way."


def test_all_networks_together_are_compared_with_colour_alone_within_a_sentence():
    models = {"together": model_of(0.9), "colour": model_of(0.8)}
    better = difference_of("together", "colour", 0.1, supported=True, p_corrected=0.01)
    said = wording.sentences(models, [better], DESIGN)
    assert said[0].startswith("Trained anew on data like these, all networks together would rank better than colour al")


def test_colour_alone_stays_in_the_second_place():
    models = {"a": model_of(0.7), "b": model_of(0.9), "colour": model_of(0.8)}
    worse = difference_of("a", "colour", -0.1, supported=True, p_corrected=0.01)
    better = difference_of("b", "colour", 0.1, supported=True, p_corrected=0.01)
    said = wording.sentences(models, [difference_of("a", "b", -0.2), worse, better], DESIGN)[1:]
    assert said[0].startswith(
        "Trained anew on data like these, Net A would rank worse than colour alone (ROC-AUC 0.700"
    )
    assert "0.700 and 0.800 over 5 × 3 trainings; difference −0.100, 95% interval −0.120 to −0.080, c" in said[0]
    assert said[1].startswith("Trained anew on data like these, Net B would rank better than colour alone (ROC-AUC 0.9")
    assert all("corrected p = 0.010" in sentence for sentence in said)


def test_a_chance_is_probable_only_above_the_limit_and_says_what_that_assumes():
    supported = difference_of("a", "b", 0.03, supported=True)
    said = wording.chance_sentence(supported, Chances(above=0.97, within=0.03, below=0.0))
    assert said == (
        "It is probable that Net A ranks better than Net B by more than 0.01: the chance is 97%, assuming that true "
        "differences between networks have a standard deviation of τ = 0.03, with a margin of δ = 0.01."
    )
    open_ = wording.chance_sentence(supported, Chances(above=0.94, within=0.057, below=0.003))
    assert open_.startswith(
        "The chances are 94% that Net A ranks better than Net B by more than 0.01, 6% that Net A and Net B differ by "
        "less than 0.01 either way and below 1% that Net B ranks better than Net A by more than 0.01, assuming"
    )
    # What one sentence leaves open the next one does not call probable.
    unsupported = wording.chance_sentence(difference_of("a", "b", 0.03), Chances(above=0.97, within=0.03, below=0.0))
    assert "probable" not in unsupported


def test_failed_trainings_are_said_to_count_as_guessing():
    models = {"a": model_of(0.8, failed=2), "b": model_of(0.9), "colour": model_of(0.8, failed=1)}
    assert wording.sentences(models, [difference_of("a", "b", -0.1)], DESIGN)[1:] == [
        "2 of the 15 trainings of Net A failed and count as guessing, with a ROC-AUC of 0.5.",
        "1 of the 15 trainings of colour alone failed and counts as guessing, with a ROC-AUC of 0.5.",
    ]


def test_what_cannot_be_compared_is_said_with_the_reason():
    models = {"a": model_of(0.9), "b": model_of(0.9)}
    for error, reason in ((None, "there are too few lesions of a class"), (0.0, "nothing varies")):
        pair = difference_of("a", "b", 0.0, interval=None, p=None, p_corrected=None, error=error)
        assert wording.sentences(models, [pair], DESIGN) == [f"Net A and Net B cannot be compared: {reason}."]
        assert wording.headline(models, [pair], DESIGN) == "Net A and Net B cannot be compared."


def test_one_network_is_told_by_its_own_area():
    models = {"a": model_of(0.9, [0.87, 0.92]), "colour": model_of(0.8)}
    assert wording.headline(models, [difference_of("a", "colour", 0.1)], DESIGN) == (
        "Trained anew on data like these, Net A would reach a ROC-AUC of 0.900 (95% interval 0.870 to 0.920) on new "
        "lesions, by 5 × 3 trainings."
    )


def test_networks_that_only_guess_are_named():
    models = {"a": model_of(0.5), "b": model_of(0.45)}
    assert wording.headline(models, [difference_of("a", "b", 0.05)], DESIGN).startswith(
        "None of these networks, trained anew, ranks images better than guessing. 15 trainings of each do not show"
    )


# --- words against figures --------------------------------------------------------------------------
def studies(monkeypatch, count):
    """Yield models and differences of studies with random areas, some of them close, and random spreads."""
    random = np.random.default_rng(0)
    for _ in range(count):
        names = ["a", "b", "c"][: random.integers(2, 4)] + ["colour"] * int(random.random() < 0.7)
        spread = 10 ** random.uniform(-3.5, -1.3)
        areas = {name: random.uniform(0.7, 0.7 + 10 ** random.uniform(-3, -0.6)) for name in names}
        cells = {name: area + spread * random.normal(size=(3, 5)) for name, area in areas.items()}
        replicates = {name: area + spread / 3 * random.normal(size=50) for name, area in areas.items()}
        measured = Measured(
            cells, replicates, fewest=int(random.choice([4, 50])) if random.random() < 0.2 else 50, lesions=100
        )
        monkeypatch.setattr(estimates, "measure", lambda *_, measured=measured: measured)
        yield estimates.summarise(None, None, DESIGN, dict.fromkeys(names), {}, {})


def names_in(text):
    return [letter.lower() or "colour" for letter, _ in re.findall(NAME, text)]


def ordered(pair):
    return (pair.first, pair.second) if pair.value > 0 else (pair.second, pair.first)


def test_headlines_claim_what_is_supported_and_nothing_else(monkeypatch):
    kinds = set()
    for models, differences in studies(monkeypatch, 150):
        said = wording.headline(models, differences, DESIGN)
        pairs = [pair for pair in differences if pair.second != "colour"]
        claims = re.findall(r"(Net \w) would rank better than ([^(]+) \(", said)
        claimed = {(better, worse) for one, others in claims for better in names_in(one) for worse in names_in(others)}
        assert claimed == {ordered(pair) for pair in pairs if pair.supported}, said
        equal = {tuple(names_in(each)) for each in re.findall(r"(Net \w and Net \w) differ by less", said)}
        assert equal == {(pair.first, pair.second) for pair in pairs if pair.equivalent}, said
        undecided = [pair for pair in pairs if pair.interval and not (pair.supported or pair.equivalent)]
        open_lists = [names_in(each) for each in re.findall(r"which of ((?:Net \w(?:, | and )?)+)", said)]
        left_open = {frozenset(two) for names in open_lists for two in combinations(names, 2)}
        assert left_open == {frozenset((pair.first, pair.second)) for pair in undecided}, said
        kinds |= {(pair.supported, pair.equivalent, pair.interval is None) for pair in pairs}
    assert len(kinds) == 5  # all that can be: supported and equivalent, one of them, neither, or undefined


def test_every_sentence_agrees_with_its_own_figures(monkeypatch):
    probable = set()
    for models, differences in studies(monkeypatch, 150):
        said = wording.sentences(models, differences, DESIGN)
        pairs = sum(each.second != "colour" for each in differences)
        for each in differences:
            sentence = wording.difference_sentence(each, models, DESIGN, pairs)
            assert any(sentence[:40] == other[:40] for other in said)
            assert ("would rank" in sentence) == each.supported
            assert ("differ by less" in sentence) == each.equivalent
            if each.interval is None:
                assert "cannot be compared" in sentence
                continue
            numbers = re.findall(
                r"ROC-AUC ([\d.]+) and ([\d.]+) over .* ([\d.−]+), 95% interval ([\d.−]+) to ([\d.−]+),", sentence
            )
            one, other, value, low, high = (float(number.replace("−", "-")) for number in numbers[0])
            assert one - other == pytest.approx(value, abs=0.0016) and low <= value <= high
            if each.supported:
                assert (low >= 0 and value >= 0) if "better than" in sentence else (high <= 0 and value <= 0)
        for sentence in (each for each in said if "It is probable" in each):
            first, second = names_in(sentence)[:2]
            (pair,) = (each for each in differences if {each.first, each.second} == {first, second})
            large = "ranks better" in sentence
            chances = [pair.chances.within] if not large else [pair.chances.above, pair.chances.below]
            assert max(chances) > 0.95
            assert not large or (pair.supported and ordered(pair) == (first, second))
            probable.add(large)
    assert probable == {True, False}
