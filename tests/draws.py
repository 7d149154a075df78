"""Made-up predictions whose truth is known, and their figures as scikit-learn has them."""

import numpy as np
from scipy.stats import norm
from sklearn import metrics as sk


def draw(seed, lesions=60, areas=(0.85, 0.85), shared=0.7):
    """Return labels, two models' probabilities and groups; a lesion's 1 to 6 images resemble each other."""
    random = np.random.default_rng(seed)
    groups = np.repeat(np.arange(lesions), random.integers(1, 7, lesions))
    labels = (np.arange(lesions) < lesions // 2).astype(int)[groups]
    models = []
    for area in areas:
        noise = np.sqrt(shared) * random.normal(size=lesions)[groups]
        noise += np.sqrt(1 - shared) * random.normal(size=len(groups))
        apart = np.sqrt(2) * norm.ppf(area)
        models.append(1 / (1 + np.exp(-apart * (apart * (labels - 0.5) + noise))))
    return labels, *models, groups


def by_scikit_learn(labels, probabilities, threshold):
    """Return the figures that scikit-learn has; it has no partial area above a sensitivity."""
    verdicts = probabilities >= threshold
    return {
        "accuracy": sk.accuracy_score(labels, verdicts),
        "precision": sk.precision_score(labels, verdicts),
        "recall": sk.recall_score(labels, verdicts),
        "f1": sk.f1_score(labels, verdicts),
        "specificity": sk.recall_score(labels, verdicts, pos_label=0),
        "roc_auc": sk.roc_auc_score(labels, probabilities),
        "average_precision": sk.average_precision_score(labels, probabilities),
        "balanced_accuracy": sk.balanced_accuracy_score(labels, verdicts),
        "mcc": sk.matthews_corrcoef(labels, verdicts),
        "brier": sk.brier_score_loss(labels, probabilities),
    }
