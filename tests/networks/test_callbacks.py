import math

from lesion.networks import callbacks
from lesion.networks.callbacks import Epoch

# An epoch whose figures need all their digits, one of round figures, and one that broke down.
EPOCHS = [
    Epoch("frozen", 1, 1.489, 0.0010000000474974513, 0.8919942378997803, 0.5, 0.75, 0.58, 0.577, 0.7727273106575012),
    Epoch("frozen", 2, 12.0, 0.001, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0),
    Epoch("tune", 3, 0.2, 1e-05, math.nan, 0.5, 0.5, math.inf, 0.5, 0.5),
]


def test_the_history_has_a_line_for_each_epoch_with_all_digits(tmp_path):
    path = tmp_path / "history.csv"
    callbacks.write_history(path, EPOCHS)
    assert path.read_text().splitlines() == [
        "phase,epoch,seconds,learning_rate,loss,accuracy,auc,val_loss,val_accuracy,val_auc",
        "frozen,1,1.489,0.0010000000474974513,0.8919942378997803,0.5,0.75,0.58,0.577,0.7727273106575012",
        "frozen,2,12.0,0.001,1.0,1.0,1.0,1.0,0.0,1.0",
        "tune,3,0.2,1e-05,nan,0.5,0.5,inf,0.5,0.5",
    ]


def test_a_history_read_again_is_the_same_to_the_last_digit(tmp_path):
    path = tmp_path / "history.csv"
    assert callbacks.read_history(path) == []
    callbacks.write_history(path, EPOCHS)
    resumed = callbacks.read_history(path)
    assert resumed[:2] == EPOCHS[:2]
    assert math.isnan(resumed[2].loss)
    assert resumed[2].val_loss == math.inf
    callbacks.write_history(tmp_path / "again.csv", resumed)
    assert (tmp_path / "again.csv").read_bytes() == path.read_bytes()
