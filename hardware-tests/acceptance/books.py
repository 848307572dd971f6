"""Scenarios of the store: `verify` beside a running agent, after a restore, and on a store that was tampered with."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
from pathlib import Path

from fiscalcloud_client import sale
from stage import Stage, check, equal, scenario, wait_for

DATABASE = "ferrotill.db"

# Edits of the database by name, each with the flaw that `verify` must report. Triggers are dropped before an edit and created again
# after it, so that only the edit remains.
EDITS = {
    "an edited row": ("UPDATE journal SET at = at + 1 WHERE seq = 5", "row_changed"),
    "a removed row": ("DELETE FROM journal WHERE seq = 5", "rows_missing"),
    "swapped rows": (
        "UPDATE journal SET seq = 9999 WHERE seq = 5; UPDATE journal SET seq = 5 WHERE seq = 7; UPDATE journal SET seq = 7 WHERE seq = 9999",
        "row_changed",
    ),
    "a row below the first": ("UPDATE journal SET seq = -5 WHERE seq = 5", "row_outside"),
    "a cut journal": ("DELETE FROM journal WHERE seq > 8", "journal_cut"),
    "an edited amount": ("UPDATE document SET amount = amount + 1 WHERE number = 2", "table_differs"),
    "a removed outbox entry": ("DELETE FROM outbox WHERE message_number = 2", "table_differs"),
    "an edited reconciliation": ("UPDATE reconciliation_figure SET report = report + 1 WHERE subject = 'sales.amount'", "table_differs"),
}

OTHER_DEVICE = "0875b8a5-0668-41a3-a3fa-8eeccf66d28a"
# Appends journal rows of another till to this till's journal, each under the next number.
SPLICE = """
ATTACH DATABASE '{other}' AS other;
INSERT INTO journal (seq, device, at, kind, version, payload, mac)
    SELECT (SELECT max(seq) FROM main.journal) + row_number() OVER (ORDER BY seq), device, at, kind, version, payload, mac
    FROM other.journal ORDER BY seq LIMIT 3;
DETACH DATABASE other;
"""


def verify(stage: Stage, *more, config: Path | None = None) -> tuple[int, dict]:
    """Runs `verify`; returns its exit code and the JSON document that it prints."""
    command = [stage.binary, "verify", "--json", "--config", str(config or stage.folder / "ferrotill.toml"), *map(str, more)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=stage.folder)
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else {"said": done.stderr}


def work_on(folder: Path, edit: str) -> None:
    """Runs an edit on the database; its triggers are the same afterwards."""
    database = sqlite3.connect(folder / DATABASE)
    triggers = database.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        database.execute(f"DROP TRIGGER {name}")
    database.executescript(edit)
    for _, sql in triggers:
        database.execute(sql)
    database.commit()
    database.close()


@scenario(limit=180)
def books(stage: Stage) -> None:
    """`verify` finds nothing in a good store beside a running agent, and finds each kind of tampering in a copy of the store."""
    client, _, office = stage.all_three()
    for price in ("10.00", "12.50", "7.77"):
        equal(client.post("operations/sale", sale(("Ceai", "1.000", price, "A"))).status, 200, "a sale")
    equal(client.post("operations/closeday", "{}").status, 200, "closeday")
    code, told = verify(stage)
    equal((code, told.get("ok")), (0, True), "verify beside the running agent", told)

    def acknowledged():
        z_reports = verify(stage)[1]["z_reports"]
        return z_reports and z_reports[0]["unacknowledged"] == 0

    wait_for(acknowledged, 30, "the authority acknowledges the day")
    _, told = verify(stage)
    figures = {figure["subject"]: figure for figure in told["z_reports"][0]["figures"]}
    for side in ("documents", "report", "printer", "office"):
        equal(figures["sales.amount"][side], 3027, f"sales.amount, {side}", figures)
        equal(figures["sales.group.A"][side], 3027, f"sales.group.A, {side}", figures)
        equal(figures["fiscal_receipts.count"][side], 3, f"fiscal_receipts.count, {side}", figures)

    office.set_authority("down")
    equal(client.post("operations/sale", sale(("Ceai", "1.000", "1.00", "A"))).status, 200, "a sale while the authority cannot be reached")
    code, told = verify(stage)
    equal((code, told["ok"], told["unsent"]), (0, True, 1), "unsent documents change nothing", told)

    stage.kill("agent")
    data = stage.folder / "data"
    code, told = verify(stage)
    equal((code, told["ok"]), (0, True), "verify after the agent was killed", told)
    code, told = verify(stage, "--from", 1, "--to", 4)
    equal((code, told["ok"]), (0, True), "a range", told)

    for what, (edit, fault) in EDITS.items():
        copy = stage.folder / ("copy of " + what.replace(" ", "-"))
        shutil.copytree(data, copy)
        code, told = verify(stage, "--data", copy)
        equal((code, told["ok"]), (0, True), f"an untouched copy, before {what}", told)
        work_on(copy, edit)
        code, told = verify(stage, "--data", copy)
        equal(code, 1, f"exit code for {what}", told)
        check(fault in [one["code"] for one in told["faults"]], f"{what} is not reported as {fault}", told["faults"])
        check(all(one["place"] and one["message"] and one["remedy"] for one in told["faults"]), "a fault without words", told)

    garbage = stage.folder / "garbage"
    shutil.copytree(data, garbage)
    for name in (DATABASE, DATABASE + "-wal"):
        (garbage / name).write_bytes(b"no database at all" * 1000)
    code, told = verify(stage, "--data", garbage)
    equal((code, told["ok"]), (1, False), "a file that is no database", told)
    check(told["faults"][0]["remedy"], "a fault without words", told)

    (stage.folder / "broken.toml").write_text("[till]\ncountry = 7\n", "utf-8")
    equal(verify(stage, config=stage.folder / "broken.toml")[0], 3, "exit code for a broken configuration")
    equal(verify(stage, config=stage.folder / "nowhere.toml")[0], 3, "exit code for no configuration")


def sell_and_close(stage: Stage, price: str) -> None:
    """Sells once and ends the agent by SIGTERM, so that its store is complete and has an anchor."""
    client = stage.agent()
    equal(client.post("operations/sale", sale(("Ceai", "1.000", price, "A"))).status, 200, "a sale")
    stage.kill("agent", signal.SIGTERM)
    stage.processes["agent"].wait(20)


def copied(folder: Path, onto: Path, *names: str) -> None:
    """Replaces files of a data folder by those of another data folder, with the files that SQLite keeps beside a database."""
    for name in names:
        for beside in (name, name + "-wal", name + "-shm"):
            (onto / beside).unlink(missing_ok=True)
            if (folder / beside).exists():
                shutil.copy2(folder / beside, onto / beside)


@scenario(limit=180)
def foreign_books(stage: Stage) -> None:
    """An older copy of the store, and the journal of another till, whole or in part: `verify` finds each of them and reports what was put in place."""
    stage.emulator(), stage.authority()
    data, older = stage.folder / "data", stage.folder / "older"
    sell_and_close(stage, "3.00")
    shutil.copytree(data, older)
    sell_and_close(stage, "4.00")
    code, told = verify(stage)
    equal((code, told["ok"]), (0, True), "the store of this till", told)

    # Makes the store of another till: another day, another printer, another device id and another key.
    theirs = stage.folder / "theirs"
    with Stage(stage.binary, stage.limit) as other:
        other.device = OTHER_DEVICE
        other.emulator(), other.authority()
        sell_and_close(other, "5.00")
        equal(verify(other)[0], 0, "the store of the other till")
        shutil.copytree(other.folder / "data", theirs)

    def found(what: str, work, *faults: str) -> None:
        copy = stage.folder / ("copy of " + what.replace(" ", "-"))
        shutil.copytree(data, copy)
        work(copy)
        code, told = verify(stage, "--data", copy)
        equal(code, 1, f"exit code for {what}", told)
        codes = [one["code"] for one in told["faults"]]
        check(set(codes) & set(faults), f"{what} is not reported as one of {faults}", told["faults"])

    found("an older database", lambda copy: copied(older, copy, DATABASE), "journal_cut")
    found("their database under our key", lambda copy: copied(theirs, copy, DATABASE), "another_tills_journal")
    found("their database and key", lambda copy: copied(theirs, copy, DATABASE, "journal.key"), "another_tills_devices")
    found("their whole folder", lambda copy: copied(theirs, copy, DATABASE, "journal.key", "journal.anchor"), "another_tills_devices")
    found("our database under their key", lambda copy: copied(theirs, copy, "journal.key"), "another_tills_journal")
    found("their anchor", lambda copy: copied(theirs, copy, "journal.anchor"), "anchor_foreign")
    found("their rows behind ours", lambda copy: work_on(copy, SPLICE.format(other=theirs / DATABASE)), "row_changed")


@scenario(limit=120)
def restored_image(stage: Stage) -> None:
    """The whole data folder of an older day is put back, with key and anchor: nothing is sold before a person lets the till go on, and at
    the Z-report the printer's counters show the difference."""
    stage.emulator(), stage.authority()
    data, older = stage.folder / "data", stage.folder / "older"
    sell_and_close(stage, "3.00")
    shutil.copytree(data, older)
    sell_and_close(stage, "4.00")
    shutil.rmtree(data)
    older.rename(data)
    equal(verify(stage)[0], 0, "an older folder is whole in itself")
    client = stage.agent()
    refused = client.post("operations/sale", sale(("Ceai", "1.000", "5.00", "A")))
    equal((refused.status, refused.error), (422, "ReceiptsOfOthers"), "a sale beside a printer that is ahead", refused)
    command = [stage.binary, "settle", client.device, "--go-on", "--by", "Maria", "--json", "--config", str(stage.folder / "ferrotill.toml")]
    equal(subprocess.run(command, capture_output=True, timeout=60, cwd=stage.folder).returncode, 0, "settle --go-on")
    equal(client.post("operations/sale", sale(("Ceai", "1.000", "5.00", "A"))).status, 200, "a sale")
    equal(client.post("operations/closeday", "{}").status, 200, "closeday")
    code, told = verify(stage)
    equal(code, 1, "exit code after the Z-report", told)
    equal({one["code"] for one in told["faults"]}, {"unreconciled"}, "what verify finds", told["faults"])
    figures = {figure["subject"]: figure for figure in told["z_reports"][0]["figures"]}
    equal((figures["sales.amount"]["documents"], figures["sales.amount"]["printer"]), (800, 1200), "the till and its printer", figures)
    check(figures["sales.amount"]["in_question"], "no document is named", figures["sales.amount"])
