"""Tell malignant from benign on images of your own.

    python scripts/predict.py --image photograph.jpg
    python scripts/predict.py --image photograph.jpg --model together

Reads runs/MODEL/, or those of all networks; prints probability and verdict of each image, writes
reports/predictions/predictions.csv and, beside it, each image lit by its map: Grad-CAM's, or LayerCAM's where that has
too few fields. An image unlike the training images gets no verdict. The probability is that of several views, as in
`evaluate`; the map explains the image as it is. Images are prepared like the training images: a dark frame is cropped,
hair is painted over unless `prepare` had --no-clean, and all are squeezed to a square.
Research software: not for diagnosis.
"""

import math
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import stage

from lesion import config, options, runs, store
from lesion.console import progress, say
from lesion.errors import LesionError, quoted
from lesion.images import crop, hair, preprocess
from lesion.integrity import seals
from lesion.judging import photographs, session, verdicts
from lesion.judging.verdicts import Table, Verdict
from lesion.runs import Run


def main() -> bool:
    """Judge all images; return False if some of them cannot be read."""
    values = options.parse("predict", __doc__)
    judges = _all_trained() if values.model == options.TOGETHER else [Run(values.model) if values.model else _best()]
    for run in judges:
        store.require_intact(run.manifest, [run.model.name], run.command)
    files = photographs.listed(values.image)
    lines, read = _judge(judges, files)
    if not read:
        raise LesionError(f"--image {quoted(values.image)}: none of {len(files):,} files is an image that can be read")
    if withheld := sum(not line.verdict for line in lines if line.model == lines[-1].model):
        verb = "is" if withheld == 1 else "are"
        say(f"{withheld:,} of {read:,} images {verb} unlike the training images: no verdict")
    if read < len(files):
        say(f"{len(files) - read:,} of {len(files):,} files could not be judged")
    say(f"overlays: {verdicts.FOLDER} (research software: not for diagnosis)")
    return read == len(files)


def _judge(judges: Sequence[Run], files: Sequence[Path]) -> tuple[list[Verdict], int]:
    """Judge the files, or keep what an earlier run of the same command said; return the table's lines and their files.

    The table is left as it was if no file can be read.
    """
    models = [run.name for run in judges] + ([options.TOGETHER] if len(judges) > 1 else [])
    with Table(_fingerprint(judges), models) as table:
        run = session.Session(table, judges[0].record().preprocessing, partial(_load, judges))
        read = [judged for batch in _batches(files) for judged in run.judge(batch)]
        run.say_squeezed()
        return (table.finish(read) if read else []), len(read)


def _batches(files: Sequence[Path]) -> Iterator[list[Path]]:
    waiting = progress(files, len(files), "judge")
    while batch := list(islice(waiting, session.BATCH)):
        yield batch


def _load(judges: Sequence[Run]) -> session.Judging:
    """Load the networks; return how they judge photographs."""
    stage.import_tensorflow()
    from lesion.judging.judges import Judge, judge

    return partial(judge, [Judge(run) for run in judges])


def _fingerprint(judges: Sequence[Run]) -> str:
    """Return the fingerprint of what a verdict depends on beside the image."""
    method = store.blocks(
        config.DECISION, config.TEST_VIEWS, config.UNLIKE, crop.CROPPING, hair.HAIR, preprocess.PREPROCESSING
    )
    networks = {run.name: [seals.digest(run.model), _too_far(run)] for run in judges}
    preprocessing = store.plain(judges[0].record().preprocessing)
    return store.fingerprint(stage="predict", networks=networks, preprocessing=preprocessing, method=method)


def _too_far(run: Run) -> float | None:
    """Return the distance from which an image is unlike a network's training images; None if it is not known."""
    reference = run.evaluation_record().unlike if run.evaluated() else None
    return None if reference is None else reference.distance


def _best() -> Run:
    """Return the trained model with the highest ROC-AUC on the validation split; raises LesionError if none is."""
    return max(_trained(), key=_validation_auc)


def _trained() -> list[Run]:
    """Return the trained networks; raises LesionError if there are none."""
    trained = [run for run in runs.all_runs().values() if run.manifest.exists()]
    if not trained:
        raise LesionError("no model is trained yet: run `invoke all`, or `invoke train` after `invoke prepare`")
    return trained


def _all_trained() -> list[Run]:
    """Return the trained networks; raises LesionError unless there are several, all trained on the same data."""
    trained = _trained()
    if len(trained) == 1:
        raise LesionError(f"only {trained[0].name} is trained, so nothing can be taken together: run `invoke train`")
    if len({run.record().data for run in trained}) > 1:
        names = ", ".join(run.name for run in trained)
        raise LesionError(f"{names} were trained on different data: run `invoke train`, or give one of them by --model")
    return trained


def _validation_auc(run: Run) -> float:
    auc = run.record().best.val_auc
    return -math.inf if auc is None else auc


if __name__ == "__main__":
    stage.run("predict", main, exclusive=False)
