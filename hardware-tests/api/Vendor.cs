// Runs the vendor's C# example, unchanged: vendor/CSharpExample.cs is the text of their documentation, which has no entry point.
// The global usings are those of a project with ImplicitUsings, as `dotnet new console` makes it.

global using System;
global using System.Collections.Generic;
global using System.IO;
global using System.Linq;
global using System.Net.Http;
global using System.Threading;
global using System.Threading.Tasks;
using System.Text.Json.Nodes;
using FiscalCloud.Server.API.ComplexExamples;

var example = new CSharpExample();
var console = Console.Out;
foreach (var call in new Func<Task>[] { example.SaleExample, example.CreateFiscalReceiptExample, example.IntermediateTotalsExample, example.CloseDayExample })
{
    var printed = new StringWriter();
    Console.SetOut(printed);
    await call();
    Console.SetOut(console);
    var answer = JsonNode.Parse(printed.ToString())!;
    var data = answer["data"]?["fiscalReceipt"] ?? answer["data"];
    if (!(bool)answer["success"]!)
        throw new InvalidOperationException($"{call.Method.Name}: {answer["errorType"]}: {answer["message"]}");
    Console.WriteLine($"{call.Method.Name} {data!["number"]} {data["totalAmount"]}");
}
