"""All stages in one process, again and again, on a finished home whose files are damaged one after the other."""

import contextlib
import importlib
import io
import re
import shutil
import sys
from collections import Counter
from unittest import mock

from faults.mutating import KINDS, mutate, same, without_times

from lesion import config, options, store
from lesion.errors import LesionError

ADVICE = re.compile(r"run `invoke ([a-z]+)(?: --model ([a-z]+))?`")
UNREAD = ("activations", "tensorboard")  # folders that no stage reads once the training is finished
HEAVY = (".keras", ".npy")  # files that are mended by preparing or training anew


class Campaign:
    """Damages files of the finished home config.HOME, of which `kept` is a copy, and runs what `values` asked for.

    Trainings are not made again, but taken from the copy: whether one is needed is what counts here.
    """

    def __init__(self, kept, values, random):
        self.kept, self.values, self.random = kept, values, random
        self.counts = Counter()
        self.stages = {name: importlib.import_module(name) for name in options.CHAIN}
        self.files = [path for path in self._all() if path.name != ".lock"]

    def _all(self):
        paths = sorted(path.relative_to(self.kept) for path in self.kept.rglob("*") if path.is_file())
        return [path for path in paths if not any(name in path.parts for name in UNREAD)]

    def damage(self, name, kind):
        """Damage the file `name` in the way `kind`, let the stages or what they advise mend it, and undo all that."""
        path, kept = config.HOME / name, self.kept / name
        unlike = [other for other in self.files if other.suffix == name.suffix and not self._equal(other, name)]
        mutate(path, kind, self.random, self.kept / self.random.choice(unlike or self.files))
        if not path.exists() or not same(path.read_bytes(), kept.read_bytes()):
            self._mend((str(name), kind))
        for each in self.files:
            if not (config.HOME / each).exists() or not self._equal(each, each, config.HOME):
                shutil.copy2(self.kept / each, config.HOME / each)

    def _equal(self, one, other, home=None):
        return ((home or self.kept) / one).read_bytes() == (self.kept / other).read_bytes()

    def _mend(self, case):
        said, error = self.all()
        if error:
            advised = ADVICE.search(error)
            assert advised and len(error.splitlines()) == 1, (case, error)
            values = {"model": advised[2]} if advised[2] else {}
            assert self.run(advised[1], self.values | values)[1] == "", (case, error)
            assert self.all()[1] == "", (case, error)
        elif case[1] not in ("delete", "swap"):  # what is missing, or a whole record of something else, is made anew
            assert "is not as it was written" in said, (case, said)
        self.counts[case[1], "advised" if error else "mended by all"] += 1
        for each in self.files:
            if each.name not in ("index.html", "report.json"):
                assert without_times(config.HOME / each) == without_times(self.kept / each), (case, each)
        assert store.intact(config.REPORTS / "report.json") == {"index.html"}, case

    def all(self):
        """Run all stages; return what they said, and the error that stopped them, if one did."""
        said = ""
        for name in self.stages:
            more, error = self.run(name, self.values)
            said += more
            if error:
                return said, error
        return said, ""

    def run(self, name, values):
        """Run a stage; return what it said, and its error, if there was one. Anything else it raises is a fault."""
        printed, error = io.StringIO(), ""
        with contextlib.ExitStack() as stack:
            stack.enter_context(mock.patch.object(sys, "argv", options.command(name, values)[1:]))
            stack.enter_context(mock.patch.object(self.stages["train"], "_train", self._trained))
            stack.enter_context(contextlib.redirect_stdout(printed))
            try:
                self.stages[name].main()
            except LesionError as refused:
                error = str(refused)
        return printed.getvalue(), error

    def _trained(self, run, *_):
        for each in (run.model, run.history, run.manifest):
            shutil.copy2(self.kept / each.relative_to(config.HOME), each)
        return True


def times(name, light, heavy):
    """Return how often each kind of damage is done to the file `name`."""
    return [*KINDS] * (heavy if name.suffix in HEAVY else light)
