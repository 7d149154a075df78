"""Parquet files of small images, and sources that must be refused."""

import cv2
import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, Image

from lesion.errors import LesionError
from lesion.sources.source import open_source

PUBLIC = Features(image=Image(), label=ClassLabel(names=["benign", "malignant"]))
TRAIN = "data/train-00000-of-00001.parquet"  # where the Hub's layout has its splits
TEST = "data/test-00000-of-00001.parquet"


def jpeg(number):
    """Return a grey image of 8 × 8 pixels, encoded."""
    return cv2.imencode(".jpg", np.full((8, 8, 3), number, np.uint8))[1].tobytes()


def write(path, images, labels, features=PUBLIC):
    """Write a parquet file of these rows and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Dataset.from_dict({"image": images, "label": labels}, features=features).to_parquet(str(path))
    return path


def images(*numbers):
    """Return a value of the column `image` for each grey."""
    return [{"bytes": jpeg(number), "path": None} for number in numbers]


def everything(source):
    """Return the images, the labels and which rows are external."""
    return list(source.encoded()), source.labels.tolist(), source.external.tolist()


def refusal(data, limit=0):
    """Return the one line with which `data` is refused."""
    with pytest.raises(LesionError) as caught:
        open_source(str(data), limit=limit, seed=0)
    assert "\n" not in str(caught.value)
    return str(caught.value)
