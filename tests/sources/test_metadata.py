"""What a table says of the images: matched by name or row, taken as it is published, and refused in one line."""

import numpy as np
import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, Features, Value
from tables import PUBLIC, TRAIN, images, jpeg, write

from lesion.errors import LesionError
from lesion.sources import metadata
from lesion.sources.source import open_source


def opened(path, limit=0):
    return open_source(str(path), limit=limit, seed=0)


@pytest.fixture
def source(tmp_path):
    """Four images in class folders: a and b benign, c and d malignant."""
    for name in ("benign/a.jpg", "benign/b.JPG", "malignant/c.jpg", "malignant/deep/d.png"):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"image")
    return opened(tmp_path / "images")


@pytest.fixture
def read(tmp_path, source):
    """Return a function that reads a table of this content, text or bytes, for the four images."""

    def read(content, source=source):
        file = tmp_path / "table.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return metadata.read_file(file, source)

    return read


def same(codes):
    """Return the pairs of rows that share a number."""
    return {(a, b) for a in range(len(codes)) for b in range(a) if codes[a] == codes[b] >= 0}


HAM = "lesion_id,image_id,dx,dx_type,age,sex,localization\n"
ISIC = "isic_id,patient_id,lesion_id,age_approx,sex,anatom_site_general\n"


def test_the_table_of_ham10000_works_as_it_is_published(read):
    known = read(
        f"{HAM}L1,c,mel,histo,80.0,male,scalp\nL2,b,nv,histo,,female,Trunk\nL1,d,mel,histo,0.0,unknown,unknown\n"
        "L9,a,nv,consensus,30.0,female,ear\n"
    )
    assert same(known.links["lesion"]) == {(3, 2)} and set(known.links) == {"lesion"}
    assert known.ages[[0, 2, 3]].tolist() == [30, 80, 0] and np.isnan(known.ages[1])
    assert known.sexes.tolist() == ["female", "female", "male", ""]
    assert known.sites.tolist() == ["ear", "trunk", "scalp", ""]
    assert known.record.columns == {"lesion": "lesion_id", "age": "age", "sex": "sex", "site": "localization"}
    assert known.record.unknown == {"age": 1, "sex": 1, "site": 1}
    assert known.sentence() == "table.csv knows 4 of 4 images: 3 lesions; unknown: age 1, sex 1, site 1"


def test_the_table_of_isic_works_and_patients_are_links_too(read):
    known = read(f"{ISIC}a,P1,,45,male,anterior torso\nc,P1,IL_7,50,female,head/neck\nd,P2,IL_7,,,\n")
    assert same(known.links["patient"]) == {(2, 0)} and same(known.links["lesion"]) == {(3, 2)}
    assert known.ages[[0, 2]].tolist() == [45, 50] and known.sites[2] == "head/neck"
    assert (known.record.matched, known.record.unmatched) == (3, 1)
    assert known.links["patient"][1] == -1, "an image that the table does not know has no patient"


def test_names_are_compared_with_or_without_ending_and_folders(read):
    for names in (
        ["a", "b", "c", "d"],
        ["a.jpg", "b.jpg", "c.JPG", "d.png"],
        ["benign/a.jpg", "benign\\b.jpg", "malignant/c.jpg", "malignant/deep/d.png"],
        ["photos/a.jpg", "photos/b.jpg", "photos/c.jpg", "/photos/d"],
    ):
        known = read("file_name,age\n" + "".join(f"{name},{age}\n" for age, name in enumerate(names)))
        assert known.ages.tolist() == [0, 1, 2, 3], names
    assert read("IMAGE,Age\na,5\nB,6\n").record.matched == 1, "the case of a name counts"


def test_images_of_one_name_are_told_apart_by_their_folders_or_not_at_all(tmp_path):
    for name in ("benign/1.jpg", "benign/2.jpg", "malignant/1.jpg", "malignant/3.jpg"):
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "images" / name).write_bytes(b"image")
    source = opened(tmp_path / "images")
    table = tmp_path / "table.csv"
    table.write_text("image,age\nbenign/1.jpg,10\nmalignant/1.jpg,30\n3.jpg,40\n")
    assert metadata.read_file(table, source).ages.tolist()[::2] == [10, 30]
    table.write_text("image,age\n1,10\n3,40\n")
    known = metadata.read_file(table, source)
    assert np.isnan(known.ages[:3]).all() and known.ages[3] == 40
    assert (known.record.matched, known.record.foreign) == (1, 1)


def test_rows_are_matched_by_their_number_in_the_source_whatever_the_limit(tmp_path):
    path = write(tmp_path / "rows.parquet", images(*range(40)), [0] * 20 + [1] * 20)
    source = opened(path, limit=6)
    (tmp_path / "ages.csv").write_text("row,age\n" + "".join(f"{row},{row + 1}\n" for row in range(40)))
    known = metadata.read_file(tmp_path / "ages.csv", source)
    assert known.ages.tolist() == (source.rows + 1).tolist()
    assert (known.record.matched, known.record.foreign) == (6, 34)


def test_the_images_of_a_table_are_known_by_their_paths(tmp_path):
    rows = [{"bytes": jpeg(n), "path": f"ISIC_{n}.jpg"} for n in (1, 2)]
    source = opened(write(tmp_path / "rows.parquet", rows, [0, 1]))
    (tmp_path / "ages.csv").write_text("image_id,age\nISIC_2,20\nISIC_1,10\n")
    assert metadata.read_file(tmp_path / "ages.csv", source).ages.tolist() == [10, 20]


def test_what_cannot_be_used_is_unknown_and_counted(read):
    known = read(
        "image,lesion_id,age,sex,localization\n"
        "a,,old,Male,back\nb,nan,130,x,\nc,L1,-3,FEMALE, Back \n"
        "a,L5,50,male,foot\nz,L1,50,male,foot\n,L1,50,male,foot\n"
    )
    assert np.isnan(known.ages).all() and known.record.unknown == {"age": 3, "sex": 1, "site": 1}
    assert known.sexes.tolist() == ["male", "", "female", ""] and known.sites.tolist() == ["back", "", "back", ""]
    assert not same(known.links["lesion"]), "empty values join nothing"
    record = known.record
    assert (record.matched, record.unmatched, record.foreign, record.repeated) == (3, 1, 2, 1)
    for said in ("3 of 4 images", "1 lesion;", "2 lines of other images left out", "1 repeated line left out"):
        assert said in known.sentence()


def test_a_lesion_with_images_of_both_classes_stays_one_and_is_counted(read):
    known = read("image,lesion_id\na,L1\nb,L2\nc,L1\nd,L3\n")
    assert same(known.links["lesion"]) == {(2, 0)} and known.record.conflicts == 1
    assert "1 lesion with images of both classes" in known.sentence()


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfimage;age\r\na;50\r\n",
        b"image\tage\na\t50\n",
        b"image,age,\na,50,\n",
        b'image,age,note\n"a","50","x, y"\n',
        b"image,age,sex\na,50\n",
    ],
)
def test_tables_of_other_programs_are_read(read, content):
    assert read(content).ages[0] == 50


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "table.csv is no table (No columns"),
        (b"\x89PNG\r\n\x1a\n\x00", "is no table ('utf-8' codec"),
        ("image,localization\na,R\xfccken\n".encode("latin1"), "is no table ('utf-8' codec"),
        (b'image,age\n"a,50\n', "is no table (Error tokenizing data"),
        (b"image,age\na,50,60\n", "is no table (a line has more values than there are columns)"),
        (b"hello\nworld\n", "has no column that names a row or an image, only hello"),
        (b'"name\nof it",age\na,5\n', "has no column that names a row or an image, only name of it, age"),
        (b"image,dx\na,nv\n", "has no column that names a lesion, a patient, an age, a sex or a site, only image, dx"),
        (b"image,age\n", "knows none of the 4 images: it has no lines"),
        (b"image,age\nx,50\n", "knows none of the 4 images: its first image is 'x', and the first image is 'benign/a"),
        (b"row,age\n77,50\n", "knows none of the 4 images: its first row is '77', and theirs go from 0 to 3"),
    ],
)
def test_other_files_are_refused_in_one_line(read, content, said):
    with pytest.raises(LesionError) as caught:
        read(content)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_images_without_names_need_a_column_of_rows(tmp_path, read):
    source = opened(write(tmp_path / "rows.parquet", images(1, 2), [0, 1]))
    with pytest.raises(LesionError, match="have no file names, so give a column `row`"):
        read("image,age\na,50\n", source)


def test_columns_of_the_data_themselves_are_used(tmp_path):
    features = Features(
        **PUBLIC,
        lesion_id=Value("string"),
        Age_Approx=Value("float32"),
        sex=ClassLabel(names=["male", "female"]),
        dx=Value("string"),
    )
    columns = {"image": images(1, 2, 3, 4), "label": [0, 1, 1, 0], "dx": ["nv"] * 4}
    columns |= {"lesion_id": ["x", "x", None, "y"], "Age_Approx": [50, None, 200, 7], "sex": [1, 0, None, 0]}
    path = tmp_path / TRAIN
    path.parent.mkdir()
    Dataset.from_dict(columns, features=features).to_parquet(str(path))
    known, problem = metadata.find("", str(tmp_path), opened(tmp_path))
    assert problem == "" and same(known.links["lesion"]) == {(1, 0)}
    assert known.ages[[0, 3]].tolist() == [50, 7] and np.isnan(known.ages[1:3]).all()
    assert known.sexes.tolist() == ["female", "male", "", "male"]
    assert known.record.file == tmp_path.name and known.record.columns["age"] == "Age_Approx"
    kept = opened(tmp_path, limit=3)
    ages = metadata.find("", str(tmp_path), kept)[0].ages
    assert np.array_equal(ages, known.ages[kept.rows], equal_nan=True)


def test_a_file_that_was_named_comes_before_the_folders_own_and_that_before_columns(tmp_path, source):
    folder = tmp_path / "images"
    assert metadata.find("", str(folder), source) == (None, "")
    (folder / "metadata.csv").write_text("image,age\na,20\n")
    assert metadata.find("", str(folder), source)[0].ages[0] == 20
    (tmp_path / "mine.csv").write_text("image,age\na,30\n")
    assert metadata.find(str(tmp_path / "mine.csv"), str(folder), source)[0].ages[0] == 30


def test_a_table_in_the_folder_that_cannot_be_used_stops_nothing_but_one_that_was_named_does(tmp_path, source):
    file = tmp_path / "images" / "metadata.csv"
    file.write_text("photo,note\na,good\n")
    (tmp_path / "images" / "benign" / "metadata.csv").write_text("stray")
    assert len(opened(tmp_path / "images").rows) == 4
    known, problem = metadata.find("", str(tmp_path / "images"), source)
    assert known is None and "has no column that names a row or an image" in problem
    with pytest.raises(LesionError, match="has no column that names a row or an image"):
        metadata.find(str(file), str(tmp_path / "images"), source)


def test_the_table_that_gives_a_folder_its_labels_gives_it_the_rest_as_well(tmp_path):
    """An image folder as `datasets` knows it: labels by file name in metadata.csv."""
    for number, name in enumerate(("a.jpg", "b.jpg", "deep/a.jpg")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(jpeg(number))
    lines = {"file_name": ["a.jpg", "b.jpg", "deep/a.jpg"], "label": [0, 1, 1], "lesion_id": ["x", "x", "y"]}
    pd.DataFrame(lines).to_csv(tmp_path / "metadata.csv", index=False)
    known, problem = metadata.find("", str(tmp_path), opened(tmp_path))
    assert problem == "" and same(known.links["lesion"]) == {(1, 0)}


def test_the_identity_of_a_table_is_its_content(tmp_path):
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("row,age\n0,50\n")
    other.write_text("row,age\n0,50\n")
    assert metadata.identity("") == "" != metadata.identity(str(one)) == metadata.identity(str(other))
    other.write_text("row,age\n0,51\n")
    assert metadata.identity(str(one)) != metadata.identity(str(other))
    with pytest.raises(LesionError, match="cannot be read"):
        metadata.identity(str(tmp_path / "gone.csv"))


def test_bare_columns_of_bytes_have_no_names(tmp_path):
    features = Features(image=Value("binary"), label=Value("int64"))
    source = opened(write(tmp_path / "rows.parquet", [jpeg(1), jpeg(2)], [0, 1], features))
    assert source.names.tolist() == ["", ""] and source.facts is None
