//! `[fiscalbox]`: the limits of fiscal modules, the payment providers that their devices reach, and the billing.

use std::path::PathBuf;
use std::time::Duration;

use super::reader::{Reader, Section};
use super::values::{Mode, Secret, SecretKeys, is_host_and_port, optional_secret};

/// `[fiscalbox]`: what is set for all fiscal modules of the till.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiscalBoxConfig {
    /// For how long a module keeps receipts that it cannot send.
    pub stored_max: Duration,
    /// After this time the till itself gives a provider the link of a receipt.
    pub confirm_after: Duration,
    /// For how long the money of a payment without a receipt is kept.
    pub give_back_after: Duration,
    /// The file with the goods codes that receipts may have.
    pub classes_file: Option<PathBuf>,
    /// The providers whose amounts are in soms; all others are in tiyin.
    pub in_soms: Vec<&'static str>,
    /// The billing; `None` if it is not configured.
    pub billing: Option<BillingConfig>,
}

/// `[fiscalbox.billing]`: the billing of FiscalBox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillingConfig {
    /// The address, without a slash at the end.
    pub url: String,
    /// The user.
    pub user: String,
    /// The password of the user.
    pub password: Secret,
}

/// The keys of the password of the billing.
const PASSWORD: SecretKeys = SecretKeys {
    direct: "password",
    file: "password_file",
};
/// The providers whose unit can be set.
const PROVIDERS: [&str; 7] = [
    "click", "payme", "uzum", "anor", "xumo", "uzcard", "scan2pay",
];
const UNITS: &[(&str, bool)] = &[("tiyin", false), ("som", true)];

pub(super) fn fiscalbox(reader: &mut Reader, root: &Section<'_>, mode: Mode) -> FiscalBoxConfig {
    let section = reader.child(root, "fiscalbox");
    let units = reader.child(&section, "units");
    let in_soms = PROVIDERS
        .into_iter()
        .filter(|provider| reader.choice(&units, provider, UNITS) == Some(true))
        .collect();
    let hours: u64 = reader
        .number(&section, "stored_hours_max")
        .unwrap_or_default();
    FiscalBoxConfig {
        stored_max: Duration::from_secs(hours.saturating_mul(3_600)),
        confirm_after: reader
            .seconds(&section, "confirm_after_s")
            .unwrap_or_default(),
        give_back_after: reader
            .seconds(&section, "give_back_after_s")
            .unwrap_or_default(),
        classes_file: reader.path(&section, "classes_file").map(|file| file.value),
        in_soms,
        billing: billing(reader, &section, mode),
    }
}

fn billing(reader: &mut Reader, parent: &Section<'_>, mode: Mode) -> Option<BillingConfig> {
    if !parent.has("billing") {
        return None;
    }
    let section = reader.child(parent, "billing");
    let url = reader.text(&section, "url");
    if let Some(url) = &url
        && !is_billing_url(&url.value)
    {
        reader.fault(
            &url.place,
            section.path_of("url"),
            format!("is {:?}", url.value),
            "write an https url without user, query and fragment, or an http url on this machine",
        );
    }
    let user = reader.text(&section, "user");
    let password = optional_secret(reader, &section, mode, PASSWORD);
    if PASSWORD.both().iter().all(|key| !section.has(key)) {
        reader.fault(
            &section.place,
            section.path_of(PASSWORD.file),
            "is missing",
            "add it: the path of a file with mode 0600 that holds the password",
        );
    }
    Some(BillingConfig {
        url: url?.value.trim_end_matches('/').to_owned(),
        user: user?.value,
        password: password?,
    })
}

/// True for `https`, and for `http` on this machine.
fn is_billing_url(url: &str) -> bool {
    let host_of = |rest: &str| rest.split('/').next().unwrap_or("").to_owned();
    let is_plain = !url.contains(['?', '#', '@', ' ']);
    match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => is_plain && is_host_and_port(&host_of(rest)),
        (None, Some(rest)) => {
            let host = host_of(rest);
            let name = host.split(':').next().unwrap_or("");
            is_plain && is_host_and_port(&host) && ["127.0.0.1", "localhost"].contains(&name)
        }
        (None, None) => false,
    }
}
