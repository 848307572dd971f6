#!/usr/bin/env python3
"""Plays a till with a real hub: every document arrives once, and a sale takes the same time with the hub up, slow and away.

    hub_times.py PATH/ferrotill PATH/ferrotill-hub [--sales 60] [--rounds 5]

Needs PostgreSQL (Debian: apt-get install postgresql) and prints SKIPPED without it. Between the till and the hub stands a relay of bytes
that this program switches: it passes them on, keeps each answer for two seconds, or cuts every connection. Sales are made in turns with
the hub up, slow and away, so that whatever else the machine does meanwhile meets all three.

The last line is JSON: the medians in milliseconds, the difference of slow and away from up, and the verdict: "same" within 5 %,
"inconclusive" if the medians of the rounds differ among themselves by more than that, otherwise "differs". Hub, database and till share
the machine here, which a shop's till does not do.
Exit codes: 0 same or inconclusive, 1 differs or a document is missing, 2 used wrongly, 77 skipped.
"""

import argparse
import csv
import glob
import io
import json
import os
import pwd
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import fiscalcloud_client as client  # noqa: E402


class Relay:
    """Passes bytes between the till and the hub."""

    def __init__(self, port):
        self.target, self.mode = port, "up"
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            if self.mode == "away":
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self.target))
            self.open += [near, far]
            for pair in ((near, far, False), (far, near, True)):
                threading.Thread(target=self.copy, args=pair, daemon=True).start()

    def copy(self, source, sink, is_answer):
        try:
            while data := source.recv(65536):
                if is_answer and self.mode == "slow":
                    time.sleep(2)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.close()
            except OSError:
                pass

    def set(self, mode):
        self.mode = mode
        if mode == "away":
            for end in self.open:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self.open = []


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def postgres(folder):
    """Starts a cluster on a socket in a folder; returns a function that ends it."""
    programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if not programs:
        print("SKIPPED: PostgreSQL is not installed here (Debian: apt-get install postgresql)")
        sys.exit(77)
    run_as = []
    if os.geteuid() == 0:
        user = next((name for name in ("postgres", "nobody") if name in {u.pw_name for u in pwd.getpwall()}), None)
        if user is None:
            print("SKIPPED: PostgreSQL does not run as root, and there is no other user here")
            sys.exit(77)
        os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        run_as = ["runuser", "-u", user, "--"]
    data = os.path.join(folder, "data")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*run_as, f"{programs[-1]}/initdb", "-A", "trust", "-U", "hub", "-E", "UTF8", "--locale", "C", "-D", data],
                   check=True, cwd=folder, **quiet)
    options = f"-c listen_addresses='' -c unix_socket_directories={folder}"
    control = [*run_as, f"{programs[-1]}/pg_ctl", "-D", data, "-w"]
    subprocess.run([*control, "-o", options, "-l", os.path.join(folder, "log"), "start"], check=True, cwd=folder, **quiet)
    subprocess.run([*run_as, f"{programs[-1]}/createdb", "-h", folder, "-U", "hub", "hub"], check=True, cwd=folder, **quiet)
    return lambda: subprocess.run([*control, "-m", "immediate", "stop"], cwd=folder, **quiet)


def wait_for(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"ERROR: {what}: not after {seconds} s")
        time.sleep(0.1)


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


DEVICE = "0875b8a5-0668-41a3-a3fa-8eeccf66d289"
TILL = """[till]
country = "MD"
mode = "TEST"
data_dir = "{data}"
[api]
listen = "127.0.0.1:{listen}"
[[api.clients]]
key = "a-key"
secret = "a-secret-of-some-length"
[[device]]
id = "0875b8a5-0668-41a3-a3fa-8eeccf66d289"
name = "Till 1"
uri = "datecs+serial://{link}?baud=115200"
tax_groups = [ {{ code = "A", rate = "20.00" }} ]
payment_types = [ {{ code = 0, name = "Numerar", cash = true }} ]
[hub]
url = "https://127.0.0.1:{hub}"
"""
HUB = """[database]
url = "{url}"
[tills]
listen = "127.0.0.1:{tills}"
names = ["127.0.0.1"]
authority_folder = "authority"
"""


def write(path, text):
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    os.chmod(path, 0o600)


def sale(caller):
    answer = caller.post("operations/sale", client.sale(("Cafea", "1", "25.50", "A")))
    if answer.status != 200:
        raise SystemExit(f"ERROR: a sale was answered {answer}")


def main():
    parser = argparse.ArgumentParser(add_help=True)
    parser.add_argument("till")
    parser.add_argument("hub")
    parser.add_argument("--sales", type=int, default=60, help="sales in each turn")
    parser.add_argument("--rounds", type=int, default=5, help="turns with the hub up, slow and away")
    wanted = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="hub-times-")
    os.chmod(folder, 0o755)
    database = os.path.join(folder, "postgres")
    os.mkdir(database)
    stop_postgres = postgres(database)
    processes = []
    try:
        run(wanted, folder, database, processes)
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
            process.wait()
        stop_postgres()
        shutil.rmtree(folder, ignore_errors=True)


def run(wanted, folder, database, processes):
    started = lambda *arguments: processes.append(  # noqa: E731
        subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=open(os.path.join(folder, "log"), "ab")))
    # The hub.
    config, tills = os.path.join(folder, "hub.toml"), free_port()
    hub = lambda *arguments: subprocess.run(  # noqa: E731
        [wanted.hub, *arguments, "--config", config], check=True, capture_output=True, text=True).stdout
    write(config, HUB.format(url=f"host={database} user=hub dbname=hub", tills=tills))
    hub("init", "--name", "127.0.0.1")
    hub("migrate")
    started(wanted.hub, "run", "--config", config)
    wait_for("the hub serves", lambda: answers(tills))
    relay = Relay(tills)
    # The till.
    link, listen = os.path.join(folder, "printer"), free_port()
    emulator = free_port()
    started(wanted.till, "emulator", "--family", "datecs", "--link", link, "--listen", f"127.0.0.1:{emulator}")
    wait_for("the printer is there", lambda: os.path.lexists(link))
    file = os.path.join(folder, "ferrotill.toml")
    write(file, TILL.format(data=os.path.join(folder, "books"), link=link, listen=listen, hub=relay.port))
    started(wanted.till, "run", "--config", file)
    wait_for("the till serves", lambda: answers(listen))
    said = hub("enrol", "--shop", "Shop 7").split()
    code = said[said.index("enrol") + 1]
    subprocess.run([wanted.till, "hub", "enrol", code, "--config", file], check=True, capture_output=True)
    caller = client.Client(f"http://127.0.0.1:{listen}", "a-key", "a-secret-of-some-length", DEVICE)
    times = {"up": [], "slow": [], "away": []}
    medians = {"up": [], "slow": [], "away": []}
    sold = 0
    for turn in range(wanted.rounds + 1):
        for mode in times:
            relay.set(mode)
            time.sleep(1.2)
            taken = []
            for _ in range(wanted.sales):
                begun = time.perf_counter()
                sale(caller)
                taken.append((time.perf_counter() - begun) * 1000)
                sold += 1
            # The first round warms up.
            if turn > 0:
                times[mode] += taken
                medians[mode].append(statistics.median(taken))
    relay.set("up")
    exported = lambda: list(csv.DictReader(io.StringIO(hub("export", "--as", "csv"))))  # noqa: E731
    wait_for("the hub has every document", lambda: len(exported()) >= sold, 180)
    rows = exported()
    sequences = sorted(int(row["sequence"]) for row in rows)
    is_whole = sequences == list(range(1, sold + 1))
    middle = {mode: statistics.median(times[mode]) for mode in times}
    # The turns of one round stand beside each other: what else the machine does changes between rounds.
    off = {mode: statistics.median(here / up for here, up in zip(medians[mode], medians["up"])) - 1 for mode in ("slow", "away")}
    spread = max(max(found) / min(found) - 1 for found in medians.values())
    if max(map(abs, off.values())) <= 0.05:
        verdict = "same"
    else:
        verdict = "inconclusive" if spread > 0.05 else "differs"
    print(json.dumps({
        "sold": sold, "at_the_hub": len(rows), "whole": is_whole,
        "median_ms": {mode: round(value, 2) for mode, value in middle.items()},
        "difference": {mode: round(value, 4) for mode, value in off.items()},
        "spread_of_rounds": round(spread, 4), "load": os.getloadavg()[0], "verdict": verdict,
    }))
    if verdict == "differs" or not is_whole:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
