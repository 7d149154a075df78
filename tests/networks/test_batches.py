import cv2
import numpy as np
import pytest

from lesion.networks import batches

SIZE = 16


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (40, SIZE, SIZE, 3), np.uint8)


def collect(dataset):
    pairs = [(image.numpy(), label.numpy()) for image, label in dataset]
    return np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs])


def test_evaluation_batches_are_the_images_in_order_as_floats(images):
    rows, labels = np.array([7, 3, 39]), np.array([1, 0, 1])
    dataset = batches.evaluation_batches(images, rows, labels, batch_size=2)
    for _ in range(2):  # validation images are read once an epoch
        batch, targets = collect(dataset)
        assert batch.dtype == np.float32
        assert batch == pytest.approx(images[rows] / 255, abs=1e-6)
        assert targets.tolist() == [[1], [0], [1]]


def test_training_batches_are_all_rows_shuffled_and_augmented_within_range(images):
    images[...] = np.arange(40, dtype=np.uint8)[:, None, None, None] * 6  # each image one grey: found again by it
    rows = np.arange(40)
    draws = batches.Draws(0, 40)
    dataset = batches.training_batches(images, rows, rows, 16, draws)
    first = collect(dataset)
    draws.begin(1)
    second = collect(dataset)
    for augmented, targets in (first, second):
        assert sorted(targets[:, 0]) == list(range(40))
        assert augmented.min() >= 0
        assert augmented.max() <= 1
        greys = augmented.mean(axis=(1, 2, 3)) * 255
        assert greys == pytest.approx(targets[:, 0] * 6, abs=0.02 * 255)  # brightness moves by under 1 %
    assert (first[1] != second[1]).any()


def test_the_batches_of_an_epoch_follow_from_the_seed_and_its_number_alone(images):
    def run(*epochs):
        draws = batches.Draws(5, 40)
        dataset = batches.training_batches(images, np.arange(40), np.arange(40), 16, draws)
        for epoch in epochs:
            draws.begin(epoch)
            seen, labels = collect(dataset)
            yield seen, labels.ravel().tolist()

    images[...] = images[0]  # so that only the labels tell the images apart
    (other, other_order), (seen, order) = run(1, 2)
    ((again, same_order),) = run(2)
    assert (seen == again).all() and order == same_order
    assert (seen[:16] != other[:16]).any() and (seen[:16] != seen[16:32]).any() and order != other_order
    assert batches.Draws(6, 40).order.tolist() != batches.Draws(5, 40).order.tolist()


def test_augmentation_changes_the_picture_but_not_beyond_recognition(images):
    smooth = np.stack([cv2.resize(image[:4, :4], (64, 64), interpolation=cv2.INTER_CUBIC) for image in images])
    pairs = batches.augmented_pairs(smooth, [0, 1, 2], seed=0)
    for original, augmented in pairs:
        assert augmented.dtype == np.uint8
        assert augmented.shape == original.shape
        assert (augmented != original).mean() > 0.5
        assert augmented.mean() == pytest.approx(original.mean(), rel=0.15)


def test_no_batches_wait_for_the_search_for_the_best_parallelism():
    images = np.zeros((4, 8, 8, 3), np.uint8)
    rows = np.arange(4)
    labels = np.array([0, 1, 0, 1])
    made = {
        "training": batches.training_batches(images, rows, labels, 2, batches.Draws(0, 4)),
        "augmented": batches.augmented_batches(images, rows, 2, seed=0),
        "evaluation": batches.evaluation_batches(images, rows, labels, 2),
    }
    assert {name: dataset.options().autotune.enabled for name, dataset in made.items()} == dict.fromkeys(made, False)
