"""Processes with a small stage of a test's own, for how they end."""

import ctypes
import os
import signal
import subprocess
import sys

from invoking import PROJECT

STAGE = """
import os, sys, time
sys.path.insert(0, {scripts!r})
import stage
from lesion import config, console, store

def main():
{body}
    return True

stage.run("prepare", main)
"""
# What `invoke` does for one stage, which is the program given as its argument.
PARENT = """
import sys
import tasks
from invoke import Exit
tasks.options.command = lambda name, values: [sys.executable, "-c", sys.argv[1]]
try:
    tasks.finish(tasks.run_stage("prepare", {}))
except Exit as end:
    if end.message:
        print(end.message, file=sys.stderr)
    sys.exit(end.code)
"""
DROP = 24  # of prctl: a capability of root that the next program will not have
CAPABILITIES = (1, 2, 3)  # to write, read and own whatever the permissions say


def stage(body):
    """Return the command of a stage with this body."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return [sys.executable, "-c", STAGE.format(scripts=str(PROJECT / "scripts"), body=lines)]


def below_invoke(body):
    """Return the command that runs this stage as `invoke` does."""
    return [sys.executable, "-c", PARENT, stage(body)[2]]


def start(command, home, before=None, **more):
    """Start `command` below `home`; `before` is called in the new process."""
    environment = {**os.environ, "LESION_HOME": str(home), **more.pop("environment", {})}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}

    def begin():
        for end in (signal.SIGHUP, signal.SIGINT):  # below `nohup`, or in the background, they would be ignored
            signal.signal(end, signal.SIG_DFL)
        if before:
            before()

    return subprocess.Popen(command, cwd=PROJECT, env=environment, text=True, preexec_fn=begin, **{**pipes, **more})


def run(command, home, before=None, **more):
    """Run `command` to its end; return its exit status and what it printed to each stream."""
    child = start(command, home, before, **more)
    out, err = child.communicate(timeout=60)
    return child.returncode, out, err


def as_a_user():
    """Take from the process what lets root pass over permissions, if it is root."""
    if os.geteuid() == 0:
        for capability in CAPABILITIES:
            ctypes.CDLL(None).prctl(DROP, capability, 0, 0, 0)
