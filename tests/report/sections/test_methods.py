"""How the networks were made: architectures, trainings and settings are those of the artefacts."""

import re

import artefacts as fake
import pytest
from pages import MANIFEST, METRICS, NAMES, Page, render

from lesion.report.embedded.about import about
from lesion.report.reading import read


def test_training_says_what_was_computed_once(home):
    training = Page(render()).sections["training"]
    assert training.count("The frozen layers ran once, for 4 augmented views of each image") == 2
    assert "290.5 MB on disk, 1 min 32 s" in training


def test_architecture_has_its_parts_and_total(home):
    rows = Page(render()).table("Parts of MobileNetV2")
    assert rows["block 1"][2][0] == "24 × 24 × 32"
    assert [rows["Total"][place][0] for place in (0, 3)] == ["32", "2,422,081"]


def test_settings_are_those_that_the_stages_ran_with(home):
    def prepare(manifest):
        manifest["method"]["preparation"] |= {"train": 0.6, "validation": 0.25}
        manifest["method"]["matching"]["enough_inliers"] = 17
        manifest["method"]["augmentation"]["rotation"] = 0.125

    def train(run):
        run["method"]["training"] |= {"patience": 23, "tuned_share": 0.35}
        run["method"]["augmentation"]["rotation"] = 0.125

    fake.change(home / MANIFEST, prepare)
    for model in ("scratch", "mobilenet", "efficientnet"):
        fake.change(home / f"runs/{model}/manifest.json", train)
    page = Page(render())
    said = page.says("methods")
    assert "60 / 25 / 15% into train / validation / test" in said and "at least 17 of them" in said
    assert "after 23 epochs without" in said and "the last 35% of their layers" in said
    assert "turned by up to ±45°, zoomed by up to 10%" in page.says("training")


def test_settings_that_differ_between_trainings_are_all_named(home):
    fake.change(home / "runs/mobilenet/manifest.json", lambda run: run["method"]["training"].update(patience=23))
    assert "early stopping after 10 or 23 epochs" in Page(render()).says("methods")


def test_statistics_are_those_of_the_metrics(home):
    fake.change(home / METRICS, lambda metrics: metrics["statistics"].update(confidence=0.9))
    page = Page(render())
    assert "Scores on the test images at threshold 0.5, with 90% intervals" in page.tables
    assert "90% intervals by a bootstrap" in page.says("methods") and "95%" not in page.says("summary")


def test_baselines_and_decisions_are_described_as_they_were_made(home):
    fake.change(home / "runs/colour/manifest.json", lambda run: run["method"]["baselines"].update(iterations=123))
    page = Page(render())
    said = page.says("methods")
    assert "(100 or 123 trees, learning rate 0.1)" in said and "at a prevalence of 12%" in said
    assert "baseline Colour alone" in page.says("provenance")


def test_methods_do_without_baselines(home):
    for name in ("frame", "colour"):
        (home / f"runs/{name}/manifest.json").unlink()
    assert "Baselines" not in Page(render()).says("methods")


def test_provenance_names_the_metadata_table_without_its_folder(home):
    fake.change(home / MANIFEST, lambda manifest: manifest["settings"].update(metadata="/some/where/lesions.csv"))
    page = Page(render())
    assert "metadata lesions.csv" in page.says("provenance") and "some/where" not in page.says("provenance")


def test_training_table_is_that_of_the_trainings(home):
    rows = Page(render()).table("How each network was trained")
    assert [value for value, _ in rows["MobileNetV2"]] == ["ImageNet", "18", "8", "0.410", "0.900", "2 min 05 s"]


# --- to repeat it, and for a paper ----------------------------------------------------------------------
def test_command_repeats_all_of_it_if_the_trainings_are_alike(home):
    said = Page(render()).says("provenance")
    assert (
        "invoke all --data sample --limit 1600 --image-size 96 --seed 7 --epochs 12 --tune-epochs 6 --batch-size 32 "
        "--views 4 Version" in said
    )
    assert "All trainings: weights auto , epochs 12" in said.replace("auto,", "auto ,")


def test_command_repeats_the_stages_if_the_trainings_differ(home):
    def own(run):
        run["settings"] |= {"epochs": 33, "learning_rate": 0.002, "seed": 0, "views": 0}

    fake.change(home / "runs/mobilenet/manifest.json", own)
    commands = about(read.read_artefacts(tuple(NAMES)))["command"]
    assert commands[:3] == [
        "invoke prepare --data sample --limit 1600 --image-size 96 --seed 7",
        "invoke train --model scratch --epochs 12 --tune-epochs 6 --batch-size 32 --seed 7",
        "invoke train --model mobilenet --epochs 33 --tune-epochs 6 --batch-size 32 --learning-rate 0.002 "
        "--no-cache-activations",
    ]
    assert commands[4:] == ["invoke baseline", "invoke evaluate", "invoke explain", "invoke stress", "invoke report"]


def test_defaults_need_no_options_but_the_profile_which_another_machine_may_not_choose(home):
    def usual(manifest):
        manifest["settings"] |= {"limit": 0, "image_size": 224, "seed": 0}
        manifest["source"] |= {"name": "isic"}

    fake.change(home / MANIFEST, usual)
    for model, views in (("scratch", 0), ("mobilenet", 5), ("efficientnet", 4)):
        settings = {"epochs": 100, "tune_epochs": 30, "batch_size": 32, "seed": 0, "views": views}
        fake.change(
            home / f"runs/{model}/manifest.json", lambda run, settings=settings: run["settings"].update(settings)
        )
    assert about(read.read_artefacts(tuple(NAMES)))["command"] == ["invoke all --data isic --profile full"]
    assert about(read.read_artefacts(("scratch",)))["command"] == [
        "invoke all --data isic --profile full --model scratch"
    ]


def test_paragraph_refers_to_every_reference_in_order(home):
    told = about(read.read_artefacts(tuple(NAMES)))
    marks = [int(number) for number in re.findall(r"\[(\d+)\]", told["methods"])]
    assert marks == list(range(1, len(told["references"]) + 1))
    assert "MobileNetV2 [2] from ImageNet weights" in told["methods"] and "1,234 bootstrap draws" in told["methods"]
    assert told["references"][1].startswith("Sandler")


@pytest.mark.parametrize(
    ("source", "says"),
    [("sample", "drawn by this project"), ("isic", "does not know its licence"), ("folder", "states no licence")],
)
def test_licence_is_said_as_far_as_it_is_known(home, source, says):
    fake.change(home / MANIFEST, lambda manifest: manifest["source"].update(name=source))
    assert says in Page(render()).says("provenance")
