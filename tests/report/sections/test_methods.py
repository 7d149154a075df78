"""How the networks were made: architectures, trainings and settings are those of the artefacts."""

import artefacts as fake
from pages import MANIFEST, METRICS, Page, render


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
    assert "60 / 25 / 15 % into train / validation / test" in said and "at least 17 of them" in said
    assert "after 23 epochs without" in said and "the last 35 % of their layers" in said
    assert "turned by up to 12.5% of a full turn" in page.says("augmentation")


def test_settings_that_differ_between_trainings_are_all_named(home):
    fake.change(home / "runs/mobilenet/manifest.json", lambda run: run["method"]["training"].update(patience=23))
    assert "early stopping after 10 or 23 epochs" in Page(render()).says("methods")


def test_statistics_are_those_of_the_metrics(home):
    def measure(metrics):
        metrics["statistics"] |= {"confidence": 0.9, "screening_sensitivity": 0.975, "prevalences": [0.01, 0.2]}

    fake.change(home / METRICS, measure)
    html = render()
    page = Page(html)
    assert "Figures of each model on the test split, at threshold 0.5, with 90 % intervals" in page.tables
    assert "90 % intervals by a bootstrap" in page.says("methods")
    assert "97.5 % sensitivity" in page.table("Operating points of MobileNetV2")
    assert "if for example 1 % or 20 % of all lesions are malignant" in page.says("operating")
    assert "PPV at 20\u00a0%" in page.sections["operating"] and "95 %" not in page.says("summary")
    assert "MobileNetV2 0.932 (90 % interval 0.900 to 0.955)" in page.says("answer")


def test_baselines_and_decisions_are_described_as_they_were_made(home):
    fake.change(home / "runs/colour/manifest.json", lambda run: run["method"]["baselines"].update(iterations=123))
    page = Page(render())
    said = page.says("methods")
    assert "(100 or 123 trees, learning rate 0.1)" in said and "at a prevalence of 12 %" in said
    assert "baseline Colour alone" in page.says("provenance")


def test_methods_do_without_baselines(home):
    for name in ("frame", "colour"):
        (home / f"runs/{name}/manifest.json").unlink()
    assert "Baselines" not in Page(render()).says("methods")


def test_provenance_names_the_metadata_table_without_its_folder(home):
    fake.change(home / MANIFEST, lambda manifest: manifest["settings"].update(metadata="/some/where/lesions.csv"))
    page = Page(render())
    assert "metadata lesions.csv" in page.says("provenance") and "some/where" not in page.says("provenance")
