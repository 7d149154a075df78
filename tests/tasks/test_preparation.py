"""`prepare` as a user types it: lesions found in the pixels or in a table, images that cannot be read."""

import csv
import json

import cv2
import numpy as np
import pytest
from invoking import SMALL, invoke, state

from lesion.sources.drawn import DrawnSample


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    """Return a folder of 24 lesions in `train`, each there a second time turned and mirrored, and 4 in `test`.

    Two of the latter are copies of lesions in `train`.
    """
    folder = tmp_path_factory.mktemp("copies")
    sample = DrawnSample(120, seed=5)
    _, first = np.unique(sample.groups, return_index=True)
    first = np.concatenate([first[sample.labels[first] == label][:13] for label in (0, 1)])
    for number, image in enumerate(sample.draw(first)[0]):
        label, known = ("benign", "malignant")[number // 13], number % 13 < 12
        turned = np.ascontiguousarray(np.rot90(image)[::-1])
        kept = {"train": [image, turned]} if known else {"test": [image]}
        if number % 13 == 0:
            kept["test"] = [np.ascontiguousarray(np.rot90(image, 2))]
        for split, images in kept.items():
            (folder / split / label).mkdir(parents=True, exist_ok=True)
            for copy, each in enumerate(images):
                cv2.imwrite(str(folder / split / label / f"{number:02}{'ab'[copy]}.png"), each[..., ::-1])
    return folder


def groups_of(home):
    """Return the manifest's audit, and the splits of each group of the index."""
    with (home / "data" / "index.csv").open() as file:
        index = list(csv.DictReader(file))
    splits = {}
    for line in index:
        splits.setdefault(line["group"], []).append(line["split"])
    return json.loads((home / "data" / "manifest.json").read_text())["groups"], splits


def test_copies_are_found_from_pixels_kept_in_one_split_and_audited(copies, tmp_path):
    words = ["prepare", "--data", str(copies), "--image-size", "32"]
    printed = invoke(tmp_path, *words)
    assert "52 images show 26 lesions, as far as their pixels tell; the largest group has 3; found in" in printed
    groups, splits_of = groups_of(tmp_path)
    assert groups["origin"] == "pixels"
    assert (groups["count"], groups["sizes"]) == (26, {"1": 2, "2": 22, "3": 2})
    assert all(len(set(splits) - {"external"}) <= 1 for splits in splits_of.values())
    assert groups["shared"] == {"train/validation": 0, "train/test": 0, "validation/test": 0}
    assert groups["siblings"]["grouped"]["with_sibling"] == 0 < groups["siblings"]["random"]["with_sibling"]
    assert groups["external"] == {"rows": 4, "with_sibling": 2}
    assert groups["checked"] >= groups["links"] >= 26 and groups["dropped"] == 0
    assert [group["size"] for group in groups["largest"]] == [3, 3, 2]
    for group in groups["largest"]:
        assert len(group["rows"]) == group["size"]
        assert [cv2.imread(str(tmp_path / "data" / path)).shape for path in group["pictures"]] == [(32, 32, 3)] * len(
            group["rows"]
        )
    assert not (tmp_path / "data" / ".keypoints").exists()
    with (tmp_path / "data" / "index.csv").open() as file:
        grouped = file.read()
    invoke(tmp_path, *words, "--force")
    assert (tmp_path / "data" / "index.csv").read_text() == grouped


def test_a_table_of_lesions_makes_the_groups_and_spares_the_search(copies, tmp_path):
    table, home = tmp_path / "table.csv", tmp_path / "home"
    names = sorted(path.stem for path in copies.rglob("*.png"))
    lines = [f"{name},L{int(name[:2])},{50 + int(name[:2])},male,back" for name in names]
    heading = "image_id,lesion_id,age,sex,localization"
    table.write_text("\n".join([heading, *lines]))
    words = ["prepare", "--data", str(copies), "--image-size", "32"]
    printed = invoke(home, *words, "--metadata", str(table))
    assert "table.csv knows 48 of 52 images: 26 lesions; unknown: age 0, sex 0, site 0" in printed
    groups, _ = groups_of(home)
    assert groups["origin"] == "table and pixels", "00a and 13a are names of two images each: no telling which"
    lines = [f"{row},L{row},50,male,back" for row in range(52)]
    table.write_text("\n".join(["row,lesion_id,age,sex,localization", *lines]))
    printed = invoke(home, *words, "--metadata", str(table))
    assert "52 images show 52 lesions, as the table says (--search looks in the pixels as well)" in printed
    groups, splits = groups_of(home)
    assert (groups["origin"], groups["origins"], groups["checked"]) == ("table", {"table": 52}, None)
    assert len(splits) == 52 and "prepared already" in invoke(home, *words, "--metadata", str(table))
    with (home / "data" / "index.csv").open() as file:
        line = next(csv.DictReader(file))
    assert list(line)[-4:] == ["group_origin", "age", "sex", "site"]
    assert (line["group_origin"], line["age"], line["sex"], line["site"]) == ("table", "50.0", "male", "back")
    manifest = json.loads((home / "data" / "manifest.json").read_text())
    assert manifest["settings"]["metadata"] == "table.csv" and manifest["metadata"]["matched"] == 52
    table.write_text("\n".join(["row,lesion_id", *(f"{row},L{row}" for row in range(52))]))
    assert "prepared already" not in invoke(home, *words, "--metadata", str(table), "--search")
    groups, splits = groups_of(home)
    assert (groups["origin"], len(splits)) == ("table and pixels", 26)
    assert groups["origins"]["pixels"] == 50 and groups["origins"]["table"] == 2
    table.write_text("photo,lesion_id\n1,L1\n")
    before = state(home)
    said = invoke(home, *words, "--metadata", str(table), status=2)
    assert "table.csv has no column that names a row or an image, only photo, lesion_id: expected is" in said
    assert state(home) == before


def test_leak_prepares_other_images_beside_those_of_the_experiment(copies, tmp_path):
    weights, home = tmp_path / "weights", tmp_path / "home"
    weights.mkdir()
    (weights / "mobilenet_v2_notop.weights.h5").write_text("no weights")
    said = invoke(home, "leak", "--data", str(copies), "--weights", str(weights), status=2)
    assert "mobilenet cannot start from" in said
    assert (home / "leak" / "data" / "manifest.json").exists()
    assert not (home / "data").exists()
    invoke(home, "clean")
    assert not state(home)


def test_the_random_split_tears_lesions_apart_and_the_audit_says_so(tmp_path):
    invoke(tmp_path, "prepare", *SMALL)
    before, _ = groups_of(tmp_path)
    invoke(tmp_path, "prepare", *SMALL, "--split", "random")
    groups, splits_of = groups_of(tmp_path)
    assert json.loads((tmp_path / "data" / "manifest.json").read_text())["settings"]["split"] == "random"
    assert groups["origin"] == "source" and groups["checked"] is None
    torn = [splits for splits in splits_of.values() if {"train", "test"} <= set(splits)]
    assert len(torn) == groups["shared"]["train/test"] > 0
    assert groups["siblings"] == before["siblings"]
    assert sum(splits.count("test") for splits in torn) == groups["siblings"]["random"]["with_sibling"]


def test_unreadable_images_are_counted_and_too_many_of_them_stop_the_run(tmp_path):
    folder, random = tmp_path / "images", np.random.default_rng(0)
    for label in ("benign", "malignant"):
        (folder / label).mkdir(parents=True)
        for number in range(60):
            cv2.imwrite(str(folder / label / f"{number:02}.png"), random.integers(90, 220, (40, 50, 3), np.uint8))
    home, words = tmp_path / "home", ["prepare", "--data", str(folder), "--image-size", "32"]
    broken = folder / "benign" / "07.png"
    broken.write_bytes(broken.read_bytes()[:2000])
    assert "row 7 ('benign/07.png') is left out: image file is truncated" in invoke(home, *words)
    manifest = json.loads((home / "data" / "manifest.json").read_text())
    assert [image["row"] for image in manifest["unreadable"]] == [7]
    assert sum(sum(counts.values()) for counts in manifest["counts"].values()) == 119
    with (home / "data" / "index.csv").open() as file:
        assert [line["row"] for line in csv.DictReader(file) if line["split"] == "unreadable"] == ["7"]
    before = state(home)
    (folder / "malignant" / "00.png").write_bytes(b"no image")
    said = invoke(home, *words, status=2)
    assert (
        "2 of 120 images cannot be read, more than 1% (the first is row 7 ('benign/07.png'): image file is truncated"
        in said
    )
    assert state(home) == before


def test_masks_are_counted_and_change_neither_the_index_nor_the_images(tmp_path):
    folder, home = tmp_path / "images", tmp_path / "home"
    sample = DrawnSample(120, seed=2)
    drawn, outlines = sample.draw(np.arange(40))
    white = outlines.astype(np.uint8) * 255
    for row in range(40):
        path = folder / ("benign", "malignant")[sample.labels[row]] / f"{row:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), drawn[row, ..., ::-1])
    words = ["prepare", "--data", str(folder), "--image-size", "32"]
    invoke(home, *words)
    plain = [(home / "data" / name).read_bytes() for name in ("index.csv", "images.npy")]
    assert not (home / "data" / "outlines.npy").exists()
    known = tmp_path / "drawn"
    known.mkdir()
    for row in range(3, 40):
        cv2.imwrite(str(known / f"{row:02}_segmentation.png"), white[row])
    cv2.imwrite(str(known / "01.png"), white[1][:, :100])
    (known / "02.png").write_bytes(b"no picture")
    cv2.imwrite(str(known / "99.png"), white[1])
    printed = invoke(home, *words, "--masks", str(known))
    said = (
        "masks give the outlines of 37 of 40 images; 1 missing, 1 not readable, 1 of other proportions than the image"
    )
    assert f"{said}, 1 file left out that is the mask of no image" in printed
    assert [(home / "data" / name).read_bytes() for name in ("index.csv", "images.npy")] == plain
    manifest = json.loads((home / "data" / "manifest.json").read_text())
    assert manifest["source"]["outlines"] == "masks" and manifest["settings"]["masks"] == "drawn"
    assert (manifest["masks"]["known"], manifest["masks"]["others"]) == (37, 1)
    packed = np.load(home / "data" / "outlines.npy")
    names = [int(path.stem) for kind in ("benign", "malignant") for path in sorted((folder / kind).iterdir())]
    without = [name for name, bits in zip(names, packed, strict=True) if not bits.any()]
    assert sorted(without) == [0, 1, 2]
    assert "prepared already" in invoke(home, *words, "--masks", str(known))
    cv2.imwrite(str(known / "01.png"), white[1])
    assert "masks give the outlines of 38 of 40" in invoke(home, *words, "--masks", str(known))
