"""The limitations: what the scores cannot tell, and nothing that the answer says already."""

import artefacts as fake
from bodies import show
from pages import MANIFEST, STUDY, Page

from lesion import store


def says():
    return Page(show("limitations")).says("limitations")


def test_limitations_are_few_words_and_say_what_one_training_cannot(home):
    said = says()
    assert "not a medical device" in said and "compare trained networks, not architectures" in said
    assert "The scores come from one split" in said and "hold for 0.5" in said
    assert len(said.split()) <= 160


def test_limitations_know_of_a_study(home):
    store.write_record(home / STUDY, fake.study())
    assert "All scores but those under “Trained anew” come from one split and one training" in says()
    assert "The study compares networks trained anew" in says()


def test_pixels_that_may_have_missed_siblings_make_intervals_too_narrow(home):
    assert "every interval is a little too narrow" in says()
    fake.change(home / MANIFEST, lambda manifest: manifest["groups"].update(origin="source"))
    assert "too narrow" not in says()
    fake.change(home / MANIFEST, lambda manifest: manifest["groups"].update(origin="table and pixels"))
    assert "was in part worked out" in says()
