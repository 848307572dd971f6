// Sells, returns, lists and closes the day with the client that NSwag makes from the vendor's document, unchanged.

using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Security.Cryptography;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using FiscalCloud;

public static class Nswag
{
    private sealed class Signature : DelegatingHandler
    {
        public Signature() : base(new HttpClientHandler()) { }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken token)
        {
            var body = request.Content == null ? "" : await request.Content.ReadAsStringAsync();
            var epoch = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);
            var timestamp = ((long)(DateTime.UtcNow - epoch).TotalMilliseconds).ToString();
            request.Headers.Remove("Api-DeviceId");
            request.Headers.Add("Api-DeviceId", Setting("FERROTILL_DEVICE"));
            request.Headers.Add("Api-Key", Setting("FERROTILL_KEY"));
            request.Headers.Add("Api-Secret", "as the document declares it");
            request.Headers.Add("Api-Timestamp", timestamp);
            var text = Setting("FERROTILL_DEVICE") + timestamp + request.Method.Method + request.RequestUri.PathAndQuery + body;
            using (var hmac = new HMACSHA256(Encoding.ASCII.GetBytes(Setting("FERROTILL_SECRET"))))
            {
                var digest = BitConverter.ToString(hmac.ComputeHash(Encoding.UTF8.GetBytes(text))).Replace("-", "").ToLowerInvariant();
                request.Headers.Add("Api-Signature", digest);
            }
            return await base.SendAsync(request, token);
        }
    }

    public static int Main()
    {
        Day().Wait();
        return 0;
    }

    private static async Task Day()
    {
        var client = new FiscalCloudClient(Setting("FERROTILL_URL"), new HttpClient(new Signature()));
        var device = new Guid(Setting("FERROTILL_DEVICE"));
        var id = Guid.NewGuid();
        var request = new SaleRequest
        {
            Id = id,
            PrintOnServer = true,
            Print = true,
            Items = new List<SaleRequestItem> { new SaleRequestItem { Name = "Piine", Quantity = 2, Price = 8.1, ModifierMode = SaleRequestItemModifierMode.ByPercent, ModifierValue = -10, TaxGroupCode = "B" } },
            Payments = new List<SaleRequestPayment> { new SaleRequestPayment { TypeCode = 0, Amount = 20 } },
            AmountModifications = new List<SaleRequestAmountModification>(),
        };
        var sold = await client.SaleAsync(device, request);
        var receipt = sold.Data.FiscalReceipt;
        Check(sold.Success && receipt.Id == id && receipt.TotalAmount == 14.58, "sale");
        var again = await client.SaleAsync(device, request);
        Check(again.Data.FiscalReceipt.UniqueId == receipt.UniqueId, "repetition");
        await client.CashoperationsPOSTAsync(device, new CreateCashOperationRequest { Id = Guid.NewGuid(), PrintOnServer = true, Amount = 50 });
        var returned = await client.ReturnAsync(device, new ReturnRequest
        {
            Id = Guid.NewGuid(),
            PrintOnServer = true,
            OriginalReceiptId = id,
            Items = new List<ReturnRequestItem> { new ReturnRequestItem { Name = "Piine", Quantity = 1, Price = 8.1, ModifierMode = ReturnRequestItemModifierMode.ByPercent, ModifierValue = -10, TaxGroupCode = "B", AmountBeforeModification = 8.1, Amount = 7.29, TaxRate = 8, TaxAmount = 0.54, FinalAmount = 7.29, FinalTaxAmount = 0.54 } },
            Payments = new List<ReturnRequestPayment> { new ReturnRequestPayment { TypeCode = 0, Amount = 7.29 } },
        });
        Check(returned.Data.TotalAmount == 7.29, "return");
        var page = await client.ReceiptsGETAsync(device, null, 0, 10);
        Check(page.Data.Data.Any(one => one.Id == id), "list");
        var full = await client.FullAsync(device);
        Check(full.Data.TotalCount == page.Data.TotalCount, "whole list");
        Check((await client.ReceiptsGET2Async(device, id)).Data.UniqueId == receipt.UniqueId, "read");
        Check((await client.DevicesAsync()).Data.Data.Single().Id == device, "devices");
        Check((await client.Devices2Async(device)).Data.TaxGroups.Count > 0, "device");
        Check((await client.IntermediatetotalsAsync(device)).Data.Type == ReportDtoType.XReport, "X-report");
        var closed = await client.ClosedayAsync(device, null, new BaseOperationRequest { Id = Guid.NewGuid(), PrintOnServer = true });
        Check(closed.Data.Type == ReportDtoType.ZReport, "Z-report");
        Check((await client.ReportsGETAsync(device)).Data.Data.First().Id == closed.Data.Id, "reports");
        Console.WriteLine("sold, returned, listed and closed the day");
    }

    private static void Check(bool holds, string what)
    {
        if (!holds)
            throw new InvalidOperationException(what);
    }

    private static string Setting(string name)
    {
        return Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException(name + " is not set");
    }
}
