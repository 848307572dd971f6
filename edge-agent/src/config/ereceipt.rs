//! `[ereceipt]`: the pages on which buyers read their receipts, and where receipts are published.

use std::net::SocketAddr;

use ferrotill_store::DeliveryChannel;

use super::publishing::{self, BucketConfig, ReceiptServiceConfig};
use super::reader::{Reader, Section};
use super::values::{Mode, is_host_and_port};

/// `[ereceipt]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EReceiptConfig {
    /// The address of the listener for buyers; `None` if there is none.
    pub listen: Option<SocketAddr>,
    /// The address under which buyers reach this listener, without a slash at its end.
    pub public_url: Option<String>,
    /// How long a receipt is public, in days.
    pub public_days: u16,
    /// Whether buyers may write the particulars of a business meal.
    pub hospitality: bool,
    /// The bucket in which receipts are published, if any.
    pub bucket: Option<BucketConfig>,
    /// The eReceipt service at which receipts are published, if any.
    pub service: Option<ReceiptServiceConfig>,
}

impl EReceiptConfig {
    /// Where receipts are published.
    #[must_use]
    pub fn published_at(&self) -> Vec<DeliveryChannel> {
        let bucket = self.bucket.as_ref().map(|_| DeliveryChannel::Bucket);
        let service = self.service.as_ref().map(|_| DeliveryChannel::EReceipt);
        bucket.into_iter().chain(service).collect()
    }
}

/// Reads the section.
pub(super) fn ereceipt(reader: &mut Reader, root: &Section<'_>, mode: Mode) -> EReceiptConfig {
    let section = reader.child(root, "ereceipt");
    let listen = reader.text(&section, "listen").and_then(|found| {
        let address = found.value.parse();
        if address.is_err() {
            let remedy = "write address:port, such as \"0.0.0.0:50701\"";
            reader.fault(
                &found.place,
                section.path_of("listen"),
                format!("is {:?}", found.value),
                remedy,
            );
        }
        address.ok()
    });
    let public_url = reader.text(&section, "public_url").and_then(|found| {
        let url = found.value.trim_end_matches('/').to_owned();
        let rest = ["https://", "http://"]
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme));
        let host = rest.map(|rest| rest.split('/').next().unwrap_or_default());
        let graphic = url
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\"<>?#".contains(&byte));
        if host.is_some_and(is_host_and_port) && graphic && url.len() <= URL_BYTES_MAX {
            return Some(url);
        }
        let remedy = "write the address without a user, such as \"https://receipts.shop.example\"";
        reader.fault(
            &found.place,
            section.path_of("public_url"),
            format!("is {:?}", found.value),
            remedy,
        );
        None
    });
    EReceiptConfig {
        listen,
        public_url,
        public_days: reader.number(&section, "public_days").unwrap_or_default(),
        hospitality: reader.flag(&section, "hospitality"),
        bucket: publishing::bucket(reader, &section, mode, section.has("public_url")),
        service: publishing::service(reader, &section, mode),
    }
}

/// The longest address, so that a QR code with it stays small.
const URL_BYTES_MAX: usize = 200;
