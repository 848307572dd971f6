using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FiscalCloud.Server.API.ComplexExamples;

public class CSharpExample
{
    private readonly HttpClient _httpClient = new();
    private readonly string apiKey = "2nWjc9v5Jr5c4XJCqQVosYb67BwxhwnZwSsNuA0LbyPvXYveQFzKAqMGOj8Doyz2";
    private readonly string apiSecret = "w6IcKa2UsJe63gqwTuaidvQOZclmaJvlyXHOwgDplU5K3hZWGCUSmVj1rI5n8xU5";
    private readonly string deviceId = "0875b8a5-0668-41a3-a3fa-8eeccf66d289";

    public CSharpExample()
    {
        _httpClient.BaseAddress = new Uri("http://localhost:50700/api/v1/");
    }

    public async Task SaleExample()
    {
        var saleRequest = new
        {
            ReceiptMode = "FiscalReceiptOnly",
            SendToEmail = true,
            EmailAddress = "test@mail.com",
            SendToPhone = true,
            PhoneNumber = "079000001",
            Items = new[]
            {
                new
                {
                    Name = "Piine Praga (Franzeluta)",
                    Quantity = 2.000m,
                    Price = 8.10m,
                    ModifierMode = "ByPercent",
                    ModifierValue = -15.00m,
                    TaxGroupCode =  "B"
                },
                new
                {
                    Name = "Gura Cainarului 1.5l Necarbogazoasa",
                    Quantity = 1.000m,
                    Price = 12.00m,
                    ModifierMode = "ByAmount",
                    ModifierValue = -1.00m,
                    TaxGroupCode =  "A"
                }
            },
            Payments = new[]
            {
                new
                {
                    TypeCode = 1,
                    Amount = 15.00m,
                    UseBankTerminal = true,
                },
                new
                {
                    TypeCode = 0,
                    Amount = 10.00m,
                    UseBankTerminal = false,
                }
            },
            AmountModifications = new[]
            {
                new
                {
                    Mode = "ByPercent",
                    Value = -25.00m
                }
            }
        };

        var response = await SendAsync(HttpMethod.Post, "operations/sale", saleRequest, apiKey, apiSecret);
        Console.WriteLine(response.ToString());
    }

    public async Task CreateFiscalReceiptExample()
    {
        var receipt = new
        {
            SendToEmail = true,
            EmailAddress = "test@mail.com",
            SendToPhone = true,
            PhoneNumber = "079000001",
            Items = new[]
            {
                new
                {
                    Name = "Piine Praga (Franzeluta)",
                    Quantity = 2.000m,
                    Price = 8.10m,
                    ModifierMode = "ByPercent",
                    ModifierValue = -15.00m,
                    TaxGroupCode =  "B"
                },
                new
                {
                    Name = "Gura Cainarului 1.5l Necarbogazoasa",
                    Quantity = 1.000m,
                    Price = 12.00m,
                    ModifierMode = "ByAmount",
                    ModifierValue = -1.00m,
                    TaxGroupCode =  "A"
                }
            },
            Payments = new[]
            {
                new
                {
                    TypeCode = 1,
                    Amount = 15.00m
                },
                new
                {
                    TypeCode = 0,
                    Amount = 10.00m
                }
            },
            AmountModifications = new[]
            {
                new
                {
                    Mode = "ByPercent",
                    Value = -25.00m
                }
            }
        };

        var response = await SendAsync(HttpMethod.Post, "receipts", receipt, apiKey, apiSecret);
        Console.WriteLine(response.ToString());
    }

    public async Task CloseDayExample()
    {
        var closeDayRequest = new { };

        var response = await SendAsync(HttpMethod.Post, "operations/closeday", closeDayRequest, apiKey, apiSecret);
        Console.WriteLine(response.ToString());
    }

    public async Task IntermediateTotalsExample()
    {
        var intermediateTotalsRequest = new { };

        var response = await SendAsync(HttpMethod.Post, "operations/intermediatetotals", intermediateTotalsRequest, apiKey, apiSecret);
        Console.WriteLine(response.ToString());
    }

    private async Task<HttpResponseMessage> SendRequestAsync<TRequest>(HttpMethod httpMethod, string requestUri, TRequest? requestBody, string apiKey, string apiSecret)
    {
        var jsonBody = requestBody is not null ? JsonSerializer.Serialize(requestBody) : null;

        HttpRequestMessage httpRequest = new(httpMethod, requestUri);
        if (jsonBody is not null)
            httpRequest.Content = new StringContent(jsonBody, Encoding.UTF8, "application/json");

        var timestamp = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds().ToString();
        var pathAndQuery = new Uri(_httpClient.BaseAddress!, httpRequest.RequestUri!).PathAndQuery;
        var signature = CalculateHmacSHA256Signature(deviceId, pointOfSaleId: string.Empty, timestamp,
            httpMethod.Method.ToUpperInvariant(), pathAndQuery, jsonBody, apiSecret);

        httpRequest.Headers.Add("Api-Key", apiKey);
        httpRequest.Headers.Add("Api-Timestamp", timestamp);
        httpRequest.Headers.Add("Api-Signature", signature);
        httpRequest.Headers.Add("Api-DeviceId", deviceId);

        var httpResponse = await _httpClient.SendAsync(httpRequest);
        return httpResponse;
    }

    private async Task<JsonObject> SendAsync<TRequest>(HttpMethod httpMethod, string requestUri, TRequest? requestBody, string apiKey, string apiSecret)
    {
        var httpResponse = await SendRequestAsync(httpMethod, requestUri, requestBody, apiKey, apiSecret);
        if (!httpResponse.IsSuccessStatusCode && httpResponse.StatusCode != System.Net.HttpStatusCode.UnprocessableEntity)
            httpResponse.EnsureSuccessStatusCode();
        return await httpResponse.Content.ReadFromJsonAsync<JsonObject>()
            ?? throw new ApplicationException("Invalid server response. Please try again.");
    }

    private static string CalculateHmacSHA256Signature(string? deviceId, string? pointOfSaleId, string timestamp,
        string method, string pathAndQuery, string? requestBody, string secretKey)
    {
        string dataToSign = $"{deviceId}{pointOfSaleId}{timestamp}{method}{pathAndQuery}{requestBody}";
        byte[] keyBytes = Encoding.ASCII.GetBytes(secretKey);
        using var hmac = new HMACSHA256(keyBytes);
        byte[] hashBytes = hmac.ComputeHash(Encoding.UTF8.GetBytes(dataToSign));
        return BitConverter.ToString(hashBytes).Replace("-", "").ToLower();
    }

}
