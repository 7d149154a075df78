"""Files damaged at random: as a bad disk, a full one, an editor or a careless copy leaves them."""

import json

from lesion.integrity import seals

KINDS = ("flip", "cut", "empty", "delete", "swap")
TIMES = {"created", "seconds", "seconds_per_image", "machine", seals.SEAL, seals.FILES}  # differ from run to run


def mutate(path, kind, random, other):
    """Damage the file `path` in the way `kind`; a swap puts the file `other` in its place."""
    content = path.read_bytes()
    if kind == "flip":
        place = random.randrange(len(content))
        content = content[:place] + bytes([content[place] ^ 1 << random.randrange(8)]) + content[place + 1 :]
    elif kind == "cut":
        content = content[: random.randrange(len(content))]
    elif kind == "empty":
        content = b""
    elif kind == "swap":
        content = other.read_bytes()
    path.unlink()
    if kind != "delete":
        path.write_bytes(content)


def same(content, before):
    """Tell whether the content of a file says what it said `before`: JSON can be written in more than one way."""
    if content == before:
        return True
    try:
        return json.loads(content) == json.loads(before)
    except ValueError:
        return False


def without_times(path):
    """Return what a file says but when and how fast it was made: comparable from run to run."""
    if path.suffix == ".json":
        return _cleaned(json.loads(path.read_text()))
    if path.name == "history.csv":
        table = [line.split(",") for line in path.read_text().splitlines()]
        place = table[0].index("seconds")
        return [[*line[:place], *line[place + 1 :]] for line in table]
    return path.read_bytes()


def _cleaned(value):
    if isinstance(value, dict):
        return {key: _cleaned(each) for key, each in value.items() if key not in TIMES}
    return [_cleaned(each) for each in value] if isinstance(value, list) else value
