"""Section: what the scores cannot tell."""

from lesion.records.preparation import PreparationRecord
from lesion.report.reading.artefacts import Artefacts, Context


def limitations(artefacts: Artefacts) -> Context:
    """Return what the scores cannot tell, beside what the answer warns of."""
    texts = [
        "This is research software, not a medical device: not validated for diagnosis, and no guide to the care of any "
        "person.",
        *_one_training(artefacts),
        "The networks are compared on the test images, so the highest score is a little too high. To choose without "
        "this bias, compare them on the validation images.",
        f"Scores at a threshold hold for {artefacts.metrics.threshold:g}, and for the share of malignant images here; "
        "in a clinic it may be far lower.",
        "A Grad-CAM map shows coarsely where evidence came from, not why; a plausible map does not make a verdict "
        "right.",
        *_unknown_siblings(artefacts.data),
    ]
    return {"limitations": texts}


def _one_training(artefacts: Artefacts) -> list[str]:
    """Say what one split and one training of each network cannot tell, and what a study leaves open."""
    study = artefacts.study is not None
    scores = "All scores but those under “Trained anew” come" if study else "The scores come"
    text = (
        f"{scores} from one split and one training of each network: another training, clinic or camera could change "
        "more than the intervals say. So they compare trained networks, not architectures."
    )
    more = "The study compares networks trained anew, with these settings on images of this kind."
    return [text, more] if study else [text]


def _unknown_siblings(data: PreparationRecord) -> list[str]:
    """Say what it means that the pixels alone told which images show one lesion, if they did."""
    if "pixels" not in data.groups.origin:
        return []
    share = "" if data.groups.origin == "pixels" else "in part "
    return [
        f"Which images show one lesion was {share}worked out from their pixels; where that missed some, every interval "
        "is a little too narrow."
    ]
