"""The command that repeats the experiment of a report, from the settings that its stages left."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from lesion import config
from lesion import options as known
from lesion.options.profile import FULL
from lesion.records.common import Setting
from lesion.records.preparation import PreparationRecord
from lesion.records.training import TrainingRecord
from lesion.report.reading.artefacts import Artefacts

Options = Mapping[str, Setting]  # those that differ from the defaults, by name
PLACE = "path/to"  # stands for the folder of a file: where it is, is nobody's business
VIEWS = ("views", "no_cache_activations")
CUT = ("limit", "image_size", "epochs", "tune_epochs", *VIEWS)  # what the profile `quick` decides
AFTER = ("baseline", "evaluate", "explain", "stress", "report")


def commands(artefacts: Artefacts) -> list[str]:
    """Return what to type to repeat the experiment: `invoke all`, or stage by stage if the trainings differ."""
    prepare = {**prepared_with(artefacts.data), **_as_designed(artefacts.data)}
    trainings = [model.run for model in artefacts.models if model.run]
    alike = _alike(trainings, artefacts.data)
    if alike is not None and (not trainings or alike.get("seed") == prepare.get("seed")):
        names = [run.model for run in trainings]
        chosen = {"model": ",".join(names)} if trainings and set(names) != set(config.NETWORKS) else {}
        return [known.typed("all", {**prepare, **chosen, **alike})]
    trained = [known.typed("train", {"model": run.model, **trained_with(run, artefacts.data)}) for run in trainings]
    return [known.typed("prepare", prepare), *trained, *(f"invoke {stage}" for stage in AFTER)]


def full_command(artefacts: Artefacts) -> str:
    """Return what to type for the experiment as designed, of which the profile `quick` took a part."""
    prepare = prepared_with(artefacts.data)
    trainings = [model.run for model in artefacts.models if model.run]
    own = [trained_with(run, artefacts.data) for run in trainings]
    kept = {name: value for options in own for name, value in options.items() if name not in CUT}
    names = [run.model for run in trainings]
    chosen = {"model": ",".join(names)} if names and set(names) != set(config.NETWORKS) else {}
    uncut = {name: value for name, value in prepare.items() if name not in CUT}
    return known.typed("all", {**uncut, **chosen, **kept, **_as_designed(artefacts.data)})


def _as_designed(data: PreparationRecord) -> Options:
    """Return the option that keeps another machine from cutting the experiment; a drawn sample is never cut."""
    return {} if data.source.drawn else {"profile": FULL}


def _alike(trainings: Sequence[TrainingRecord], data: PreparationRecord) -> Options | None:
    """Return the options with which all networks were trained; None if there are no such options."""
    own = [trained_with(run, data) for run in trainings]
    shared = {name: value for options in own for name, value in options.items()}
    for run, options in zip(trainings, own, strict=True):
        # Views that are at a network's default, or that it has no use for, need not have been asked for.
        fits = not config.NETWORKS[run.model].pretrained or run.settings.views == shared.get("views", 0)
        given = {name: shared[name] for name in VIEWS if name in shared and fits}
        if {**options, **given} != shared:
            return None
    return shared


def prepared_with(data: PreparationRecord) -> Options:
    """Return the options of `prepare` that gave these data: their source, and what is not at its default."""
    settings = data.settings
    source = data.source.name if data.source.name in config.DATA_WORDS else _placed(settings.data)
    usual: dict[str, Setting] = {name: option.default for name, option in known.PREPARE.items()}
    usual |= {"limit": _profile(data).limit, "image_size": _profile(data).image_size}
    used: dict[str, Setting] = {
        "limit": settings.limit or _profile(data).limit,
        "image_size": settings.image_size,
        "metadata": _placed(settings.metadata) if settings.metadata else "",
        "masks": _placed(settings.masks) if settings.masks else "",
        "search": settings.search,
        "split": settings.split,
        "no_clean": not settings.clean,
        "seed": settings.seed,
    }
    return {"data": source, **_other(used, usual)}


def trained_with(run: TrainingRecord, data: PreparationRecord) -> Options:
    """Return the options of `train` that gave this network, without those at their default."""
    settings = run.settings
    profile = _profile(data)
    network = config.NETWORKS[run.model]
    usual: dict[str, Setting] = {name: option.default for name, option in known.TRAIN.items()}
    usual |= {"epochs": profile.epochs, "tune_epochs": profile.tune_epochs, "batch_size": profile.batch_size}
    usual["views"] = min(network.views, settings.epochs + settings.tune_epochs)
    used: dict[str, Setting] = {
        "weights": settings.weights if settings.weights in config.WEIGHT_WORDS else _placed(settings.weights),
        "epochs": settings.epochs,
        "tune_epochs": settings.tune_epochs,
        "batch_size": settings.batch_size,
        "learning_rate": settings.learning_rate,
        "views": settings.views or usual["views"],
        "no_cache_activations": network.pretrained and not settings.views,
        "seed": settings.seed,
    }
    return _other(used, usual)


def _other(used: Options, usual: Options) -> Options:
    return {name: value for name, value in used.items() if value != usual[name]}


def _profile(data: PreparationRecord) -> config.Profile:
    return config.SAMPLE if data.source.drawn else config.FULL


def _placed(path: str) -> str:
    return f"{PLACE}/{PurePath(path).name}"
