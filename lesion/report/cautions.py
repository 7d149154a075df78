"""Cautions that more than one section shows."""

from lesion.records.preparation import PreparationRecord
from lesion.report.artefacts import Artefacts

RARE = 0.05  # share of malignant images; below it accuracy means little


def rare(artefacts: Artefacts, subset: str) -> list[str]:
    """Say that so few images of a subset are malignant that accuracy means little, if they are."""
    size = artefacts.metrics.sizes.get(subset)
    if size is None or size.malignant_rows / size.rows >= RARE:
        return []
    return [
        f"Only {size.malignant_rows:,} of the {size.rows:,} {subset} images are malignant. To call all of them benign "
        "would be right almost always, so accuracy means little there."
    ]


def flattery(data: PreparationRecord) -> list[str]:
    """Say how many test images show a lesion that was trained on, if the split is random."""
    test = data.groups.siblings["random"]
    if data.settings.split != "random" or test is None:
        return []
    return [
        f"The images were split one by one (--split random): {test.with_sibling:,} of {test.rows:,} test images "
        "show a lesion that was trained on, so that the figures flatter every model."
    ]
