//! `[hub]`: the hub of a head office, which gets every sealed document of the till.

use std::path::{Path, PathBuf};

use rustls::pki_types::ServerName;

use super::reader::{Reader, Section};
use super::upstream::host_of;
use super::values::is_host_and_port;

/// `[hub]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubConfig {
    /// The hub's URL without a slash at the end; always https.
    pub url: String,
    /// The file with the certificate of the hub's own certificate authority. Enrolment writes it.
    pub ca_file: PathBuf,
}

impl HubConfig {
    /// The URL of a hub if it can be one: https, a host that a certificate can name, perhaps a port and a path.
    #[must_use]
    pub fn url_of(text: &str) -> Option<String> {
        let rest = text.strip_prefix("https://")?;
        let host_and_port = rest.split('/').next().unwrap_or_default();
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic())
            && !text.contains(['?', '#', '"', '\\']);
        let sound = plain
            && text.len() <= URL_BYTES_MAX
            && is_host_and_port(host_and_port)
            && ServerName::try_from(host_of(host_and_port)).is_ok();
        sound.then(|| text.trim_end_matches('/').to_owned())
    }

    /// Host and port of a URL of [`HubConfig::url_of`].
    #[must_use]
    pub fn host_and_port(url: &str) -> (String, u16) {
        let rest = url.strip_prefix("https://").unwrap_or(url);
        let host_and_port = rest.split('/').next().unwrap_or_default();
        let host = host_of(host_and_port);
        let after = host_and_port.rsplit_once(':').map(|(_, port)| port);
        let port = after.and_then(|port| port.parse().ok()).unwrap_or(443);
        (host.to_owned(), port)
    }
}

/// Where the certificate of the hub's authority stands if the configuration does not say.
#[must_use]
pub fn default_ca_file(data_dir: &Path) -> PathBuf {
    data_dir.join("hub.ca.pem")
}

/// Reads the section. Without it, the till has no hub.
pub(super) fn hub(reader: &mut Reader, root: &Section<'_>, data_dir: &Path) -> Option<HubConfig> {
    if !root.has("hub") {
        return None;
    }
    let section = reader.child(root, "hub");
    let url = reader.text(&section, "url").and_then(|found| {
        let url = HubConfig::url_of(&found.value);
        if url.is_none() {
            let remedy =
                "write an https url without user, query and fragment, such as \"https://hub.example:8443\"";
            reader.fault(
                &found.place,
                section.path_of("url"),
                format!("is {:?}", found.value),
                remedy,
            );
        }
        url
    });
    let ca_file = reader.path(&section, "ca_file");
    Some(HubConfig {
        url: url?,
        ca_file: ca_file.map_or_else(|| default_ca_file(data_dir), |file| file.value),
    })
}

/// The longest address.
const URL_BYTES_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::HubConfig;

    #[test]
    fn the_address_of_a_hub_is_an_https_url_of_a_host() {
        for (text, url) in [
            (
                "https://hub.example:8443/",
                Some("https://hub.example:8443"),
            ),
            ("https://hub.example", Some("https://hub.example")),
            (
                "https://10.0.0.7:8443/shops",
                Some("https://10.0.0.7:8443/shops"),
            ),
            ("https://[::1]:8443", Some("https://[::1]:8443")),
            ("http://hub.example", None),
            ("hub.example", None),
            ("https://", None),
            ("https://user@hub.example", None),
            ("https://hub.example?x", None),
            ("https://hub.example/\"", None),
        ] {
            assert_eq!(HubConfig::url_of(text).as_deref(), url, "{text}");
        }
        for (url, host, port) in [
            ("https://hub.example:8443", "hub.example", 8443),
            ("https://hub.example/a", "hub.example", 443),
            ("https://[::1]:8443", "::1", 8443),
            ("https://[::1]", "::1", 443),
        ] {
            assert_eq!(
                HubConfig::host_and_port(url),
                (host.to_owned(), port),
                "{url}"
            );
        }
    }
}
