"""How the networks judge the test images, and in which order the images are shown.

A network calls an image malignant if its score is at or above the network's threshold, and is wrong if that is not the
image's class. The distance of a score is how far it is from that threshold, either way. Images are sorted by

* most wrong: how many networks are wrong, most first; then the largest distance of a wrong score, largest first
* disagreement: the largest score minus the smallest, largest first
* surest errors: the largest distance of a wrong score, largest first; 0 if no network is wrong
* nearest to the threshold: the smallest distance of any score, smallest first
* evidence beside the lesion: the least share of a map's evidence that lies on the lesion, smallest first; images of
  which no share is known last
* row: the row in the source

and images that are equal in this by their row. The script of the page (templates/cases.js) sorts by these definitions
at the thresholds that the reader chooses; here the threshold is that of the evaluation.
"""

import math
from dataclasses import dataclass

from lesion.report.reading.artefacts import Artefacts, Case


@dataclass(frozen=True)
class Judged:
    """A test image with the networks' scores, 0 to 1; a network without a score for it is left out."""

    case: Case
    scores: dict[str, float]  # network -> probability that the image is malignant
    errors: dict[str, float]  # network that is wrong -> distance of its score from the threshold


def judged(artefacts: Artefacts) -> list[Judged]:
    """Return the cases in their order, each with the scores of every network that was measured."""
    names = [model.name for model in artefacts.models if model.scores]
    table = artefacts.predictions
    scores = table[table["split"] == "test"].set_index("row")[names].to_dict("index")
    return [_judged(case, scores[case.row], artefacts.metrics.threshold) for case in artefacts.cases]


def _judged(case: Case, scores: dict[str, float], threshold: float) -> Judged:
    known = {name: score for name, score in scores.items() if not math.isnan(score)}
    errors = {
        name: abs(score - threshold) for name, score in known.items() if (score >= threshold) != (case.label == 1)
    }
    return Judged(case, known, errors)


def most_wrong(image: Judged) -> tuple[int, float, int]:
    """Return the key that sorts the most wrong images to the front."""
    return -len(image.errors), -max(image.errors.values(), default=0.0), image.case.row
