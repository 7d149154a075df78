"""The last lines of `invoke all`, on made-up artefacts."""

import json
from dataclasses import replace

import artefacts as fake
import pages
import pytest

from lesion import config, prepared, runs, store
from lesion.records.metrics import MetricsRecord
from lesion.records.preparation import PlannedTraining, ProfilePlan
from lesion.report import closing


@pytest.fixture
def home(tmp_path, monkeypatch):
    fake.write_all(tmp_path)
    monkeypatch.setattr(config, "HOME", tmp_path)
    monkeypatch.setattr(config, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(config, "DATA", tmp_path / "data")
    monkeypatch.setattr(runs, "METRICS", tmp_path / pages.METRICS)
    monkeypatch.setattr(runs, "REPORT", tmp_path / "reports" / "index.html")
    runs.REPORT.write_text("x" * 620_000)
    return tmp_path


def read(home):
    metrics = store.read_record(runs.METRICS, MetricsRecord, "invoke evaluate")
    trainings = {name: run.record() for name, run in runs.all_runs().items() if name in metrics.models}
    return metrics, trainings, prepared.read_manifest(home / "data")


def test_the_table_shows_what_metrics_json_holds(home, capsys):
    closing.say_results(417.0)
    printed = capsys.readouterr().out
    models = json.loads((home / pages.METRICS).read_text())["models"]
    lines = printed.splitlines()
    assert lines[1].split() == ["ROC-AUC", "95%", "interval", "right", "missed", "false", "alarms", "trained", "in"]
    for line, name in zip(lines[2:5], config.NETWORKS, strict=True):
        test = models[name]["test"]
        (right, alarms), (missed, hits) = test["confusion"]
        low, high = test["intervals"]["roc_auc"]
        scores = f"{test['roc_auc']:.3f} {low:.3f} to {high:.3f} {right + hits}/{test['rows']} {missed}/{missed + hits}"
        assert line.startswith(config.NETWORKS[name].title)
        assert " ".join(line.split()).startswith(f"{config.NETWORKS[name].title} {scores} {alarms}/{alarms + right} ")
        assert test["rows"] == right + alarms + missed + hits
    assert lines[2].endswith("5 min 10 s")  # of the CNN's 310.2 s
    assert len({len(line) for line in lines[1:5]}) == 1
    assert lines[-1] == "reports/index.html (0.6 MB), in 6 min 57 s. Open it: invoke report --open"
    assert len(lines) <= 10


def test_the_headline_is_that_of_the_report(home, capsys):
    closing.say_results(1.0)
    from lesion.evaluation.words.headline import headline

    said = headline(read(home)[0])
    assert said and said in capsys.readouterr().out


def test_cautions_name_what_limits_the_result(home):
    metrics, trainings, preparation = read(home)
    drawn, own = (replace(preparation, source=replace(preparation.source, name=name)) for name in ("sample", "folder"))
    random = {
        name: replace(record, weights=replace(record.weights, used="random")) if name == "mobilenet" else record
        for name, record in trainings.items()
    }
    said = closing.cautions(metrics, random, drawn)
    assert said[0] == "drawn images, so nothing here holds for real lesions"
    assert "no pretrained weights for MobileNetV2" in said
    assert not any("drawn" in each or "pretrained" in each for each in closing.cautions(metrics, trainings, own))


def test_trainings_that_slowed_each_other_are_named(home):
    metrics, trainings, preparation = read(home)
    at_once = {name: replace(record, at_once=3) for name, record in trainings.items()}
    sentence = "networks were trained at once, so each took longer"
    assert sentence in closing.cautions(metrics, at_once, preparation)
    assert sentence not in closing.cautions(metrics, trainings, preparation)


def test_what_was_cut_for_time_is_said_once_and_nothing_where_all_of_it_fits(home):
    metrics, trainings, preparation = read(home)
    planned = PlannedTraining("scratch", "auto", 12, 0, 0, 900.0, 50000.0, shortened=True)
    plan = ProfilePlan("no GPU is visible", 2000, 17214, 128, 224, 1700.0, 72000.0, [planned])
    said = closing.cautions(metrics, trainings, replace(preparation, plan=plan))
    assert [each for each in said if "for time" in each] == [
        "cut for time (profile quick): 2,000 of 17,214 images, 128 × 128 pixels instead of 224 × 224, shorter trainings"
    ]
    whole = replace(planned, shortened=False)
    fitting = replace(plan, rows=17214, image_size=224, trainings=[whole])
    assert not any(
        "for time" in each for each in closing.cautions(metrics, trainings, replace(preparation, plan=fitting))
    )


def test_a_training_that_used_all_its_epochs_is_named(home):
    metrics, trainings, preparation = read(home)
    ends = [replace(record, phases=[replace(record.phases[-1], epochs=6)]) for record in trainings.values()]
    limits = [replace(record, settings=replace(record.settings, epochs=6, tune_epochs=6)) for record in ends]
    limited = dict(zip(trainings, limits, strict=True))
    assert "training of all networks ended at the epoch limit" in closing.cautions(metrics, limited, preparation)
    sooner = {name: replace(record, phases=[replace(record.phases[-1], epochs=5)]) for name, record in limited.items()}
    assert not any("epoch limit" in said for said in closing.cautions(metrics, sooner, preparation))


def test_networks_that_are_missing_or_collapsed_are_named(home):
    metrics, trainings, preparation = read(home)
    scores = metrics.models["scratch"]
    collapsed = replace(scores, test=replace(scores.test, collapsed=["all 225 images are called benign"], cautions=[]))
    models = {"scratch": collapsed, "mobilenet": metrics.models["mobilenet"]}
    fewer = replace(metrics, models=models, missing={"efficientnet": "not trained", "patient": "not trained"})
    kept = {name: trainings[name] for name in models}
    said = closing.cautions(fewer, kept, preparation)
    assert "EfficientNetB0 not measured" in said and not any("Age" in each for each in said)
    assert "CNN from scratch collapsed: all 225 images are called benign" in said
    assert len(closing.table(fewer, kept)) == 3


def test_scores_that_are_undefined_are_said_to_be(home):
    metrics, trainings, _ = read(home)
    scores = metrics.models["scratch"]
    test = replace(scores.test, roc_auc=None, intervals=scores.test.intervals | {"roc_auc": None})
    lines = closing.table(
        replace(metrics, models={"scratch": replace(scores, test=test)}), {"scratch": trainings["scratch"]}
    )
    assert lines[1].split()[3:5] == ["undefined", "undefined"]
