"""One network's maps of the whole test split: made, written, and put to corner test, sanity and faithfulness."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from lesion import config, store
from lesion.console import progress
from lesion.evaluation.localisation.settings import SANITY
from lesion.explain import cases
from lesion.explain.corner import Cornered, corner_test
from lesion.explain.faithfulness import FAITHFULNESS, faithfulness
from lesion.explain.gradcam import explained_layer
from lesion.explain.layercam import shown_method
from lesion.explain.mapper import Mapper
from lesion.explain.passes import chosen
from lesion.explain.sanity import sanity
from lesion.networks import models, replicas, training
from lesion.prepared import PreparedData
from lesion.records.explanations import GRADCAM, ExplainedImage, ModelExplanations
from lesion.records.metrics import Estimate
from lesion.records.probes import FaithfulnessTest, FinerMaps, SanityTest
from lesion.runs import Run


@dataclass(frozen=True)
class Maps:
    """All maps of the test images of one network, in their order."""

    of: dict[str, np.ndarray]  # method -> (N, h, w) uint8
    peaks: np.ndarray  # (N,) float32, of Grad-CAM's
    malignant: np.ndarray  # (N,) bool
    shown: str  # the method whose maps the report shows
    probabilities: np.ndarray  # (N,)

    def empty(self, method: str) -> int:
        """Return how many maps of a method show no evidence."""
        return int(np.sum(~self.of[method].any(axis=(1, 2))))


def explain_network(
    name: str, data: PreparedData, images: Sequence[ExplainedImage], fingerprint: str
) -> ModelExplanations:
    """Explain the whole test split, whose `images` are described; write the maps, and test those that are shown."""
    begin = time.monotonic()
    run = Run(name)
    model = models.load(run.model)
    mapper = Mapper(model)
    positions, labels = data.of_split("test")
    maps = _map_all(name, model, mapper, data.images, positions)
    path = f"{cases.FOLDER}/{name}.npz"
    _write(path, maps)
    explained = explained_layer(model)
    quick = mapper if maps.shown in mapper.finer else Mapper(model, [])  # finer maps cost half a pass more
    return ModelExplanations(
        fingerprint=fingerprint,
        digest=run.record().digest,
        layer=explained.name,
        resolution=list(explained.output.shape[1:3]),
        explained=len(positions),
        empty=maps.empty(GRADCAM),
        maps=path,
        localisation=None,
        finer={method: _finer(layer, maps.empty(method)) for method, layer in mapper.finer.items()},
        shown=maps.shown,
        corner=corner_test(quick, maps.shown, Cornered.of(data, images), maps.probabilities),
        sanity=_sanity(model, quick, maps, data, positions, labels),
        faithfulness=_faithfulness(model, maps, data, positions, labels),
        provenance=store.provenance(time.monotonic() - begin, replicas.device()),
    )


def passes_sentence(data: PreparedData) -> str:
    """Say how often the test images are passed through each network."""
    some = FAITHFULNESS.passes + 2 * SANITY.draws  # faithfulness; sanity maps them with the head, and all, drawn anew
    return f"2 passes over all, {some} over {len(chosen(data)):,}"


def _map_all(name: str, model: keras.Model, mapper: Mapper, images: np.ndarray, positions: np.ndarray) -> Maps:
    explanations = list(progress(mapper.explain(images, positions), len(positions), f"explain: {config.title(name)}"))
    return Maps(
        of={method: np.stack([each.maps[method] for each in explanations]) for method in (GRADCAM, *mapper.finer)},
        peaks=np.array([each.peak for each in explanations], np.float32),
        malignant=np.array([each.malignant for each in explanations]),
        shown=shown_method(model),
        probabilities=np.array([each.probability for each in explanations]),
    )


def _write(path: str, maps: Maps) -> None:
    finer = {method: fields for method, fields in maps.of.items() if method != GRADCAM}
    arrays = {"fields": maps.of[GRADCAM], "peaks": maps.peaks, "malignant": maps.malignant, **finer}
    with store.atomic(config.REPORTS / path) as temporary:
        np.savez(temporary, allow_pickle=False, **arrays)


def _finer(layer: keras.layers.Layer, empty: int) -> FinerMaps:
    return FinerMaps(layer.name, list(layer.output.shape[1:3]), empty, None, Estimate(None, None))


def _sanity(
    model: keras.Model, mapper: Mapper, maps: Maps, data: PreparedData, positions: np.ndarray, labels: np.ndarray
) -> SanityTest:
    places = chosen(data)

    def map_again() -> np.ndarray:
        explanations = mapper.explain(data.images, positions[places])
        return np.stack([each.maps[maps.shown] for each in explanations])

    some = data.images[positions[places[: SANITY.statistics]]]
    return sanity(model, some, maps.of[maps.shown][places], map_again, labels[places], data.groups[positions[places]])


def _faithfulness(
    model: keras.Model, maps: Maps, data: PreparedData, positions: np.ndarray, labels: np.ndarray
) -> FaithfulnessTest:
    places = chosen(data)
    return faithfulness(
        lambda images, wanted: training.predict(model, images, wanted),
        data.images,
        positions[places],
        maps.of[maps.shown][places],
        maps.malignant[places],
        labels[places],
        data.groups[positions[places]],
    )
