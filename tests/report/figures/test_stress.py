"""The picture of the stress test: places worked out on paper."""

from dataclasses import replace

import artefacts as fake
from pages import Page, render

from lesion import config
from lesion.report.figures.stress import ranked, stress_plot

# The largest end of an interval is 0.42 + 0.05, so the axis runs from 0 to 60% in steps of 20.
MODELS = {name: fake.model_stress(name) for name in config.NETWORKS}


def track(kind, network="mobilenet"):
    plot = stress_plot(MODELS)
    row = next(row for row in plot.rows if row.title == kind)
    return next(track for track in row.tracks if track.network == network)


def test_strengths_are_dots_that_grow_and_the_strongest_has_the_interval_and_the_direction():
    ink = track("Ink marks")
    assert [dot.at for dot in ink.dots] == ["23.3333%", "46.6667%"]  # 14 and 28 of 60
    assert ink.dots[0].radius < ink.dots[1].radius
    assert ink.at == "70.0000%" and (ink.bar.start, ink.bar.end) == ("63.3333%", "78.3333%")
    assert (ink.arrow, track("Hair").arrow, track("Blur").arrow) == ("up", "down", "")
    assert ink.words == "MobileNetV2, Ink marks: 42%, mostly to malignant"
    assert [tick.text for tick in stress_plot(MODELS).ticks] == ["0%", "20%", "40%", "60%"]


def test_rows_fall_and_remedies_stand_below_what_they_mend():
    kinds = ranked(MODELS)
    assert kinds[:5] == ["ink", "hair", "hair_removed", "cast", "cast_corrected"]
    assert kinds[5] == "ruler" and kinds[-1] == "jpeg"
    remedies = [row.title for row in stress_plot(MODELS).rows if row.remedy]
    assert remedies == ["Hair, then removed", "Cast, then corrected"]


def test_what_was_not_measured_is_not_drawn():
    undefined = replace(MODELS["scratch"], disturbed={"ink": MODELS["scratch"].disturbed["ink"][-1:]})
    plot = stress_plot({"mobilenet": MODELS["mobilenet"], "scratch": undefined})
    tracks = {row.title: row.tracks[1] for row in plot.rows}
    assert tracks["Ink marks"].dots == [] and tracks["Ink marks"].at == "35.0000%"
    assert tracks["Hair"].at == "" and tracks["Hair"].words.endswith("not measured")
    assert stress_plot({}) is None


def test_every_network_has_a_track_in_every_row_of_the_page(home):
    html = render()
    assert html.count('role="img" aria-label="MobileNetV2, ') == 12
    assert "Verdicts changed by disturbances" in Page(html).says("looks")
