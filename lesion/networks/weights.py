"""Where a backbone's first weights come from: ImageNet, a folder of files, or random numbers."""

import hashlib
from pathlib import Path

from lesion.errors import LesionError

WORDS = ("auto", "imagenet", "none")
FILES = {  # in a folder given with --weights; Keras 3 format, backbone without top
    "mobilenet": "mobilenet_v2_notop.weights.h5",
    "efficientnet": "efficientnetb0_notop.weights.h5",
}


def file_of(asked: str, model: str) -> Path | None:
    """Return the weight file that `asked`, a folder, holds for `model`; None for a word, or where it needs none.

    Raises LesionError when `asked` is neither a known word nor a folder, or lacks the file.
    """
    if asked in WORDS:
        return None
    folder = Path(asked).expanduser()
    if not folder.is_dir():
        raise LesionError(f"--weights {asked!r} is neither a folder nor one of {', '.join(WORDS)}")
    if model not in FILES:
        return None
    path = folder / FILES[model]
    if not path.is_file():
        raise LesionError(f"--weights {asked!r} has no {path.name}, which {model} needs: put it there")
    return path


def identity(asked: str, model: str) -> str:
    """Return what stands for the weights in a fingerprint: the word, or the digest of the file.

    A model without pretrained weights has the same identity whatever is asked. Raises as `file_of`.
    """
    path = file_of(asked, model)
    if path is not None:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return asked if model in FILES else "none needed"
