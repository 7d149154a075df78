"""What a paper says of the experiment: its methods in one paragraph, references, how to cite it, and licences."""

import lesion
from lesion import config
from lesion.evaluation.words.wording import listed
from lesion.report.reading.artefacts import Artefacts
from lesion.report.writing.tables import counted, whole_percent

ADAM = "Kingma DP, Ba J. Adam: a method for stochastic optimization. ICLR 2015."
MOBILENET = "Sandler M et al. MobileNetV2: inverted residuals and linear bottlenecks. CVPR 2018, 4510."
EFFICIENTNET = "Tan M, Le QV. EfficientNet: rethinking model scaling for convolutional networks. ICML 2019, 6105."
DELONG = (
    "DeLong ER, DeLong DM, Clarke-Pearson DL. Comparing the areas under two or more correlated receiver operating "
    "characteristic curves. Biometrics 1988;44:837."
)
OBUCHOWSKI = "Obuchowski NA. Nonparametric analysis of clustered ROC curve data. Biometrics 1997;53:567."
HOLM = "Holm S. A simple sequentially rejective multiple test procedure. Scand J Stat 1979;6:65."
MCNEMAR = (
    "McNemar Q. Note on the sampling error of the difference between correlated proportions or percentages. "
    "Psychometrika 1947;12:153."
)
GRADCAM = "Selvaraju RR et al. Grad-CAM: visual explanations from deep networks. ICCV 2017, 618."
LAYERCAM = (
    "Jiang PT et al. LayerCAM: exploring hierarchical class activation maps for localization. "
    "IEEE Trans Image Process 2021;30:5875."
)
ADEBAYO = "Adebayo J et al. Sanity checks for saliency maps. NeurIPS 2018."
PETSIUK = "Petsiuk V et al. RISE: randomized input sampling for explanation of black-box models. BMVC 2018."
LOWE = "Lowe DG. Distinctive image features from scale-invariant keypoints. Int J Comput Vis 2004;60:91."
NADEAU = "Nadeau C, Bengio Y. Inference for the generalization error. Mach Learn 2003;52:239."
BACKBONES = {"mobilenet": MOBILENET, "efficientnet": EFFICIENTNET}


def paragraph(artefacts: Artefacts) -> str:
    """Return the methods as a paragraph to paste into a paper; numbers in brackets are those of `references`."""
    sentences = [_images(artefacts), *_trainings(artefacts), *_measures(artefacts), *_study(artefacts)]
    text = " ".join(sentences)
    for place, reference in enumerate(references(artefacts), start=1):
        text = text.replace(f"[{_mark(reference)}]", f"[{place}]")
    return text


def references(artefacts: Artefacts) -> list[str]:
    """Return the references of the paragraph, in its order."""
    searched = [LOWE] if "pixels" in artefacts.data.groups.origin else []
    backbones = [BACKBONES[model.name] for model in artefacts.models if model.run and model.name in BACKBONES]
    explained = [reference for _, reference in _explained(artefacts)]
    tests = [DELONG, OBUCHOWSKI, MCNEMAR, HOLM] if artefacts.pairs("test") else []
    return [*searched, *backbones, ADAM, *tests, *explained, *([NADEAU] if artefacts.study else [])]


def _mark(reference: str) -> str:
    return reference.split()[0]  # the first author's name


def _images(artefacts: Artefacts) -> str:
    data = artefacts.data
    size = data.settings.image_size
    shares = listed([artefacts.setting("preparation", split, whole_percent) for split in config.SPLITS])
    unit = "lesion" if data.settings.split == "grouped" else "image"
    kind = "drawn" if data.source.drawn else "dermoscopic"
    groups = ", grouped by lesion from SIFT keypoints [Lowe]," if "pixels" in data.groups.origin else ""
    cleaned = ", hair and ruler marks were painted over," if data.settings.clean else ""
    return (
        f"{data.rows:,} {kind} images{groups} were divided {unit} by {unit} into {shares} for training, validation "
        f"and test, stratified by class. Dark frames were cropped{cleaned} and images were squeezed to {size} × {size} "
        "pixels."
    )


def _trainings(artefacts: Artefacts) -> list[str]:
    runs = [model.run for model in artefacts.models if model.run]
    if not runs:
        return []
    marks = {name: f" [{_mark(reference)}]" for name, reference in BACKBONES.items()}
    starts = [f"{config.title(run.model)}{marks.get(run.model, '')} from {_start(run.weights.used)}" for run in runs]
    patience = artefacts.setting("training", "patience")
    stopped = f"after {patience} epochs without a better validation loss" if patience else "by validation loss"
    return [
        f"We trained {listed(starts)} with Adam [Kingma] on binary cross-entropy, with random flips, rotation and "
        f"zoom, and stopped {stopped}."
    ]


def _start(weights: str) -> str:
    return "random weights" if weights in ("none needed", "random") else f"{weights} weights"


def _measures(artefacts: Artefacts) -> list[str]:
    statistics = artefacts.metrics.statistics
    size = artefacts.metrics.sizes.get("test")
    if size is None:
        return []
    compared = (
        "; ROC-AUCs were compared by DeLong's test [DeLong] for clustered data [Obuchowski], accuracies by an exact "
        "McNemar test [McNemar] on lesions, with Holm's correction [Holm]"
        if artefacts.pairs("test")
        else ""
    )
    return [
        f"On {counted(size.rows, 'test image')} of {counted(size.lesions, 'lesion')} "
        f"({size.malignant_lesions:,} malignant) we report ROC-AUC, and accuracy, sensitivity and specificity at "
        f"threshold {artefacts.metrics.threshold:g}, with {whole_percent(statistics.confidence)} intervals from "
        f"{statistics.replicates:,} bootstrap draws of lesions{compared}.",
        *[sentence for sentence, _ in _explained(artefacts)],
    ]


def _explained(artefacts: Artefacts) -> list[tuple[str, str]]:
    """Return how the maps were made and tested, as sentences that each have one reference."""
    explained = [model.explanation for model in artefacts.models if model.explanation]
    done = [
        ("Evidence in the images was mapped by Grad-CAM", GRADCAM, bool(explained)),
        ("Finer maps were made by LayerCAM", LAYERCAM, any(each.finer for each in explained)),
        ("The maps were compared with those of random weights", ADEBAYO, any(each.sanity for each in explained)),
        (
            "Their faithfulness was measured by deletion and insertion",
            PETSIUK,
            any(each.faithfulness for each in explained),
        ),
    ]
    return [(f"{text} [{_mark(reference)}].", reference) for text, reference, was_done in done if was_done]


def _study(artefacts: Artefacts) -> list[str]:
    study = artefacts.study
    if study is None:
        return []
    return [
        f"Each network was also trained anew on {study.design.repeats} partitions into {study.design.folds} folds; the "
        "variance of differences was corrected for shared training data [Nadeau]."
    ]


def citations(artefacts: Artefacts) -> list[str]:
    """Return what to cite: this software, and what there is besides."""
    own = f"“Which network tells malignant from benign best?”, version {lesion.__version__} (see CITATION.cff)."
    return [own] if artefacts.data.source.drawn else [own, f"The data set: {artefacts.data.source.description}."]


def licence(artefacts: Artefacts) -> str:
    """Say under which licence the images are, as far as the source states it, and where to look."""
    source = artefacts.data.source
    if source.drawn:
        return "The images were drawn by this project, so that no data set's licence applies."
    if source.name == "isic":
        return (
            f"The data set {config.HUB_DATASET} is on the Hugging Face Hub. This project does not know its licence: "
            "see its page there, and the terms of the ISIC Archive for images that come from it."
        )
    return "The source states no licence: ask where the images come from before you pass any on."
