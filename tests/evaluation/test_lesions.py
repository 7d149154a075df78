import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score

from lesion import store
from lesion.evaluation import intervals, lesions
from lesion.records.metrics import LesionScores


def test_a_lesion_gets_the_mean_logit_of_its_images():
    labels = np.array([1, 1, 0, 0, 0, 1])
    probabilities = np.array([0.9, 0.2, 0.6, 0.1, 0.3, 0.4])
    groups = np.array([7, 7, 3, 3, 5, 9])
    scores = lesions.score(labels, probabilities, groups, 0.5)
    # 7: odds √(9 × 1/4) = 1.5, called malignant; 3: √(1.5 × 1/9) = 0.41; 5: 3/7 = 0.43; 9: 2/3. All pairs are in order.
    assert (scores.lesions, scores.malignant) == (4, 2)
    assert scores.roc_auc.value == 1
    assert scores.accuracy.value == 0.75
    assert (scores.sensitivity.value, scores.specificity.value) == (0.5, 1)
    assert scores.roc_auc.interval is None  # two lesions of a class


def test_the_intervals_are_those_of_as_many_single_images(tmp_path):
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(80), random.integers(1, 5, 80))
    labels = groups % 2
    probabilities = expit(random.normal(labels, 1))
    scores = lesions.score(labels, probabilities, groups, 0.5)
    merged = expit([logit(probabilities[groups == lesion]).mean() for lesion in range(80)])
    alone = intervals.intervals(np.arange(80) % 2, merged, np.arange(80), 0.5)
    assert scores.roc_auc.value == pytest.approx(roc_auc_score(np.arange(80) % 2, merged))
    for mine, name in {"roc_auc": "roc_auc", "sensitivity": "recall", "specificity": "specificity"}.items():
        assert getattr(scores, mine).interval == pytest.approx(alone[name])
    assert scores.accuracy.interval == pytest.approx(alone["accuracy"])
    store.write_record(tmp_path / "lesions.json", scores)
    assert store.read_record(tmp_path / "lesions.json", LesionScores, "test") == scores


def test_a_lesion_with_images_of_both_classes_is_malignant_and_one_class_has_no_area():
    scores = lesions.score(np.array([0, 1, 0]), np.array([0.1, 0.3, 0.2]), np.array([1, 1, 2]), 0.5)
    assert (scores.lesions, scores.malignant, scores.sensitivity.value) == (2, 1, 0)
    benign = lesions.score(np.zeros(3, int), np.array([0.1, 0.3, 0.2]), np.array([1, 1, 2]), 0.5)
    assert (benign.roc_auc.value, benign.sensitivity.value, benign.specificity.value) == (None, None, 1)


def test_there_are_no_scores_per_lesion_if_each_has_one_image():
    assert lesions.score(np.array([0, 1]), np.array([0.1, 0.9]), np.array([4, 2]), 0.5) is None
