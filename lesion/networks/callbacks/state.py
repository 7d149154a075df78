"""The state of a training after an epoch: all that it takes to end as if it had not been stopped, in one file.

begun = state.latest(folder, ["frozen", "tune"], identity)
"""

import dataclasses
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from keras import callbacks

from lesion import config, store
from lesion.console import say
from lesion.networks import models
from lesion.networks.callbacks.history import History, Logs
from lesion.networks.phases import Phase, Workload, reseed_dropout
from lesion.prepared import PreparedData
from lesion.records.lines import EpochLine
from lesion.records.training import TrainingSettings

DIGEST = hashlib.sha256
DIGITS = 2 * DIGEST().digest_size  # of the digest, at the beginning of the file


@dataclass(frozen=True)
class State:
    """What there is after an epoch; arrays in the order in which Keras has the variables.

    What follows from the epochs (how long there was no progress, the lowest loss) is not in it.
    """

    identity: str  # of the training; see `identity`
    phase: str
    ended: bool  # whether this was the last epoch of the phase
    epochs: list[EpochLine]  # of all phases
    weights: list[np.ndarray]
    optimizer: list[np.ndarray]
    best: list[np.ndarray]  # weights of the lowest validation loss

    def restore(self, model: keras.Model) -> None:
        """Give the compiled `model` the weights, and its optimizer the variables."""
        model.set_weights(self.weights)
        model.optimizer.build(model.trainable_variables)
        for variable, value in zip(model.optimizer.variables, self.optimizer, strict=True):
            variable.assign(value)


def identity(model: keras.Model, phases: Sequence[Phase], data: PreparedData, settings: TrainingSettings) -> str:
    """Return the fingerprint of all that a training follows from: a state of another one must not be resumed."""
    return store.fingerprint(
        data=data.fingerprint,
        rows=[data.of_split(split)[0].tolist() for split in ("train", "validation")],
        weights=models.digest(model),
        phases=[dataclasses.asdict(phase) for phase in phases],
        settings=dataclasses.asdict(settings),
        method=store.blocks(config.TRAINING, config.AUGMENTATION),
        keras=keras.__version__,
    )


def path_of(folder: Path, phase: str) -> Path:
    """Return the file of the state of a phase."""
    return folder / f"state-{phase}.bin"


def write(folder: Path, state: State) -> None:
    """Write the state of a phase in place of its former one, whole or not at all: a digest, and NumPy's `.npz`."""
    lists = {"weights": state.weights, "optimizer": state.optimizer, "best": state.best}
    arrays = {f"{name} {number}": array for name, each in lists.items() for number, array in enumerate(each)}
    rest = {"identity": state.identity, "phase": state.phase, "ended": state.ended}
    rest["epochs"] = [dataclasses.asdict(epoch) for epoch in state.epochs]
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, rest=np.array(json.dumps(rest)), **arrays)
    with store.atomic(path_of(folder, state.phase)) as temporary, temporary.open("wb") as file:
        file.write(DIGEST(content.getbuffer()).hexdigest().encode())
        file.write(content.getbuffer())


def latest(folder: Path, phases: Sequence[str], identity: str) -> State | None:
    """Return the state that a stopped run left in `folder`, that of the last of its `phases`; None if there is none.

    A file that is damaged, or of a training with another `identity`, is set aside, and the one of the phase before
    counts. Raises OSError if one may not be read.
    """
    for phase in reversed(phases):
        path = path_of(folder, phase)
        if path.exists():
            state = _read(path)
            if state and (state.identity, state.phase) == (identity, phase):
                return state
            reason = "of another training" if state else "damaged"
            say(f"train: {store.shown(path)} is {reason}: it is set aside, and what it held is trained again")
            path.replace(path.with_name(f"unused-{path.name}"))
    return None


def _read(path: Path) -> State | None:
    """Return a state; None if it is not as it was written."""
    content = path.read_bytes()
    if DIGEST(content[DIGITS:]).hexdigest().encode() != content[:DIGITS]:
        return None
    with np.load(io.BytesIO(content[DIGITS:])) as arrays:
        rest = json.loads(arrays["rest"].item())
        lists: dict[str, list[np.ndarray]] = {"weights": [], "optimizer": [], "best": []}
        for name in arrays.files:
            if name != "rest":
                lists[name.split()[0]].append(arrays[name])
    epochs = [EpochLine(**epoch) for epoch in rest.pop("epochs")]
    return State(**rest, epochs=epochs, weights=lists["weights"], optimizer=lists["optimizer"], best=lists["best"])


class EpochSeeds(callbacks.Callback):
    """Seeds each epoch by its number, counted over all phases: what it draws does not depend on those before it."""

    def __init__(self, history: History, workload: Workload) -> None:
        super().__init__()
        self.history = history
        self.draws = workload.draws

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Seed the batches and each dropout layer."""
        number = len(self.history.epochs)
        self.draws.begin(number)
        reseed_dropout(self.model, self.draws.seed, number)


class StateKeeper(callbacks.Callback):
    """Writes the state after each epoch into `folder`. It comes last, so that the others have done their work."""

    def __init__(self, history: History, folder: Path, identity: str) -> None:
        super().__init__()
        self.history = history
        self.folder = folder
        self.identity = identity

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Write the state."""
        state = State(
            identity=self.identity,
            phase=self.history.phase.name,
            ended=self.model.stop_training or epoch + 1 == self.history.phase.epochs,
            epochs=self.history.epochs,
            weights=self.model.get_weights(),
            optimizer=[keras.ops.convert_to_numpy(variable) for variable in self.model.optimizer.variables],
            best=self.history.best,
        )
        write(self.folder, state)
