"""A run over many files: what is written when, and what a second run does again."""

import csv
import os
import weakref
from pathlib import Path

import cv2
import numpy as np
import pytest

from lesion.errors import LesionError
from lesion.judging import photographs, verdicts
from lesion.judging.session import Session
from lesion.judging.verdicts import Table, Verdict
from lesion.records.training import ImageSettings

BATCH = 4


class Judge:
    """Stands in for the networks: the probability of an image is its brightness."""

    def __init__(self, kill_after=1000):
        self.judged = []
        self.left = kill_after

    def __call__(self, batch):
        for each in batch:
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
            self.judged.append(each.file.name)
            overlay = verdicts.overlay_name(each.file, "scratch")
            (verdicts.FOLDER / overlay).write_bytes(each.digest.encode())
            probability = f"{each.image.mean() / 255:.6f}"
            yield Verdict(verdicts.cell_text(each.file), "scratch", probability, "benign", "", overlay, "", each.digest)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(verdicts, "FOLDER", tmp_path / "predictions")
    return tmp_path


@pytest.fixture
def folder(home):
    """Make a folder of ten images, of brightness 0 to 9 tenths."""
    (home / "images").mkdir()
    for number in range(10):
        draw(home / "images" / f"{number}.png", 25.5 * number)
    return home / "images"


def draw(path, value):
    encoded = cv2.imencode(".png", np.full((16, 16, 3), value, np.uint8))[1]
    path.write_bytes(encoded.tobytes())


def judge(folder, judge=None, fingerprint="networks"):
    """Let `judge` judge a folder; return the names of what it judged, and how many files could be read."""
    judge = judge or Judge()
    files = photographs.listed(str(folder))
    with Table(fingerprint, ["scratch"]) as table:
        session = Session(table, ImageSettings(16, False), lambda: judge)
        batches = [files[start : start + BATCH] for start in range(0, len(files), BATCH)]
        read = [each for batch in batches for each in session.judge(batch)]
        table.finish(read)
    return judge.judged, len(read)


def table():
    return (verdicts.FOLDER / "predictions.csv").read_bytes()


def lines():
    return list(csv.DictReader(table().decode().splitlines()))


def names(*numbers):
    return [f"{number}.png" for number in numbers]


def test_every_image_is_judged_once_and_its_line_says_how(folder, capsys):
    judged, read = judge(folder)
    assert judged == names(*range(10)) and read == 10
    assert [line["file"] for line in lines()] == [str(folder / name) for name in judged]
    assert lines()[4]["probability"] == f"{102 / 255:.6f}"
    printed = capsys.readouterr().out.splitlines()
    assert printed[4] == f"{folder}/4.png: probability of malignancy 0.400, benign (scratch)"
    assert judge(folder) == ([], 10), "all is known"
    assert capsys.readouterr().out.splitlines() == printed, "what is known is said again"


@pytest.mark.parametrize(("killed_after", "again"), [(0, range(10)), (4, range(4, 10)), (6, range(4, 10)), (9, (8, 9))])
def test_a_run_that_was_stopped_ends_in_the_same_bytes(folder, killed_after, again):
    judge(folder)
    whole = table()
    (verdicts.FOLDER / "predictions.csv").unlink()
    with pytest.raises(KeyboardInterrupt):
        judge(folder, Judge(killed_after))
    # Verdicts of a batch that was cut are made again, beside the same images.
    assert judge(folder)[0] == names(*again)
    assert table() == whole


def test_verdicts_are_in_the_table_as_soon_as_they_are_made(folder):
    with pytest.raises(KeyboardInterrupt):
        judge(folder, Judge(6))
    assert [Path(line["file"]).name for line in lines()] == names(*range(6))


def test_a_cut_or_changed_line_and_a_lost_overlay_are_made_again(folder):
    judge(folder)
    whole = table()
    path = verdicts.FOLDER / "predictions.csv"
    for damaged, again in (
        (whole[:-5], (8, 9)),
        (whole.replace(b"0.400000", b"0.900000"), (4, 5, 6, 7)),
        (whole.replace(b"benign", b"malignant", 1), (0, 1, 2, 3)),
        (whole.replace(b"file,", b"\x00\xff", 1), ()),
        (b"", range(10)),
    ):
        path.write_bytes(damaged)
        assert judge(folder)[0] == names(*again)
        assert table() == whole
    (verdicts.FOLDER / "1.png.scratch.jpg").unlink()
    assert judge(folder)[0] == names(0, 1, 2, 3)


def test_a_changed_image_is_judged_anew_though_its_name_size_and_time_are_the_same(folder):
    judge(folder)
    before = (folder / "5.png").stat()
    draw(folder / "5.png", 255)
    os.utime(folder / "5.png", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert judge(folder)[0] == names(4, 5, 6, 7)
    assert lines()[5]["probability"] == "1.000000" and len(lines()) == 10


def test_other_networks_or_settings_judge_all_anew(folder):
    judge(folder)
    with pytest.raises(KeyboardInterrupt):
        judge(folder, Judge(2), fingerprint="other networks")
    assert len(lines()) == 2, "no line of the others is left"
    assert judge(folder, fingerprint="other networks")[0] == names(*range(10))


def test_a_file_that_cannot_be_read_is_said_each_time_and_does_not_cost_the_others_their_verdicts(folder, capsys):
    (folder / "3.png").write_bytes(b"broken")
    (folder / "x.jpg").mkdir()
    assert judge(folder) == (names(0, 1, 2, 4, 5, 6, 7, 8, 9), 9)
    assert judge(folder) == ([], 9)
    printed = capsys.readouterr().out
    assert printed.count("3.png: cannot be read: file is not a readable") == 2
    assert printed.count("x.jpg: cannot be read: it is a folder") == 2


def test_images_do_not_stay_in_memory(folder):
    alive = []

    class Watching(Judge):
        def __call__(self, batch):
            assert not any(reference() is not None for reference in alive)
            alive.extend(weakref.ref(each.image) for each in batch)
            return iter(list(super().__call__(batch)))

    assert judge(folder, Watching())[1] == 10 and len(alive) == 10


def test_names_that_are_no_mere_words_change_neither_table_nor_terminal(folder, monkeypatch, capsys):
    for path in folder.iterdir():
        path.unlink()
    odd = [
        b"=1+1.png",
        b"\x1b]0;title\x07.png",
        b"a\nb.png",
        b"\xff.png",
        b"long" * 60 + b".png",
        "ü\u202e.png".encode(),
    ]
    odd += [b"x.jpg", b"x.jpg.png", b"L" * 249 + b"1.png", b"L" * 249 + b"2.png"]
    for value, name in enumerate(odd):
        draw(Path(os.fsdecode(os.fsencode(folder) + b"/" + name)), value)
    monkeypatch.chdir(folder)
    assert judge(".")[1] == len(odd) and judge(".")[0] == []
    rows = list(csv.DictReader(table().decode().splitlines(keepends=True)))
    overlays = [line["overlay"] for line in rows]
    assert len(set(overlays)) == len(odd), "none has overwritten another"
    assert {path.name for path in verdicts.FOLDER.glob("*.scratch.jpg")} == {
        name.removeprefix("'") for name in overlays
    }
    assert all(name.isprintable() and len(name.encode()) < 255 for name in overlays)
    assert [line["overlay"] for line in rows if "1+1" in line["file"]] == ["'=1+1.png.scratch.jpg"]
    assert {"'=1+1.png", "a\nb.png", "\\udcff.png", "x.jpg"} < {line["file"] for line in rows}
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == 2 * len(odd)
    assert "\\x1b]0;title\\x07.png: probability" in printed and "ü\\u202e.png: probability" in printed
    assert all(line.isprintable() for line in printed.splitlines())


def test_two_runs_at_once_do_not_write_one_table(home):
    with (
        Table("networks", ["scratch"]),
        pytest.raises(LesionError, match="another `invoke predict` is at work"),
        Table("networks", ["scratch"]),
    ):
        pass
