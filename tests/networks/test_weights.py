import pytest

from lesion import options
from lesion.errors import LesionError
from lesion.networks import weights


def test_the_identity_of_a_file_follows_its_content(tmp_path):
    file = tmp_path / "mobilenet_v2_notop.weights.h5"
    file.write_bytes(b"one")
    assert options.weight_file(str(tmp_path), "mobilenet") == file
    before = weights.identity(str(tmp_path), "mobilenet")
    file.write_bytes(b"two")
    assert weights.identity(str(tmp_path), "mobilenet") != before


def test_the_network_from_scratch_is_the_same_whatever_weights_are_asked(tmp_path):
    identities = {weights.identity(asked, "scratch") for asked in ("auto", "imagenet", "none", str(tmp_path))}
    assert len(identities) == 1
    assert options.weight_file(str(tmp_path), "scratch") is None


@pytest.mark.parametrize("model", ["scratch", "mobilenet"])
def test_weights_that_are_neither_a_word_nor_a_folder_are_an_error(tmp_path, model):
    with pytest.raises(LesionError, match="nowhere' is neither a folder nor one of auto, imagenet, none"):
        weights.identity(str(tmp_path / "nowhere"), model)


def test_a_folder_without_the_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(LesionError, match=r"has no efficientnetb0_notop\.weights\.h5, which efficientnet needs"):
        weights.identity(str(tmp_path), "efficientnet")
