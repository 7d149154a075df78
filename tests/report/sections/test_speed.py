"""Speed: medians, ratios and rates of what `bench` measured."""

import artefacts as fake
from pages import BENCH, Page, render


def test_speed_is_shown_as_measured_and_only_if_it_was(home):
    assert "speed" not in Page(render()).sections
    fake.store.write_record(home / BENCH, fake.bench())
    page = Page(render())
    assert "Some Processor 3000, 2 cores, 24 GiB" in page.sections["speed"]
    shown = {caption: rows for caption, rows in page.tables.items() if "against" in caption or "prepare" in caption}
    whole = shown["Training with cached activations against the straightforward way"]
    assert whole["MobileNetV2, 30 + 10 epochs"] == [["20 min 00 s", "1200.0"], ["3 min 20 s", "200.0"], ["6.00", "6.0"]]
    epochs = page.tables["One epoch of training, and one pass for the activations"]
    assert [value for value, _ in epochs["EfficientNetB0, fine-tuning epoch"]] == ["36.0 s", "12.0 s", "3.00"]
    one_pass = [value for value, _ in epochs["EfficientNetB0, one view of all training images"]]
    assert one_pass == ["not measured", "20.0 s", "not measured"]
    pipeline = shown["Input pipeline against training step of the scratch CNN"]["images per second"]
    assert [value for value, _ in pipeline] == ["256", "16", "16.0"]
    gradcam = shown["Passes over the test images against prediction of them"]["MobileNetV2"]
    assert [value for value, _ in gradcam] == ["80", "80", "1.00", "0.50", "1.00"]
    cores = shown["prepare on one core and on all"]["images per second"]
    assert [value for value, _ in cores] == ["75", "150", "2.00"]
    growth = shown["prepare as the number of images grows"]
    assert [value for value, _ in growth["1,000 images"]] == ["10.0 s", "100", "700.0 MB"]
    assert [value for value, _ in growth["16,000 images"]] == ["2 min 40 s", "100", "not measured"]
