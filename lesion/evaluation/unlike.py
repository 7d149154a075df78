"""Which images are so unlike the training images that a network's verdict on them says nothing.

reference = learn(training_features, training_labels, validation_features)
reference.ratios(features) > 1  # unlike

A network gives a verdict on whatever it is shown, a page of text too. What its channels answer tells whether the image
is like those that it was trained on: Lee et al. (NeurIPS 2018) model the answers to each class as a Gaussian with the
class's own mean and one covariance for all, and take the Mahalanobis distance from the nearer mean. The covariance is
shrunk (Ledoit and Wolf, Journal of Multivariate Analysis 88, 2004), since there may be fewer images than channels.

Judged are the means of a layer's channels over the image, and of these the square roots: most channels answer little to
most images and much to a few, which a Gaussian does not allow for.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from lesion import config, store
from lesion.errors import LesionError


@dataclass(frozen=True)
class Reference:
    """What a network answers to images like the training images, and how far away an image may be."""

    means: np.ndarray  # (classes, channels) float32, of the roots
    whitening: np.ndarray  # (channels, channels) float32: a difference from a mean times this has covariance 1
    distance: float  # an image further away is unlike the training images

    def ratios(self, features: np.ndarray) -> np.ndarray:
        """Return the distances of images with `features` (N, channels), as multiples of `distance`, (N,)."""
        return distances(roots(features), self.means, self.whitening) / self.distance

    def write(self, path: Path) -> None:
        """Write all but the distance, which is in the record, as an .npz file, whole or not at all."""
        with store.atomic(path) as temporary:
            np.savez(temporary, means=self.means, whitening=self.whitening)

    @classmethod
    def read(cls, path: Path, distance: float, made_by: str) -> "Reference":
        """Read what `write` wrote; raises LesionError that names the command `made_by` if it is missing or damaged."""
        try:
            with np.load(path) as arrays:
                return cls(arrays["means"], arrays["whitening"], distance)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise LesionError(f"{store.shown(path)} cannot be read ({error}): run `{made_by}`") from None


def drawn(positions: np.ndarray) -> np.ndarray:
    """Return the training images to learn from: all of `positions` (N,), or UNLIKE.most of them at random, in order."""
    if len(positions) <= config.UNLIKE.most:
        return positions
    random = np.random.default_rng(config.UNLIKE.seed)
    return np.sort(random.choice(positions, config.UNLIKE.most, replace=False))


def learn(training: np.ndarray, labels: np.ndarray, validation: np.ndarray) -> Reference | None:
    """Learn from the features of training images (N, channels), of the classes `labels` (N,), what is like them.

    The distance comes from the validation images, `validation` (M, channels): the network knows the training images by
    heart, and they lie nearer than others of their kind. Returns None if there are too few images of either to say, or
    if all of them look the same to the network.
    """
    from sklearn.covariance import ledoit_wolf  # it takes a second to import

    if min(len(training), len(validation)) < config.UNLIKE.least or not np.all(np.isfinite(training)):
        return None
    classes, place = np.unique(labels, return_inverse=True)
    known = roots(training)
    means = np.stack([known[labels == each].mean(axis=0) for each in classes])
    covariance, _ = ledoit_wolf(known - means[place], assume_centered=True)
    if not covariance.any():
        return None
    # As they are written: an image at the threshold must not be beyond it because of rounding.
    means = means.astype(np.float32)
    whitening = whiten(covariance).astype(np.float32)
    return Reference(means, whitening, threshold(distances(roots(validation), means, whitening)))


def roots(features: np.ndarray) -> np.ndarray:
    """Return the square roots of the sizes of `features`, with their signs, as float64."""
    values = features.astype(float)
    return np.sign(values) * np.sqrt(np.abs(values))


def whiten(covariance: np.ndarray) -> np.ndarray:
    """Return a matrix W (channels, channels) with W Wᵀ = the inverse of `covariance`."""
    values, vectors = np.linalg.eigh(covariance)
    # Channels that answer nothing have no spread, but for what the shrinking adds.
    return vectors / np.sqrt(np.maximum(values, np.finfo(np.float32).eps * values.max()))


def distances(roots: np.ndarray, means: np.ndarray, whitening: np.ndarray) -> np.ndarray:
    """Return the Mahalanobis distance (N,) of each image with `roots` (N, channels) from the nearest of `means`."""
    return np.min([np.linalg.norm((roots - mean) @ whitening, axis=1) for mean in means], axis=0)


def threshold(distances: np.ndarray) -> float:
    """Return the lowest of the `distances` (N,) that at most UNLIKE.share of them exceed."""
    exceeding = math.floor(config.UNLIKE.share * len(distances))
    return float(np.sort(distances)[len(distances) - 1 - exceeding])
