"""Measure how fast a network is trained here.

    python scripts/speed.py --model mobilenet --image-size 224 --batch-size 32 --result speed.json

`prepare.py` and `train.py` start it for each network: its memory, up to gigabytes, is free again afterwards. It writes
the file RESULT, and ends when its standard input ends.
"""

from pathlib import Path

import stage

from lesion import options, store
from lesion.studies.trainings import children


def main() -> bool:
    """Measure one network, and write its speed."""
    children.leave_with_parent()
    values = options.parse("speed", __doc__)
    stage.import_tensorflow()
    from lesion.networks.planned import speed

    known = speed.measure(values.model, values.image_size, values.weights, values.batch_size)
    store.write_record(Path(values.result), known)
    return True


if __name__ == "__main__":
    stage.run("the same command", main, exclusive=False)
