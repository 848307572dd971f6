// The client of NSwag refuses a member that the vendor's document does not know.

namespace FiscalCloud
{
    public partial class FiscalCloudClient
    {
        partial void UpdateJsonSerializerSettings(System.Text.Json.JsonSerializerOptions settings)
        {
            settings.UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow;
        }
    }
}
