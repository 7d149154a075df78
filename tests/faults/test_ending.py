"""However a stage ends, it says why in one line: signals, permissions, streams that are closed or know ASCII alone."""

import os
import signal
import sys

import pytest
from faults.ending import as_a_user, below_invoke, run, stage, start

WAITING = "print(os.getpid(), flush=True)\ntime.sleep(60)"


def line_of(child):
    """Return the one line of errors of a process, which must end with status 2."""
    _, err = child.communicate(timeout=30)
    (line,) = err.splitlines()
    assert child.returncode == 2
    return line


def is_gone(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("whole", ["invoke", "stage"])
def test_asking_invoke_or_the_stage_to_end_is_as_good_as_ctrl_c(tmp_path, end, whole):
    child = start(below_invoke(WAITING), tmp_path)
    process = int(child.stdout.readline())
    (child.send_signal if whole == "invoke" else lambda number: os.kill(process, number))(end)
    assert (
        line_of(child) == f"error: prepare: stopped by {end.name}; what was finished is kept, the same command resumes"
    )
    assert is_gone(process)
    assert run(stage("pass"), tmp_path) == (0, "", ""), "the lock went with the stage"


def test_a_stage_that_is_asked_to_end_before_it_listens_ends_in_the_same_words(tmp_path):
    body = "import signal, os\nsignal.signal(signal.SIGTERM, signal.SIG_DFL)\nos.kill(os.getpid(), signal.SIGTERM)"
    assert "error: prepare: stopped by SIGTERM; what was finished" in line_of(start(below_invoke(body), tmp_path))


def test_ctrl_c_during_the_imports_of_a_script_is_one_line(tmp_path):
    command = stage("pass")
    command[2] = command[2].replace("from lesion", "raise KeyboardInterrupt\nfrom lesion")
    assert run(command, tmp_path) == (2, "", "error: stopped by Ctrl-C before anything was done\n")


def test_what_nohup_lets_pass_goes_on(tmp_path):
    child = start(below_invoke(WAITING), tmp_path, before=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    process = int(child.stdout.readline())
    for number in (signal.SIGHUP, signal.SIGTERM):
        child.send_signal(number)
        os.kill(process, number)
    assert "prepare: stopped by SIGTERM" in line_of(child)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (
            signal.SIGKILL,
            "error: prepare: ended by signal 9 (SIGKILL), perhaps because memory ran out: close other programs "
            "or take fewer images at once (--batch-size) or take a smaller --image-size; what was finished is kept, "
            "the same command resumes",
        ),
        (
            signal.SIGSEGV,
            "error: prepare: ended by signal 11 (SIGSEGV); what was finished is kept, the same command resumes",
        ),
    ],
)
def test_invoke_says_that_a_stage_was_killed(tmp_path, end, said):
    child = start(below_invoke(WAITING), tmp_path)
    os.kill(int(child.stdout.readline()), end)
    assert line_of(child) == said


def test_a_folder_without_permission_is_one_line_and_nothing_to_do_needs_none(tmp_path):
    (tmp_path / "data").mkdir()
    for folder in (tmp_path / "data", tmp_path):
        folder.chmod(0o555)
    assert run(stage("console.say('nothing to do')"), tmp_path, as_a_user) == (0, "nothing to do\n", "")
    status, _, err = run(stage("store.write_text(config.DATA / 'x.txt', 'x')"), tmp_path, as_a_user)
    (line,) = err.splitlines()
    assert status == 2 and line.startswith(f"error: prepare: {tmp_path}/data/.") and "-x.txt: permission denied" in line
    assert line.endswith(": change its permissions, or set LESION_HOME to a folder of your own")


def test_a_file_without_permission_is_named_and_never_taken_for_missing(tmp_path):
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"fingerprint": "x"}')
    manifest.chmod(0)
    for body in ("store.finished(config.HOME / 'manifest.json', 'x')", "open(config.HOME / 'manifest.json')"):
        said = f"error: prepare: {manifest}: permission denied: change its permissions, or set LESION_HOME to a folder"
        assert run(stage(body), tmp_path, as_a_user) == (2, "", f"{said} of your own\n")


def test_output_that_nobody_reads_is_one_line(tmp_path):
    child = start(stage("time.sleep(0.5)\nfor n in range(9): console.say('x' * 9999)"), tmp_path)
    child.stdout.close()
    assert child.wait(30) == 2
    (line,) = child.stderr.read().splitlines()
    assert line.startswith("error: prepare: stopped, since nobody reads its output any longer; what was finished is")


def test_where_nobody_reads_anything_the_status_still_tells(tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    child = start(stage("console.say('x')"), tmp_path, stdout=writing, stderr=writing)
    os.close(writing)
    assert child.wait(30) == 2


@pytest.mark.parametrize("closed", [(1,), (2,), (0, 1, 2)])
def test_closed_streams_disturb_nothing(tmp_path, closed):
    body = "with open(config.HOME / 'mine', 'w') as mine:\n    console.say('said')\n    print('also', file=sys.stderr)"

    def close():
        for number in closed:
            os.close(number)

    status, out, err = run(stage(body), tmp_path, close)
    assert (status, out, err) == (0, "" if 1 in closed else "said\n", "" if 2 in closed else "also\n")
    assert (tmp_path / "mine").read_text() == ""


def test_characters_that_the_output_does_not_have_are_shown_by_their_numbers(tmp_path):
    body = "console.say('ü.png \\udcff')\nconsole.show('x', 1, 2, '')"
    assert run(stage(body), tmp_path, environment={"PYTHONIOENCODING": "ascii"}) == (0, "\\xfc.png \\udcff\nx\n", "")


def test_names_of_files_cannot_move_the_cursor_or_break_lines(tmp_path):
    body = "console.say('a\\x1b]0;title\\x07\\n\\u202eb.png')"
    assert run(stage(body), tmp_path) == (0, "a\\x1b]0;title\\x07\\n\\u202eb.png\n", "")


def test_full_memory_is_one_line(tmp_path):
    assert run(stage("raise MemoryError"), tmp_path) == (
        2,
        "",
        "error: prepare: memory is full: close other programs; what was finished is kept, the same command resumes\n",
    )


def test_a_fault_in_the_program_still_shows_where_it_is(tmp_path):
    status, _, err = run(stage("raise ValueError('a fault')"), tmp_path)
    assert status == 1 and "Traceback" in err and err.endswith("ValueError: a fault\n")


def test_the_end_of_invoke_all_is_one_line_if_its_records_cannot_be_read(tmp_path):
    command = [sys.executable, "-c", "import tasks; tasks._say_results(1.0)"]
    status, _, err = run(command, tmp_path)
    assert status == 1 and err.splitlines()[-1].endswith("metrics.json is missing: run `invoke evaluate` first")
    assert "invoke.exceptions.Exit: error: " in err, "which Invoke shows as its message alone"
