"""Train the networks on the prepared images.

    python scripts/train.py --model scratch

Reads data/; writes runs/MODEL/{model.keras, history.csv, manifest.json, tensorboard/, activations/}. A run that was
stopped goes on from its last finished epoch when the same command is given again.
"""

import argparse
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import stage

from lesion import config, prepared, store
from lesion.console import duration, say
from lesion.errors import LesionError
from lesion.networks import surgery, weights

if TYPE_CHECKING:  # it takes seconds to import
    import keras

    from lesion.networks import training


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="", help=f"one of {', '.join(config.NETWORKS)} (default: all three)")
    parser.add_argument("--weights", default="auto", help="auto, imagenet, none, or a folder of weight files")
    parser.add_argument(
        "--epochs", type=int, default=options.AS_PROFILE, help="at most (default: as the data's profile)"
    )
    parser.add_argument("--tune-epochs", type=int, default=options.AS_PROFILE, help="of fine-tuning, at most")
    parser.add_argument("--batch-size", type=int, default=options.AS_PROFILE, help="images a step")
    parser.add_argument("--learning-rate", type=float, default=config.LEARNING_RATE, help="of Adam")
    parser.add_argument(
        "--views", type=int, default=options.AS_PROFILE, help="augmented views of each image whose activations are kept"
    )
    parser.add_argument(
        "--no-cache-activations", action="store_true", help="run frozen layers anew in each step, the slow way"
    )
    parser.add_argument("--seed", type=int, default=config.SEED, help="of everything random")
    parser.add_argument("--force", action="store_true", help="train again though it is done")
    return parser.parse_args()


def settings_of(given: argparse.Namespace, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of the run, the profile's where none is given; raises LesionError."""
    profile = config.SAMPLE if manifest["source"]["name"] == "sample" else config.FULL
    settings = {
        "weights": given.weights,
        "epochs": given.epochs,
        "tune_epochs": given.tune_epochs,
        "batch_size": given.batch_size,
        "plateau_patience": profile.plateau_patience,
        "learning_rate": given.learning_rate,
        "views": 0 if given.no_cache_activations else given.views,
        "seed": given.seed,
    }
    for name in ("epochs", "tune_epochs", "batch_size"):
        if settings[name] == options.AS_PROFILE:
            settings[name] = getattr(profile, name)
    for name, lowest in {"epochs": 1, "tune_epochs": 0, "batch_size": 1, "seed": 0}.items():
        if settings[name] < lowest:
            raise LesionError(f"--{name.replace('_', '-')} {settings[name]} is too small: give at least {lowest}")
    _check_views(given, settings["epochs"] + settings["tune_epochs"])
    if not 0 < settings["learning_rate"] < float("inf"):
        raise LesionError(f"--learning-rate {settings['learning_rate']} must be above 0: 0.001 is usual")
    return settings


def _check_views(given: argparse.Namespace, epochs: int) -> None:
    """Raise LesionError where the number of views makes no sense for so many epochs."""
    if given.views == options.AS_PROFILE:
        return
    if given.no_cache_activations:
        raise LesionError(f"--views {given.views} and --no-cache-activations exclude each other: give one of them")
    if not 1 <= given.views <= epochs:
        raise LesionError(
            f"--views {given.views} does not work: each view costs as much as an epoch of the straightforward way, so "
            f"1 to {epochs} make sense for {epochs} epochs"
        )


def of_model(name: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Return `settings` as they are for one model: `views` its own where none are given, and how fast it is tuned."""
    if name not in config.TRANSFER:
        return {**settings, "views": 0}
    own, views = config.TRANSFER[name], settings["views"]
    if views == options.AS_PROFILE:
        views = min(own.views, settings["epochs"] + settings["tune_epochs"])
    tuned = settings["learning_rate"] * own.tune_learning_rate_factor
    return {**settings, "views": views, "tune_learning_rate": tuned}


def main() -> bool:
    """Train what is asked for and not done yet; False when a model failed."""
    given = options()
    names = options.chosen_networks(given.model)
    manifest = prepared.read_manifest()
    shared = settings_of(given, manifest)
    settings = {name: of_model(name, shared) for name in names}
    wanted = {name: _fingerprint(name, settings[name], manifest) for name in names}
    todo = [name for name in names if given.force or not _is_trained(name, wanted[name])]
    for name in names:
        if name not in todo:
            say(f"train: {name} is trained already (--force trains it again)")
    return all([_train(name, settings[name], wanted[name], given.force) for name in todo])


def _fingerprint(name: str, settings: dict[str, Any], manifest: dict[str, Any]) -> str:
    asked = {**settings, "weights": weights.identity(settings["weights"], name)}
    return store.fingerprint(stage="train", model=name, data=manifest["data"], **asked)


def _is_trained(name: str, fingerprint: str) -> bool:
    run = config.RUNS / name
    return store.finished(run / "manifest.json", fingerprint) and (run / "model.keras").exists()


def _train(name: str, settings: dict[str, Any], fingerprint: str, force: bool) -> bool:
    """Train one model into its folder; on a failure say why, note it for the report, and return False."""
    partial = config.RUNS / name / "partial"
    started = partial / "fingerprint.txt"
    if force or not started.exists() or started.read_text() != fingerprint:
        shutil.rmtree(partial, ignore_errors=True)
        store.write_text(started, fingerprint)
    elif (partial / "history.csv").exists():
        say(f"train: {name} goes on from its last finished epoch")
    try:
        _fit_and_save(name, settings, fingerprint)
    except LesionError as error:
        shutil.rmtree(partial)
        store.write_text(partial / "failed.txt", str(error))
        say(f"train: {name} failed: {error}")
        return False
    return True


def _fit_and_save(name: str, settings: dict[str, Any], fingerprint: str) -> None:
    stage.import_tensorflow()  # takes seconds: only when there is something to train
    from lesion.networks import architecture, models, training

    begin = time.monotonic()
    run, data = config.RUNS / name, prepared.open_data()
    training.make_reproducible(settings["seed"])
    with training.strategy().scope():
        model, used, replaced = training.build(name, data.image_size, settings["weights"])
        phases = training.plan(used, settings)
        parameters, parts = models.parameters(model), architecture.describe(model)
        details = (settings[key] for key in ("batch_size", "seed", "views"))
        trained = training.train(model, phases, data, run / "partial", *details)
    _save(run, surgery.bare(trained.model), trained.history)
    best = min(trained.history, key=lambda row: row["val_loss"])
    store.write_json(
        run / "manifest.json",
        {
            "stage": "train",
            "model": name,
            "fingerprint": fingerprint,
            "data": data.fingerprint,
            "digest": models.digest(trained.model),
            "settings": {"model": name, **settings},
            "preprocessing": {key: data.manifest["settings"][key] for key in ("image_size", "clean")},
            "weights": {"asked": settings["weights"], "used": used, "replaced": replaced},
            "parameters": parameters,
            "architecture": parts,
            "phases": trained.phases,
            "activations": trained.activations,
            "best": {key: best[key] for key in ("epoch", "val_loss", "val_auc")},
            "seconds": round(_seconds(trained), 2),
            "size_bytes": (run / "model.keras").stat().st_size,
            "warnings": trained.warnings,
            "provenance": store.provenance(time.monotonic() - begin, training.device()),
        },
    )
    shutil.rmtree(run / "partial")
    for warning in trained.warnings:
        say(f"train: warning: {name} {warning}")
    say(f"train: {name} done in {duration(time.monotonic() - begin)}, best validation AUC {best['val_auc']:.3f}")


def _seconds(trained: "training.Trained") -> float:
    """Return the time of the epochs and of the passes that made their activations."""
    passes = trained.activations["seconds"] if trained.activations else 0.0
    return passes + sum(row["seconds"] for row in trained.history)


def _save(run: Path, model: "keras.Model", history: list[dict[str, Any]]) -> None:
    """Put a finished training in the place of the one before; its manifest, still to be written, makes it valid."""
    (run / "manifest.json").unlink(missing_ok=True)
    with store.atomic(run / "model.keras") as temporary:
        model.save(temporary)
    store.write_table(run / "history.csv", history)
    logs = run / "partial" / "tensorboard"
    if logs.exists():  # not after a kill in the middle of this very function
        shutil.rmtree(run / "tensorboard", ignore_errors=True)
        logs.rename(run / "tensorboard")


if __name__ == "__main__":
    stage.run("train", main)
