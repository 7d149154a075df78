"""The images: counts, groups and the leak are those of the artefacts."""

import artefacts as fake
import pytest
from pages import LEAK, MANIFEST, Page, read_json, render

from lesion import store


def test_split_counts_are_those_of_the_manifest(home):
    rows, counts = Page(render()).table("Images by split"), read_json(home, MANIFEST)["counts"]
    for split, part in counts.items():
        assert [int(cell[1]) for cell in rows[split]] == [part["benign"], part["malignant"], sum(part.values())]


def test_groups_are_those_of_the_audit(home):
    page, groups = Page(render()), read_json(home, MANIFEST)["groups"]
    said = page.says("groups")
    assert "Of 23,456 pairs of similar images that were compared, 678 show the same lesion" in said
    assert "900 groups; 9 of these links were not followed" in said
    rows = page.table("Test images with a sibling in training")
    assert rows["grouped split, as used here"] == [["200", "200"], ["0", "0"], ["0.0%", "0.0"]]
    assert rows["random split"] == [["201", "201"], ["117", "117"], ["58.2%", str(117 / 201)]]
    assert page.table("Lesions with images in two splits") == {
        "train and validation": [["0", "0"]], "train and test": [["0", "0"]], "validation and test": [["0", "0"]],
    }  # fmt: skip
    sizes = page.table("Images of a lesion")
    assert [int(cells[0][1]) for cells in sizes.values()] == list(groups["sizes"].values())
    assert list(sizes)[:2] == ["1 image", "2 images"]
    assert "12 images, in train; the first 6 are shown" in said and "5 images, in train, external" in said
    assert "publishes as a test set" not in said


def test_external_images_with_a_sibling_are_counted(home):
    def publish(manifest):
        manifest["groups"]["external"] = {"rows": 7804, "with_sibling": 1234}

    fake.change(home / MANIFEST, publish)
    said = Page(render()).says("groups")
    assert "Of the 7,804 images that the source publishes as a test set, 1,234 have a sibling" in said


def test_groups_of_the_source_need_no_search(home):
    def known(manifest):
        manifest["groups"] |= {"origin": "source", "checked": None, "links": None, "dropped": None, "largest": []}
        manifest["groups"]["siblings"]["grouped"] = None

    fake.change(home / MANIFEST, known)
    page = Page(render())
    said = page.says("groups")
    assert "There are 900 groups." in said
    assert "largest groups" not in page.says("groups") and "pixels" not in page.says("limitations")
    cells = page.table("Test images with a sibling in training")["grouped split, as used here"]
    assert cells == [["Missing: there are too few lesions for such a split", None]]


@pytest.mark.parametrize(
    ("origin", "says", "method"),
    [
        ("table", "The metadata table (lesions.csv) says which images show the same lesion.", "As the metadata table"),
        ("table and pixels", "and the pixels were searched for more.", "together. Found from the"),
    ],
)
def test_origin_of_the_groups_is_said(home, origin, says, method):
    def known(manifest):
        manifest["metadata"] = store.plain(fake.table())
        manifest["groups"]["origin"] = origin
        if origin == "table":
            manifest["groups"] |= {"checked": None, "links": None, "dropped": None}

    fake.change(home / MANIFEST, known)
    page = Page(render())
    assert says in page.says("groups") and method in page.says("methods")
    assert ("from their pixels" in page.says("limitations")) == ("pixels" in origin)


def test_origin_of_each_group_is_counted(home):
    page, origins = Page(render()), read_json(home, MANIFEST)["groups"]["origins"]
    rows = page.table("Who says which lesion an image shows")
    assert [int(cells[0][1]) for cells in rows.values()] == [rows for rows in origins.values() if rows]
    assert rows["Found from the pixels"] == [["700", "700"]] and rows["Identical files"] == [["14", "14"]]


def test_metadata_table_is_shown_with_what_it_does_not_know(home):
    assert "Metadata table" not in Page(render()).says("data")
    fake.change(home / MANIFEST, lambda manifest: manifest.update(metadata=store.plain(fake.table())))
    page = Page(render())
    said = page.says("data")
    assert "lesions.csv gave lesion (lesion_id), age (age_approx) and sex." in said and "some/where" not in said
    rows = page.table("What the metadata table gave")
    assert {name: int(cells[0][1]) for name, cells in rows.items()} == {
        "Images that it knows": 1300, "Images that it does not know": 34, "Lines for other images": 8700,
        "Lines that repeat an image": 2, "Lesions with images of both labels": 5, "Images whose age is unknown": 57,
        "Images whose sex is unknown": 3,
    }  # fmt: skip


def test_page_says_what_became_of_frames_hair_and_shapes(home):
    said = Page(render()).says("data")
    assert (
        "cropped from 8.0% of the images; 0.9% of these keep a dark rim. Hair or ruler marks were found in 41.0%"
        in said
    )
    assert "58.0% are not square and were squeezed into one" in said and "invoke predict alike" in said

    def older(manifest):
        manifest["preprocessing"] |= {"rim_share": None, "squeezed_share": None}
        manifest["settings"]["clean"] = False

    fake.change(home / MANIFEST, older)
    said = Page(render()).says("data")
    assert "cropped from 8.0% of the images. Hair and ruler marks were left in place" in said and "rim" not in said
    assert "Images that are not square are squeezed into one" in said


def test_original_is_shown_at_the_scale_of_what_the_networks_see(home):
    widths = [value for tag, key, value in Page(render()).attributes if key == "style" and "flex-grow" in value]
    assert widths[:3] == ["flex-grow: 1.600", "flex-grow: 1.000", "flex-grow: 1.000"]


def test_the_leak_is_shown_as_measured_and_only_if_it_was(home):
    assert "leak" not in Page(render()).sections
    fake.store.write_record(home / LEAK, fake.leak())
    page = Page(render())
    said = page.says("leak")
    assert "A random split flatters MobileNetV2 <in> ROC-AUC." in said
    assert "on other images than those of this report: 3,600 rows: the folder augmented." in said
    assert "at most 21 epochs" in said
    differences = page.table("By how much the scores on the random split are higher")
    assert differences["ROC-AUC"] == [["+0.074", "0.0745"]]
    ends = page.ends("By how much the scores on the random split are higher")
    assert ends["ROC-AUC"] == [["+0.031 to +0.118", [0.0312, 0.1178]]]
    assert ends["Accuracy"] == [["interval undefined", []]]
    runs = page.table("Each training on its own test images")
    assert list(runs) == [f"seed {seed}, {split} split" for seed in (0, 1) for split in ("grouped", "random")]
    for cells, trial in zip(runs.values(), fake.leak().trials, strict=True):
        share = trial.with_sibling / trial.rows
        values = [trial.roc_auc, trial.accuracy, trial.rows, trial.with_sibling, share]
        assert [float(cell[1]) for cell in cells] == values
    fake.change(home / LEAK, lambda leak: leak["data"].update(fingerprint=fake.DATA))
    assert "on other images" not in Page(render()).says("leak")


def test_masks_are_counted_with_what_was_wrong_with_them(home):
    assert "Masks give" not in Page(render()).says("data")
    masks = {"known": 1197, "problems": {"missing": 2, "not readable": 1}, "others": 4, "digest": "0" * 16}
    fake.change(home / MANIFEST, lambda manifest: manifest.update(masks=masks))
    said = Page(render()).says("data")
    assert "Masks give the lesion's outline of 1,197 of 1,200 images" in said
    assert "(masks of the others: 2 missing, 1 not readable)" in said
