import keras
import numpy as np
import pytest

from lesion.errors import LesionError
from lesion.networks import models
from lesion.records.training import Parameters

SIZE = 64


@pytest.fixture(scope="module")
def built():
    keras.utils.set_random_seed(0)
    return {name: models.build(name, SIZE) for name in models.BUILDERS}


def test_scratch_has_the_published_number_of_parameters(built):
    assert models.parameters(built["scratch"]) == Parameters(total=618_017, trainable=616_609)


@pytest.mark.parametrize("name", models.BUILDERS)
def test_every_model_is_one_flat_graph_from_image_to_probability(built, name):
    model = built[name]
    assert not any(isinstance(layer, keras.Model) for layer in model.layers)
    assert model.input_shape == (None, SIZE, SIZE, 3)
    images = np.random.default_rng(0).random((3, SIZE, SIZE, 3), np.float32)
    probabilities = model(images, training=False).numpy()
    assert probabilities.shape == (3, 1)
    assert ((probabilities > 0) & (probabilities < 1)).all()


@pytest.mark.parametrize(("name", "low", "high"), [("mobilenet", -1.0, 1.0), ("efficientnet", 0.0, 255.0)])
def test_transfer_models_scale_the_image_to_what_their_backbone_expects(built, name, low, high):
    scaled = keras.Model(built[name].input, built[name].get_layer("scale").output)
    images = np.stack([np.zeros((SIZE, SIZE, 3)), np.ones((SIZE, SIZE, 3))]).astype(np.float32)
    black, white = scaled(images).numpy()
    assert black == pytest.approx(low)
    assert white == pytest.approx(high)


@pytest.mark.parametrize("name", ["mobilenet", "efficientnet"])
def test_only_the_head_of_a_transfer_model_drops_anything_out(built, name):
    rates = {layer.name: layer.rate for layer in built[name].layers if isinstance(layer, keras.layers.Dropout)}
    assert {layer: rate for layer, rate in rates.items() if rate} == {"head_dropout": 0.3, "dropout": 0.5}


@pytest.mark.parametrize("name", models.BUILDERS)
def test_the_copy_for_training_is_the_same_network(built, name):
    copy = models.for_training(built[name])
    assert copy.name == name
    assert [layer.name for layer in copy.layers] == [layer.name for layer in built[name].layers]
    images = np.random.default_rng(3).random((4, SIZE, SIZE, 3), np.float32)
    probabilities = copy(images, training=False).numpy()
    assert probabilities == pytest.approx(built[name](images, training=False).numpy(), abs=1e-6)
    copy.get_layer(models.LOGIT).bias.assign([9.0])
    assert built[name].get_layer(models.LOGIT).bias.numpy() == [0.0]


def test_half_precision_is_in_the_computing_not_in_weights_or_output(built):
    copy = models.for_training(built["scratch"], half_precision=True)
    assert keras.config.dtype_policy().name == "float32"  # of whatever is built next
    images = np.random.default_rng(3).random((4, SIZE, SIZE, 3), np.float32)
    first = keras.Model(copy.input, [copy.get_layer(f"block1_{layer}").output for layer in ("conv1", "bn1")])
    assert [maps.dtype for maps in first(images, training=True)] == ["bfloat16", "bfloat16"]
    assert {weight.dtype for weight in copy.weights} == {"float32"}
    probabilities = models.for_training(built["scratch"], half_precision=True)(images, training=False)
    assert probabilities.dtype == "float32"
    assert probabilities.numpy() == pytest.approx(built["scratch"](images, training=False).numpy(), abs=0.01)


def test_the_normalisation_in_one_operation_is_that_of_the_batch_and_moves_the_averages():
    normalization = models.FusedNormalization(momentum=0.75, epsilon=0.2)
    maps = np.array([[0.0, 2.0], [4.0, 6.0]], np.float32).reshape(2, 1, 2, 1)  # mean 3, variance (9 + 1 + 1 + 9) / 4
    normalization.build(maps.shape)
    normalization.gamma.assign([2.0])
    normalization.beta.assign([1.0])
    normalised = normalization(maps, training=True).numpy().ravel()
    assert normalised == pytest.approx(1 + 2 * np.array([-3, -1, 1, 3]) / np.sqrt(5.2), abs=1e-5)
    assert normalization.moving_mean.numpy() == pytest.approx([0.25 * 3])
    assert normalization.moving_variance.numpy() == pytest.approx([0.75 * 1 + 0.25 * 5])
    judged = normalization(maps, training=False).numpy().ravel()
    assert judged == pytest.approx(1 + 2 * (maps.ravel() - 0.75) / np.sqrt(2.0 + 0.2), abs=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_a_weight_file_of_another_network_is_an_error(tmp_path):
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    file = tmp_path / "mobilenet_v2_notop.weights.h5"
    other.save_weights(file)
    with pytest.raises(LesionError, match="mobilenet cannot start from"):
        models.build("mobilenet", SIZE, str(file))


def test_an_unknown_model_is_an_error_that_lists_the_known_ones():
    with pytest.raises(LesionError, match="unknown model 'resnet': take one of scratch, mobilenet, efficientnet"):
        models.build("resnet", SIZE)


def test_the_digest_changes_with_the_weights(built):
    before = models.digest(built["scratch"])
    assert before == models.digest(built["scratch"])
    bias = built["scratch"].get_layer(models.LOGIT).bias
    bias.assign_add([1.0])
    assert models.digest(built["scratch"]) != before


@pytest.mark.parametrize(
    ("builders", "registry"), [(["scratch", "resnet"], ["scratch"]), (["scratch"], ["scratch", "resnet"])]
)
def test_a_network_without_builder_or_without_entry_is_an_error_that_names_it(builders, registry):
    with pytest.raises(RuntimeError, match=r"config\.NETWORKS .* models\.BUILDERS: resnet has only one of them"):
        models.require_same_names(builders, registry)
