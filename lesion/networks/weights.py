"""Identity of a backbone's first weights: ImageNet, a file in a folder, or random numbers."""

from lesion import config, options, store


def identity(asked: str, model: str) -> str:
    """Return what represents the weights in a fingerprint: the word, or the digest of the file.

    A network without pretrained weights always has the same identity. Raises LesionError like `options.weight_file`.
    """
    path = options.weight_file(asked, model)
    if path is not None:
        return store.digest(path)
    return asked if config.NETWORKS[model].pretrained else "none needed"
