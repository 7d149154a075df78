"""A network that has learned to look at rulers is found out; one that looks at lesions is not."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers

from lesion.evaluation.localisation import fields
from lesion.evaluation.localisation.comparison import located
from lesion.evaluation.localisation.skill import Skills
from lesion.evaluation.stress.changes import Changes
from lesion.explain.distortions import disturb
from lesion.explain.mapper import Mapper
from lesion.explain.passes import Changed
from lesion.images.painting import without_lesion
from lesion.networks import models, training
from lesion.records.explanations import GRADCAM
from lesion.sources.drawn import DrawnSample

SIZE, TRAINED, TESTED = 64, 800, 100


def small_network():
    """Build a network whose last layer has 6 × 6 fields."""
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = image
    for filters, pool in ((12, 2), (24, 2), (32, 2)):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.8)(x)
        x = layers.ReLU()(x)
        x = layers.MaxPooling2D(pool)(x)
    x = layers.GlobalAveragePooling2D(name=models.POOLING)(x)
    x = layers.Dense(1, name=models.LOGIT)(x)
    return keras.Model(image, layers.Activation("sigmoid", name=models.PROBABILITY)(x), name="small")


def fitted(images, labels):
    model = small_network()
    model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy")
    model.fit(images[:TRAINED] / np.float32(255), labels[:TRAINED], batch_size=32, epochs=24, verbose=0)
    return model


@pytest.fixture(scope="module")
def sample():
    """Return drawn images without rulers, their classes, and their lesions."""
    drawn = DrawnSample(2 * (TRAINED + TESTED), 1, SIZE)
    rows = np.flatnonzero(~drawn.traits["ruler"])[: TRAINED + TESTED]
    images, outlines = drawn.draw(rows)
    return SimpleNamespace(images=images, outlines=outlines, labels=drawn.labels[rows].astype(int))


class Tried:
    """A network trained on some of the images, and tried on the others."""

    def __init__(self, sample, images):
        model = fitted(images, sample.labels)
        tested = np.arange(TRAINED, TRAINED + TESTED)
        self.labels = sample.labels[tested]
        before = training.predict(model, images, tested)
        rulers = Changed(images, lambda key, image: disturb("ruler", 2, image, key))
        self.stress = Changes(self.labels, tested, before, {"ruler": training.predict(model, rulers, tested)})
        hidden = Changed(images, lambda key, image: without_lesion(image, sample.outlines[key]))
        enough_skin = np.array([hidden.change(each, images[each]) is not None for each in tested])
        painted = tested[enough_skin]
        after = {"hidden": training.predict(model, hidden, painted)}
        self.parts = Changes(sample.labels[painted], painted, before[enough_skin], after)
        maps = np.stack([each.maps[GRADCAM] for each in Mapper(model, []).explain(images, tested)])
        shares = np.array([fields.shares(sample.outlines[each], *maps.shape[1:]) for each in tested])
        self.located = located(maps, shares, tested, before >= 0.5)


@pytest.fixture(scope="module")
def honest(sample):
    return Tried(sample, sample.images)


@pytest.fixture(scope="module")
def misled(sample):
    """Train on images whose malignant ones all bear a ruler."""
    pairs = enumerate(zip(sample.images, sample.labels, strict=True))
    marked = [disturb("ruler", 2, image, key) if label else image for key, (image, label) in pairs]
    return Tried(sample, np.stack(marked))


def test_rulers_turn_its_verdicts(honest, misled):
    assert misled.stress.roc_auc().value > 0.85 and honest.stress.roc_auc().value > 0.85, "both seem good"
    ruled, plain = misled.stress.describe("ruler"), honest.stress.describe("ruler")
    assert ruled.flips.interval[0] > 0.15 and ruled.to_benign == 0 and ruled.specificity_change.interval[1] < -0.2
    assert plain.flips.interval[1] < 0.1 and plain.specificity_change.value > -0.1


def test_its_score_does_not_come_from_the_lesion(honest, misled):
    assert misled.parts.outside("hidden").interval[0] > 0.3
    assert honest.parts.outside("hidden").interval[1] < 0.4


def test_its_maps_have_less_skill(honest, misled):
    skills = Skills({"misled": misled.located, "honest": honest.located}, honest.labels, np.arange(TESTED))
    (difference,) = skills.compare("energy", [("misled", "honest")])
    assert difference.difference < 0 and difference.interval[1] < 0
