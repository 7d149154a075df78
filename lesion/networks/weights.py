"""Where a backbone's first weights come from: ImageNet, a folder of files, or random numbers."""

import hashlib

from lesion import config, options


def identity(asked: str, model: str) -> str:
    """Return what stands for the weights in a fingerprint: the word, or the digest of the file.

    A network without pretrained weights has the same identity whatever is asked. Raises as `options.weight_file`.
    """
    path = options.weight_file(asked, model)
    if path is not None:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return asked if config.NETWORKS[model].pretrained else "none needed"
