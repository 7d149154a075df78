"""The headline by rule: each case of the two measures, and never a word that the comparisons contradict."""

import re
from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from pairs import compared, said, scores_of

from lesion import config
from lesion.evaluation.words import headline

RANKED = {"a": 0.95, "b": 0.9, "c": 0.85}
RIGHT = {"a": 0.9, "b": 0.85, "c": 0.8}
AREA = {pair: ("roc_auc", *pair) for pair in ("ab", "ac", "bc")}
ACCURACY = {pair: ("accuracy", *pair) for pair in ("ab", "ac", "bc")}


@pytest.fixture(autouse=True)
def networks(monkeypatch):
    """Register eight networks by the names a to h."""
    scratch = config.NETWORKS["scratch"]
    nets = {name: replace(scratch, title=f"Net {name.upper()}") for name in "abcdefgh"}
    monkeypatch.setattr(config, "NETWORKS", nets)


@pytest.mark.parametrize(
    ("clear", "expected"),
    [
        (
            [AREA["ab"], AREA["ac"], ACCURACY["ab"], ACCURACY["ac"]],
            "Net A did best, and its lead is more than chance.",
        ),
        (
            [AREA["ab"], AREA["ac"]],
            "Net A ranks best, and that is more than chance. At threshold 0.5 it is not clearly more accurate.",
        ),
        (
            [AREA["ab"], AREA["ac"], ACCURACY["ac"]],
            "Net A ranks best, and that is more than chance. "
            "At threshold 0.5 it is clearly more accurate only than Net C.",
        ),
        (
            [ACCURACY["ab"], ACCURACY["ac"]],
            "Net A did best. Its lead in accuracy is clear; its lead in ROC-AUC could still be chance.",
        ),
        ([], "Net A scored highest, but the test images are too few to tell the three apart."),
        (
            [AREA["ac"], AREA["bc"]],
            "Net A or Net B: both rank better than Net C, and the test images cannot tell the two apart.",
        ),
        (
            [AREA["ac"], AREA["bc"], ACCURACY["ac"]],
            "Net A or Net B: both rank better than Net C, and the test images cannot tell the two apart.",
        ),
        (
            [AREA["ac"]],  # Net B may not be better than Net C
            "Net A scored highest. Its lead in ROC-AUC is clear over Net C, but could be chance over Net B; "
            "its lead in accuracy could still be chance.",
        ),
        (
            [AREA["ac"], AREA["bc"], ACCURACY["ab"], ACCURACY["ac"]],  # the images do tell A and B apart
            "Net A did best. Its lead in accuracy is clear; "
            "its lead in ROC-AUC is clear over Net C, but could be chance over Net B.",
        ),
        (
            [AREA["ac"], ACCURACY["ac"]],
            "Net A scored highest. "
            "Its lead in ROC-AUC and accuracy is clear over Net C, but could be chance over Net B.",
        ),
        (
            [ACCURACY["ac"]],
            "Net A scored highest. Its lead in accuracy is clear over Net C, but could be chance over Net B; "
            "its lead in ROC-AUC could still be chance.",
        ),
        (
            [AREA["bc"]],
            "Net A scored highest, but its lead could be chance. More than chance: Net B ranks better than Net C.",
        ),
        (
            [AREA["bc"], ACCURACY["bc"]],
            "Net A scored highest, but its lead could be chance. "
            "More than chance: Net B ranks better than Net C and Net B is more accurate than Net C.",
        ),
    ],
)
def test_the_network_that_leads_in_both(clear, expected):
    assert said(RANKED, RIGHT, clear) == expected


@pytest.mark.parametrize(
    ("clear", "expected"),
    [
        ([], "Neither lead is clear."),
        ([AREA["ab"], AREA["ac"], ("accuracy", "b", "a"), ACCURACY["bc"]], "Both leads are clear."),
        ([AREA["ab"], AREA["ac"]], "The first lead is clear; the second could still be chance."),
        (
            [AREA["ac"], ("accuracy", "b", "a"), ACCURACY["bc"]],
            "The first lead is clear over Net C, but could be chance over Net B; the second is clear.",
        ),
    ],
)
def test_one_ranks_best_and_another_is_right_most_often(clear, expected):
    right = {"a": 0.85, "b": 0.9, "c": 0.8}
    assert said(RANKED, right, clear) == f"Net A ranks best; Net B is right most often at threshold 0.5. {expected}"


def test_two_networks():
    ranked, right = {"a": 0.9, "b": 0.95}, {"a": 0.8, "b": 0.9}
    assert said(ranked, right) == "Net B scored highest, but the test images are too few to tell the two apart."
    assert said(ranked, right, [AREA["ab"], ACCURACY["ab"]]) == "Net B did best, and its lead is more than chance."


def test_many_networks():
    ranked = {name: 0.95 - place / 100 for place, name in enumerate("abcdefgh")}
    right = {name: area - 0.1 for name, area in ranked.items()}
    assert said(ranked, right).endswith("are too few to tell the eight apart.")
    beaten = [("roc_auc", one, other) for one in "abc" for other in "defgh"]
    assert said(ranked, right, beaten) == (
        "Net A, Net B or Net C: all three rank better than Net D, Net E, Net F, Net G and Net H, "
        "and the test images cannot tell the three apart."
    )
    among = [("roc_auc", "b", "h"), ("roc_auc", "c", "h"), ("accuracy", "b", "h")]
    assert said(ranked, right, among).endswith("chance. 3 differences among the others are more than chance.")


def test_ties():
    level = {"a": 0.9, "b": 0.9}
    assert said(level, {"a": 0.8, "b": 0.8}) == "Net A and Net B scored exactly the same."
    higher = said(level, {"a": 0.8, "b": 0.85})
    assert higher == "Net B scored highest, but the test images are too few to tell the two apart."
    three = said({**level, "c": 0.8}, {"a": 0.8, "b": 0.8, "c": 0.7})
    assert three == "Net A and Net B scored highest, but the test images are too few to tell the three apart."
    accurate = said(RANKED, {"a": 0.8, "b": 0.9, "c": 0.9})
    assert accurate == "Net A ranks best; Net B and Net C are right most often at threshold 0.5. Neither lead is clear."


def test_one_network_has_nothing_to_be_compared_with():
    assert said({"a": 0.8934}, RIGHT) == "Net A reaches a ROC-AUC of 0.893. There is nothing to compare it with."
    assert said({"a": 0.4}, RIGHT) == "Net A did not learn to tell malignant from benign."
    assert headline.of_networks({}, [], "test", 0.5) == ""
    assert headline.sentences({}, [], "test", 0.5) == []


def test_networks_that_only_guess_have_no_best():
    nothing = "None of the three networks learned to tell malignant from benign."
    assert said({"a": 0.5, "b": 0.45, "c": 0.4}, RIGHT, list(AREA.values())) == nothing
    assert said(RANKED, RIGHT, collapsed=["all 90 images are called benign"], interval=(0.4, 0.97)) == nothing
    # All images are called benign, but the malignant ones have higher scores: the ranking is worth something.
    assert said(RANKED, RIGHT, collapsed=["all 90 images are called benign"], interval=(0.6, 0.97)) != nothing


def test_a_lead_over_others_is_not_yet_better_than_guessing():
    assert said({"a": 0.55, "b": 0.51}, RIGHT, interval=(0.45, 0.65)) == (
        "Net A scored highest, but the test images are too few to tell the two apart. "
        "Neither is shown to do better than guessing."
    )
    assert said({"a": 0.55}, RIGHT, interval=(0.45, 0.65)).endswith("It is not shown to do better than guessing.")
    assert said(RANKED, RIGHT, interval=(0.45, 0.97)).endswith("None of the three is shown to do better than guessing.")
    assert "guessing" not in said(RANKED, RIGHT, interval=None)


def test_undefined_areas():
    one_class = {name: scores_of(None) for name in "ab"}
    assert headline.of_networks(one_class, [], "test", 0.5) == (
        "The test images are all of one class, so no ROC-AUC can be computed."
    )


def test_the_images_are_those_of_the_subset():
    assert "but the validation images are too few" in said(RANKED, RIGHT, subset="validation")
    assert "but the external images are too few" in said(RANKED, RIGHT, subset="external")


def model_of(scores):
    return SimpleNamespace(of=lambda subset: scores)


def test_a_record_is_told_by_its_networks_alone():
    models = {name: model_of(scores_of(RANKED[name], RIGHT[name])) for name in "abc"}
    models["colour"] = model_of(scores_of(0.99, 0.99))
    pairs = {"test": compared(RANKED, RIGHT, [*AREA.values(), *ACCURACY.values()])}
    record = SimpleNamespace(models=models, comparisons=pairs, threshold=0.5)
    assert headline.headline(record) == "Net A did best, and its lead is more than chance."
    assert headline.headline(record, "validation").endswith("too few to tell the three apart.")
    scores = {name: model.of("test") for name, model in models.items() if name != "colour"}
    sentences = headline.sentences(scores, pairs["test"], "test", 0.5)
    assert len(sentences) == 7 and sentences[0] == headline.headline(record)
    assert sentences[1].startswith("Net A ranks better than Net B (")


# --- words against comparisons ----------------------------------------------------------------------
def random_networks(random):
    """Return areas, accuracies and clear differences; some of them equal, and any of them clear."""
    names = list("abcdefgh")[: random.integers(2, 9)]
    areas = {name: round(random.uniform(0.6, 1), int(random.integers(1, 4))) for name in names}
    accuracies = {name: round(random.uniform(0.5, 1), int(random.integers(1, 4))) for name in names}
    share = random.choice([0, 0.1, 0.5, 0.9, 1])
    clear = [
        (metric, one, other)
        for metric, values in (("roc_auc", areas), ("accuracy", accuracies))
        for one, other in combinations(names, 2)
        if values[one] != values[other] and random.random() < share
    ]
    return areas, accuracies, clear


def names_in(text):
    return [letter.lower() for letter in re.findall(r"Net (\w)", text)]


def claims_of(text, areas, accuracies):
    """Yield the (metric, better, worse) that a headline claims."""
    leaders = {
        "ROC-AUC": names_in(text)[0],
        "first": names_in(text)[0],
        "second": max(accuracies, key=lambda name: (accuracies[name], areas[name])),
    }
    leaders["accuracy"] = leaders["ROC-AUC"]
    metrics = {"ROC-AUC": "roc_auc", "first": "roc_auc", "second": "accuracy", "accuracy": "accuracy"}
    everyone = r"is clear(?=[;.])"
    for which, over in re.findall(
        rf"(ROC-AUC|first|second|accuracy)(?: lead)? (?:is clear over ([^;.]*?), but|{everyone})", text
    ):
        values = accuracies if which == "second" else {leaders[which]: 1}
        leading = [name for name in values if values[name] == max(values.values())]  # several of the same accuracy
        others = names_in(over) or [name for name in areas if name not in leading]
        yield from ((metrics[which], leaders[which], other) for other in others)
    for better, verb, worse in re.findall(r"Net (\w) (ranks better|is more accurate) than Net (\w)", text):
        yield ("roc_auc" if verb == "ranks better" else "accuracy"), better.lower(), worse.lower()
    if several := re.search(r"^(.*): (?:both|all \w+) rank better than (.*), and the", text):
        yield from (("roc_auc", one, other) for one in names_in(several[1]) for other in names_in(several[2]))
    best = names_in(text)[0]
    if "more than chance." in text and re.search("(did|ranks) best, and", text):
        metrics_claimed = ["roc_auc", "accuracy"] if "did best, and" in text else ["roc_auc"]
        yield from ((metric, best, other) for metric in metrics_claimed for other in areas if other != best)
    if only := re.search("clearly more accurate only than (.*)", text):
        yield from (("accuracy", best, other) for other in names_in(only[1]))


def test_headlines_claim_nothing_that_is_not_supported():
    random = np.random.default_rng(0)
    kinds = set()
    for _ in range(2000):
        areas, accuracies, clear = random_networks(random)
        text = said(areas, accuracies, clear)
        values = {"roc_auc": areas, "accuracy": accuracies}
        known = {(metric, *sorted(pair, key=lambda name: -values[metric][name])) for metric, *pair in clear}
        claims = set(claims_of(text, areas, accuracies))
        assert claims <= known, (text, claims - known)
        best = max(areas, key=lambda name: (areas[name], accuracies[name]))
        of_best = {claim for claim in known if claim[1] == best}
        if "scored highest, but" in text:  # no lead of the best is kept back
            assert not of_best, text
        if "too few to tell" in text or "exactly the same" in text:
            assert not known, text
        if apart := re.search("^(.*): .* cannot tell the", text):
            assert not {claim for claim in known if {*claim[1:]} <= {*names_in(apart[1])}}, text
        if "Neither lead is clear" in text:
            assert not any(metric == "roc_auc" for metric, *_ in of_best), text
        if "not clearly more accurate" in text:
            assert not any(metric == "accuracy" for metric, *_ in of_best), text
        kinds.add(
            re.sub(r"Net \w(?:(?:, | and | or )Net \w)*|\d+ differences|two|three|four|five|six|seven|eight", "", text)
        )
    assert len(kinds) > 20
