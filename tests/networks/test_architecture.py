import keras
import pytest
from keras import layers

from lesion import config
from lesion.networks import architecture, models

SIZE = 64


@pytest.fixture(scope="module")
def built():
    return {name: models.build(name, SIZE) for name in models.BUILDERS}


@pytest.mark.parametrize("name", models.BUILDERS)
def test_the_architecture_accounts_for_every_layer_and_parameter(built, name):
    parts = architecture.describe(built[name])
    assert sum(part.layers for part in parts) == len(built[name].layers)
    assert sum(part.parameters for part in parts) == built[name].count_params()
    assert (parts[0].part, parts[-1].part) == ("image", "head")


@pytest.mark.parametrize(
    ("name", "between"),
    [
        ("scratch", [f"block {number}" for number in range(1, 5)]),
        ("mobilenet", ["input scaling", "stem", *(f"block {number}" for number in range(1, 17)), "top convolution"]),
        ("efficientnet", ["input scaling", "stem", *(f"block {number}" for number in range(1, 8)), "top convolution"]),
    ],
)
def test_neighbouring_layers_are_shown_under_one_name(built, name, between):
    assert [part.part for part in architecture.describe(built[name])] == ["image", *between, "head"]


def test_a_network_whose_layers_are_not_named_is_described_as_image_backbone_and_head(monkeypatch):
    entry = config.Network(title="Tiny", colour="#000", dark_colour="#fff", line="-", marker="o")
    monkeypatch.setitem(config.NETWORKS, "tiny", entry)
    image = keras.Input((8, 8, 3), name="image")
    x = layers.Rescaling(2.0, name="scale")(image)
    x = layers.Conv2D(4, 3, name="conv2_block1_1_conv")(x)
    x = layers.ReLU(name="conv2_block1_1_relu")(x)
    x = layers.GlobalAveragePooling2D(name=models.POOLING)(x)
    model = keras.Model(image, layers.Dense(1, name=models.LOGIT)(x), name="tiny")
    parts = architecture.describe(model)
    assert [part.part for part in parts] == ["image", "input scaling", "backbone", "head"]
    assert (parts[2].layers, parts[2].kind, parts[2].output) == (2, "Conv2D, ReLU", [6, 6, 4])
    assert parts[2].parameters == 3 * 3 * 3 * 4 + 4
