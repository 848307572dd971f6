#!/usr/bin/env python3
"""Checks a hub with other people's tools: `run.py HUB TOOLS [TILL]`.

TOOLS is a folder for tools that are installed once. The checks: schemathesis (every operation of /openapi.json), pages (axe over each
page, at 500 and 1200 pixels), till (the program TILL enrols, sells, is killed, and sells on while the hub is away). PostgreSQL runs in a temporary folder. A check that cannot run here prints a line SKIPPED with the reason.
"""

from __future__ import annotations

import base64
import glob
import html
import os
import pwd
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "api"))

from run import AXE_CALL, Skipped, Tools, need, run  # noqa: E402

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"
NAME, PASSWORD = "Ana", "correct horse battery"
FIRST, SECOND = "01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-000000000002"

# Two tills: one sells, has a gap and a difference in its Z-reports, problems and a refused batch; the other has never reported.
DATA = f"""
INSERT INTO till (id, shop, made_ms, last_sequence, last_batch_ms) VALUES
    ('{FIRST}', 'Market street 5 <shop>', 1780000000000, 60, (extract(epoch FROM now()) * 1000)::bigint), ('{SECOND}', 'Harbour', 1780000000000, 0, NULL);
INSERT INTO health VALUES ('{FIRST}', (extract(epoch FROM now()) * 1000)::bigint, 1780000000000, 1, '0.1.0', false, 3, 1780000000000,
    1780000000000, '[{{"currency": "EUR", "documents": 2, "total": 2500}}]',
    '[{{"id": "printer_silent", "part": "printer", "severity": "error", "since_ms": 1780000000000, "text": "Look at the cable."}}]');
INSERT INTO refused_batch VALUES ('{FIRST}', 'x', 'rolled_back', 1, 51, 60, 1780000000000, 'x');
INSERT INTO document SELECT '{FIRST}', n, (extract(epoch FROM now()) * 1000)::bigint + n, current_date, 120, 1, n * 2, '{FIRST}', gen_random_uuid(),
    CASE WHEN n % 20 = 0 THEN 6 ELSE 0 END, 'A', n, 'EUR', 1250, 0, CASE WHEN n = 60 THEN 7 ELSE n / 20 END,
    CASE WHEN n % 20 = 0 THEN jsonb_build_object('documents', 19, 'sums', '[{{"name": "sales", "amount": 30000}}]'::jsonb,
        'differences', CASE WHEN n = 60 THEN '[{{"side": "printer", "name": "sales", "till": 30000, "other": 29999}}]'::jsonb ELSE '[]'::jsonb END) END,
    '\\x00' FROM generate_series(1, 60) n;
"""


class Postgres:
    """A cluster on a socket in a temporary folder, run by a user without rights."""

    def __init__(self):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if not found:
            raise Skipped("PostgreSQL is not installed here (Debian: apt-get install postgresql)")
        self.bin = Path(found[-1])
        self.user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        self.folder = Path(tempfile.mkdtemp(prefix="hub-pg-", dir="/tmp"))
        if self.user:
            entry = pwd.getpwnam("postgres")
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        data = self.folder / "data"
        run([self.bin / "initdb", "-A", "trust", "-U", "hub", "-E", "UTF8", "--no-sync", "-D", data], 60, cwd=self.folder, **self.user)
        command = [self.bin / "postgres", "-D", data, "-k", self.folder, "-c", "listen_addresses="]
        self.log = (self.folder.parent / f"{self.folder.name}.log").open("w")
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=self.log, stderr=self.log, **self.user)
        self.url = f"host={self.folder} user=hub dbname=postgres"
        for _ in range(300):
            try:
                self.sql("SELECT 1")
                return
            except AssertionError:
                time.sleep(0.1)
        raise AssertionError("PostgreSQL does not start")

    def sql(self, text: str) -> str:
        return run([self.bin / "psql", "-qAt", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "hub", "-d", "postgres", "-c", text], 60)

    def stop(self) -> None:
        self.process.send_signal(3)
        self.process.wait(60)
        self.log.close()
        os.remove(self.log.name)
        subprocess.run(["rm", "-rf", self.folder], check=False)


class Hub:
    """A hub with two tills and a person."""

    def __init__(self, binary: Path, folder: Path, database: Postgres):
        config = folder / "hub.toml"
        config.write_text(
            f'[database]\nurl = "{database.url}"\n[tills]\nlisten = "127.0.0.1:0"\nnames = ["localhost"]\nauthority_folder = "authority"\n'
            '[people]\nlisten = "127.0.0.1:0"\n'
        )
        run([binary, "init", "--config", config, "--name", "localhost"], 20)
        run([binary, "migrate", "--config", config], 20)
        database.sql(DATA)
        run([binary, "person", "--config", config, NAME], 20, input=PASSWORD)
        self.binary, self.config, self.folder, self.database = binary, config, folder, database
        self.start()

    def start(self) -> None:
        """Starts the process and waits until it serves. After the first time it has the same address for tills."""
        self.process = subprocess.Popen([self.binary, "run", "--config", self.config], stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if ready := re.search(r"READY tills \S+:(\d+) people (\S+)", line):
                self.tills, self.url = f"https://localhost:{ready.group(1)}", f"http://{ready.group(2)}"
                break
        else:
            raise AssertionError("the hub does not start")
        self.config.write_text(self.config.read_text().replace('[tills]\nlisten = "127.0.0.1:0"', f'[tills]\nlisten = "127.0.0.1:{ready.group(1)}"'))
        self.log = (self.folder / "hub.log").open("a")
        subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=self.log)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


def schemathesis(hub: Hub, tools: Tools, folder: Path) -> str:
    program = tools.python("schemathesis")
    basic = base64.b64encode(f"{NAME}:{PASSWORD}".encode()).decode()
    command = [program, "run", f"{hub.url}/openapi.json", "--url", hub.url, "--phases", "examples,coverage,fuzzing"]
    command += ["--max-examples", "25", "--seed", "1", "--generation-database", "none", "--request-timeout", "30"]
    command += ["--workers", "2", "--no-color", "--checks", CHECKS, "--header", f"Authorization: Basic {basic}"]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
    said = run(command, 400, env=environment, cwd=folder)
    return "; ".join(line.strip() for line in said.splitlines() if re.search(r"^ *(Tested: |\d+ generated)", line))


def pages(hub: Hub, tools: Tools, folder: Path) -> str:
    """Every page, judged by axe in Chromium. The pages forbid scripts, so that copies of them are judged."""
    need("chromium")
    script = tools.axe().replace("</script", "<\\/script")
    form = urllib.parse.urlencode({"name": NAME, "password": PASSWORD}).encode()

    class NoRedirect(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    try:
        urllib.request.build_opener(NoRedirect).open(f"{hub.url}/sign-in", form, timeout=20)
        raise AssertionError("signing in has no redirect")
    except urllib.error.HTTPError as redirect:
        assert redirect.code == 303, redirect.code
        cookie = redirect.headers["Set-Cookie"].split(";")[0]

    def page(path: str) -> str:
        request = urllib.request.Request(hub.url + path, headers={"Cookie": cookie})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read().decode()

    style = f"<style>{page('/style.css')}</style>"
    paths = ["/sign-in", "/", "/tills", "/tills?trouble=yes", f"/tills/{FIRST}", f"/tills/{SECOND}", "/z", "/z?differences=yes"]
    paths += ["/sign-in?language=uk", "/?language=ru", f"/tills/{FIRST}?language=de", "/tills?language=ro", "/z?language=uz"]
    for path in paths:
        text = page(path)
        assert len(text.encode()) < 100_000 and "<script" not in text, path
        copy = folder / "page.html"
        text = text.replace('<link rel="stylesheet" href="/style.css">', style)
        wide = "const page = document.documentElement; const wide = page.scrollWidth > page.clientWidth; document.body.dataset.wide = wide;"
        copy.write_text(text.replace("</body>", f"<script>{wide}</script><script>{script}</script><script>{AXE_CALL}</script></body>"), encoding="utf-8")
        for width in (500, 1200):
            command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},900", "--virtual-time-budget=20000"]
            shown = run([*command, f"--user-data-dir={folder / 'chromium'}", "--dump-dom", copy.as_uri()], 90)
            said = re.search(r'<pre id="axe-said">(.*?)</pre>', shown, re.S)
            assert said, f"{path}: axe has said nothing"
            assert said.group(1) == "[]", f"{path}: {html.unescape(said.group(1))}"
            assert 'data-wide="false"' in shown, f"{path} is wider than {width} pixels"
    return f"{len(paths)} pages at two widths"


def till(hub: Hub, tools: Tools, folder: Path) -> str:
    """A till of a country without a printer enrols, sells, is killed, and sells on while the hub is away."""
    program, data = Path(sys.argv[3]).resolve(), folder / "till"
    demo = [program, "--json", "demo", "--serve", "--country", "AT", "--listen", "127.0.0.1:50791", "--data", data]
    made = subprocess.Popen(demo, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    made.stdout.readline()
    made.terminate()
    made.wait(30)
    config = data / "ferrotill.toml"
    said = run([hub.binary, "enrol", "--config", hub.config, "--shop", "Real till"], 20)
    name, code = re.search(r"Till (\S+),", said).group(1), re.search(r"enrol (\S+)", said).group(1)
    mistyped = subprocess.run(
        [program, "hub", "enrol", code[:-1] + ("0" if code[-1] != "0" else "1"), "--url", hub.tills, "--config", config], capture_output=True, text=True, timeout=30
    )
    assert mistyped.returncode and "group 16" in mistyped.stderr, mistyped
    run([program, "hub", "enrol", code, "--url", hub.tills, "--config", config], 30)

    def started() -> subprocess.Popen:
        process = subprocess.Popen([program, "run", "--config", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            try:
                urllib.request.urlopen("http://127.0.0.1:50791/healthz", timeout=5).close()
                return process
            except urllib.error.HTTPError:
                return process
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the till does not start")

    def sells(times: int) -> None:
        for _ in range(times):
            sale = ["POST", "/api/v1/operations/sale", "--body", data / "sale.json"]
            answer = run([program, "api", "curl", *sale, "--config", config, "--run"], 60)
            assert '"success":true' in answer or "registered" in answer, answer

    def stored(documents: int) -> None:
        wanted = f"{documents}|1|{documents}"
        for _ in range(600):
            found = hub.database.sql(f"SELECT count(*), min(sequence), max(sequence) FROM document WHERE till = '{name}'").strip()
            if found == wanted:
                return
            time.sleep(0.2)
        raise AssertionError(f"the hub has {found} instead of {wanted}")

    process = started()
    sells(3)
    stored(3)
    hub.process.kill()
    hub.process.wait(30)
    sells(3)
    process.kill()
    process.wait(30)
    process = started()
    sells(2)
    hub.start()
    stored(8)
    process.terminate()
    process.wait(30)
    assert hub.database.sql(f"SELECT count(*) FROM health WHERE till = '{name}'").strip() == "1"
    assert hub.database.sql(f"SELECT count(*) FROM refused_batch WHERE till = '{name}'").strip() == "0"
    return "8 documents, once and in order"


def main() -> int:
    binary, tools = Path(sys.argv[1]).resolve(), Tools(Path(sys.argv[2]).resolve())
    tools.folder.mkdir(parents=True, exist_ok=True)
    try:
        database = Postgres()
    except Skipped as skipped:
        print(f"SKIPPED: {skipped}, so no other tool has called a hub.")
        return 0
    failed = 0
    try:
        with tempfile.TemporaryDirectory() as home:
            hub = Hub(binary, Path(home), database)
            try:
                checks = {"pages": pages, "schemathesis": schemathesis}
                if len(sys.argv) > 3:
                    checks = {"till": till, **checks}
                for name, check in checks.items():
                    folder = Path(home) / name
                    folder.mkdir()
                    begun = time.monotonic()
                    try:
                        said = check(hub, tools, folder)
                        print(f"ok   {name}: {said} ({time.monotonic() - begun:.0f} s)", flush=True)
                    except Skipped as skipped:
                        print(f"SKIPPED: {name}: {skipped}", flush=True)
                    except AssertionError as error:
                        failed += 1
                        print(f"FAIL {name}: {error}", flush=True)
            finally:
                hub.stop()
    finally:
        database.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
