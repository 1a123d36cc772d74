"""How commands end, what logs show, and files that cannot be torn."""

import io
import logging
import os
import subprocess
import sys

import pytest

from runtime import logs, program
from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused, InputRefused


def test_a_refusal_is_one_line_and_status_two(capsys):
    def main(_arguments):
        raise InputRefused("the file\nis empty", where="x.csv", do="give another")

    status = program.run(main, [])

    assert status == 2
    assert capsys.readouterr().err.endswith("the file is empty (x.csv): give another\n")


def test_a_refusal_hands_a_terminal_nothing_to_obey(capsys):
    def main(_arguments):
        raise InputRefused("no column '\x1b[2J\u202e'", where="\x9b31m.csv", do="see\u2028below")

    program.run(main, [])

    assert capsys.readouterr().err.endswith("no column '\\x1b[2J\\u202e' (\\x9b31m.csv): see\\u2028below\n")


def test_ctrl_c_ends_quietly_with_130(capsys):
    def main(_arguments):
        raise KeyboardInterrupt

    assert program.run(main, []) == 130
    assert capsys.readouterr().err == ""


def test_the_status_of_the_command_is_passed_on():
    assert program.run(len, ["a", "b", "c"]) == 3


def test_a_reader_that_goes_away_is_no_failure():
    code = "from runtime import program\nprogram.run(lambda _: [print('x' * 99999) for _ in range(99)] and 0)"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child.stdout.close()
    with child:
        errors = child.stderr.read()

    assert (child.returncode, errors) == (0, b"")


def test_a_log_line_hides_what_sounds_like_a_secret(capsys):
    logs.configure("info")

    logs.get("gateway.x").info("connected", mqtt_password="hunter2", host="localhost")
    logs.get("gateway.x").debug("unseen")
    logging.getLogger("paho").info("unseen")

    line = capsys.readouterr().err
    assert "INFO connected mqtt_password=*** host=localhost" in line
    assert "hunter2" not in line
    assert "unseen" not in line


def test_a_log_line_goes_to_what_is_standard_error_when_it_is_written(capsys, monkeypatch):
    logs.configure("info")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(sys, "stderr", io.StringIO())
        logs.configure("info")

    logs.get("gateway.x").info("connected")

    assert "INFO connected" in capsys.readouterr().err


def test_a_fact_that_ends_in_a_line_break_begins_no_line_of_its_own():
    assert logs.line("heard", {"subject": "LMP1\n"}) == r"heard subject='LMP1\n'"


def test_a_file_is_replaced_whole_and_private(tmp_path):
    file = tmp_path / "key.pem"
    file.write_bytes(b"old")

    write_atomically(file, b"new")

    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["key.pem"]


def test_a_disk_that_refuses_leaves_the_old_file(tmp_path):
    folder = tmp_path / "key.pem"
    folder.mkdir()

    with pytest.raises(EnvironmentRefused, match="no file"):
        write_atomically(folder, b"new")
    with pytest.raises(EnvironmentRefused, match="cannot write"):
        write_atomically(folder / "missing" / "key.pem", b"new")
    assert os.listdir(tmp_path) == ["key.pem"]


def test_what_the_system_refuses_and_nobody_put_into_words_is_one_line_too(capsys):
    status = program.run(lambda _: len(os.listdir("/" + "x" * 5_000)), [])

    line = capsys.readouterr().err
    assert status == 2
    assert "the system refuses: File name too long (/xxx" in line
    assert line.count("\n") == 1


def test_an_argument_that_is_no_text_is_refused(capsys):
    assert program.run(len, ["\udcff"]) == 2
    assert "is not UTF-8 text" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("streams", "status"), [(">/dev/full", 2), (">&-", 0), (">&- 2>&-", 0), ("<&-", 0), ("<&- >/dev/full 2>&-", 2)]
)
def test_streams_that_are_full_or_closed_leave_no_traceback(streams, status):
    main = "lambda _: print('x' * 9, sys.stdin.read(1)) or 0"
    code = f"import sys; from runtime import program; sys.exit(program.run({main}, []))"
    shell = ["bash", "-c", f'"$0" -c "{code}" {streams}', sys.executable]

    ended = subprocess.run(shell, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    assert ended.returncode == status
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr


def test_what_is_no_file_is_not_replaced_by_one(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    with pytest.raises(EnvironmentRefused, match="no file"):
        write_atomically(pipe, b"new")
    assert pipe.is_fifo()


def test_a_hung_program_ends_at_once_though_a_lock_is_held():
    program_text = (
        "import threading, sys; from runtime import program; from runtime.errors import EnvironmentRefused;"
        "lock = threading.Lock(); lock.acquire(); threading.Thread(target=lock.acquire).start();"
        "program.end_at_once(EnvironmentRefused('it hangs', where='here', do='start it again'))"
    )

    ended = subprocess.run([sys.executable, "-c", program_text], capture_output=True, text=True)

    assert ended.returncode == program.HUNG
    assert ended.stderr.endswith("it hangs (here): start it again\n")
