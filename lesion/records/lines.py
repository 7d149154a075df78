"""Lines of the CSV files: the columns that are read, checked by `read_table`. nan is what is not known."""

from dataclasses import dataclass
from typing import Literal

from lesion.records.common import Count, Label, Share

Split = Literal["train", "validation", "test", "external", "unreadable"]


@dataclass(frozen=True)
class IndexLine:
    """`data/index.csv`: one image."""

    row: Count  # in the source
    label: Label
    split: Split
    group: int  # rows of one number show one lesion
    age: float  # years
    sex: str  # female or male; "" is unknown
    site: str | float  # where on the body; "" is unknown
    cropped: Label  # 1: a dark frame was cut off
    cleaned_share: Share  # of the pixels that were painted over


@dataclass(frozen=True)
class PredictionLine:
    """`predictions.csv` of a network, a baseline or a training of a study: one image."""

    row: Count
    split: Split
    label: Label
    probability: Share  # of malignancy


@dataclass(frozen=True)
class EpochLine:
    """`runs/MODEL/history.csv`: one epoch; a name with `val_` is of the validation split."""

    phase: str
    epoch: Count  # from 1, counted over all phases
    seconds: float
    learning_rate: float
    loss: float
    accuracy: float
    auc: float
    val_loss: float
    val_accuracy: float
    val_auc: float
