// Sells from C#, repeats the call, and prints number and total of the receipt.
// FERROTILL_URL (http://127.0.0.1:50700), FERROTILL_KEY, FERROTILL_SECRET and FERROTILL_DEVICE name the till and the client.
// It uses nothing that Mono or .NET Framework 4.5 lacks: mcs -r:System.Net.Http.dll Sell.cs && mono Sell.exe

using System;
using System.Net.Http;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Tasks;

public static class Sell
{
    private static readonly HttpClient Client = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };

    public static int Main()
    {
        SellTwice().Wait();
        return 0;
    }

    private static async Task SellTwice()
    {
        var body = "{\"id\":\"" + Guid.NewGuid() + "\",\"items\":[{\"name\":\"Piine\",\"quantity\":2.000,\"price\":8.10,\"taxGroupCode\":\"B\"}]," +
            "\"payments\":[{\"typeCode\":0,\"amount\":20.00}]}";
        var first = await Call("POST", "/api/v1/operations/sale", body);
        // The same id gets the same receipt: repeat the call whenever the answer was lost.
        var again = await Call("POST", "/api/v1/operations/sale", body);
        if (Member(first, "uniqueId") != Member(again, "uniqueId"))
            throw new InvalidOperationException("another receipt");
        Console.WriteLine("sold " + Member(first, "number") + " " + Member(first, "totalAmount"));
    }

    /// <summary>The answer to a signed call, as text. A refusal (422) throws with its message.</summary>
    private static async Task<string> Call(string method, string path, string body)
    {
        var device = Setting("FERROTILL_DEVICE");
        var epoch = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        var timestamp = ((long)(DateTime.UtcNow - epoch).TotalMilliseconds).ToString();
        var request = new HttpRequestMessage(new HttpMethod(method), Setting("FERROTILL_URL") + path);
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        request.Headers.Add("Api-Key", Setting("FERROTILL_KEY"));
        request.Headers.Add("Api-DeviceId", device);
        request.Headers.Add("Api-Timestamp", timestamp);
        request.Headers.Add("Api-Signature", Signature(device + timestamp + method + path + body));
        var answer = await Client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        if (!answer.IsSuccessStatusCode)
            throw new InvalidOperationException(text);
        return text;
    }

    private static string Signature(string text)
    {
        using (var hmac = new HMACSHA256(Encoding.ASCII.GetBytes(Setting("FERROTILL_SECRET"))))
            return BitConverter.ToString(hmac.ComputeHash(Encoding.UTF8.GetBytes(text))).Replace("-", "").ToLowerInvariant();
    }

    /// <summary>The first member with this name. Take a JSON library in a program of your own.</summary>
    private static string Member(string json, string name)
    {
        return Regex.Match(json, "\"" + name + "\":\"?([^\",}]*)").Groups[1].Value;
    }

    private static string Setting(string name)
    {
        var value = Environment.GetEnvironmentVariable(name);
        if (string.IsNullOrEmpty(value))
            throw new InvalidOperationException(name + " is not set");
        return value;
    }
}
