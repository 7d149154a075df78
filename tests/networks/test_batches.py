import cv2
import numpy as np
import pytest

from lesion.groups.keypoints import describe
from lesion.networks import batches
from lesion.sources.drawn import DrawnSample

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
    for _ in range(2):  # the second time from the cache
        given, targets = collect(dataset)
        assert given.dtype == np.float32
        assert given == pytest.approx(images[rows] / 255, abs=1e-6)
        assert targets.tolist() == [[1], [0], [1]]


def test_training_batches_are_all_rows_shuffled_and_augmented_within_range(images):
    images[...] = np.arange(40, dtype=np.uint8)[:, None, None, None] * 6  # each image one grey: found again by it
    rows = np.arange(40)
    dataset = batches.training_batches(images, rows, rows, batch_size=16, seed=0)
    first, second = collect(dataset), collect(dataset)
    for given, targets in (first, second):
        assert sorted(targets[:, 0]) == list(range(40))
        assert given.min() >= 0
        assert given.max() <= 1
        greys = given.mean(axis=(1, 2, 3)) * 255
        assert greys == pytest.approx(targets[:, 0] * 6, abs=0.02 * 255)  # brightness moves by under 1 %
    assert (first[1] != second[1]).any()


def test_training_batches_repeat_with_the_seed(images):
    def run(seed):
        dataset = batches.training_batches(images, np.arange(40), np.zeros(40), batch_size=40, seed=seed)
        return next(iter(dataset))[0].numpy()

    assert (run(5) == run(5)).all()
    assert (run(5) != run(6)).any()


def test_augmentation_changes_the_picture_but_not_beyond_recognition(images):
    smooth = np.stack([cv2.resize(image[:4, :4], (64, 64), interpolation=cv2.INTER_CUBIC) for image in images])
    pairs = batches.augmented_pairs(smooth, [0, 1, 2], seed=0)
    for original, augmented in pairs:
        assert augmented.dtype == np.uint8
        assert augmented.shape == original.shape
        assert (augmented != original).mean() > 0.5
        assert augmented.mean() == pytest.approx(original.mean(), rel=0.15)


def png(image):
    return cv2.imencode(".png", image[..., ::-1])[1].tobytes()


def test_photographs_come_back_in_order_and_a_broken_one_with_its_reason(images):
    encoded = [png(image) for image in images[:5]]
    encoded[2] = b"this is no image"
    done = list(batches.prepare_images(lambda: iter(encoded), size=SIZE, clean=False, keypoints=False))
    assert [photograph.encoded for photograph in done] == encoded
    for position in (0, 1, 3, 4):
        assert (done[position].prepared.image == images[position]).all()
        assert (done[position].prepared.width, done[position].prepared.height) == (SIZE, SIZE)
    assert done[2].prepared is None
    assert done[2].reason


def test_keypoints_are_those_of_the_cropped_photograph_and_only_where_asked_for():
    inside = DrawnSample(4, seed=0).draw(np.array([1]))[0][0]
    framed = cv2.copyMakeBorder(inside, 40, 40, 30, 30, cv2.BORDER_CONSTANT, value=(0, 0, 0))

    def prepare(keypoints):
        encoded = [png(framed), b"this is no image"]
        return list(batches.prepare_images(lambda: iter(encoded), size=SIZE, clean=True, keypoints=keypoints))

    good, broken = prepare(keypoints=True)
    left, top, right, bottom = good.prepared.box
    assert good.prepared.cropped
    wanted = describe(framed[top:bottom, left:right])
    assert len(wanted) > 100
    assert (good.keypoints.points == wanted.points).all()
    assert (good.keypoints.descriptors == wanted.descriptors).all()
    assert len(broken.keypoints) == 0 and broken.reason
    assert [len(photograph.keypoints) for photograph in prepare(keypoints=False)] == [0, 0]


def test_an_error_of_the_source_is_raised_as_it_is(images):
    def broken():
        yield png(images[0])
        raise ConnectionError("the line went dead")

    with pytest.raises(ConnectionError, match="the line went dead"):
        list(batches.prepare_images(broken, size=SIZE, clean=False, keypoints=True))


def test_no_batches_wait_for_the_search_for_the_best_parallelism() -> None:
    images, rows, labels = np.zeros((4, 8, 8, 3), np.uint8), np.arange(4), np.array([0, 1, 0, 1])
    made = {
        "training": batches.training_batches(images, rows, labels, 2, seed=0),
        "augmented": batches.augmented_batches(images, rows, 2, seed=0),
        "evaluation": batches.evaluation_batches(images, rows, labels, 2),
    }
    assert {name: dataset.options().autotune.enabled for name, dataset in made.items()} == dict.fromkeys(made, False)
