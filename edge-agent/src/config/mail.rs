//! `[mail]` and `[sms]`: how receipts are sent to buyers.

use super::reader::{Found, Reader, Section};
use super::upstream::{Trust, certificates, is_this_machine};
use super::values::{Mode, Secret, SecretKeys, is_host_and_port, optional_secret};

/// `[mail]`: the mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailConfig {
    /// The name or the address of the server.
    pub host: String,
    /// The port of the server.
    pub port: u16,
    /// The user and the password, if the server asks for them.
    pub login: Option<(String, Secret)>,
    /// The sender, as mails show it.
    pub from: String,
    /// The certificate authorities that may have issued the server's certificate.
    pub trust: Trust,
}

impl MailConfig {
    /// True if the server runs on this machine.
    #[must_use]
    pub fn is_this_machine(&self) -> bool {
        is_this_machine(&self.host)
    }
}

/// `[sms]`: the gateway for short messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsConfig {
    /// The address to which messages are posted.
    pub url: String,
    /// The header that holds the secret.
    pub header: String,
    /// The secret, if the gateway asks for one.
    pub secret: Option<Secret>,
}

/// Reads the section `[mail]`. Without it, a TEST till keeps the mails, and a LIVE till sends none.
pub(super) fn mail(reader: &mut Reader, root: &Section<'_>, mode: Mode) -> Option<MailConfig> {
    if !root.has("mail") {
        return None;
    }
    let section = reader.child(root, "mail");
    let host = reader.text(&section, "host");
    if let Some(host) = &host
        && (!is_host_and_port(&host.value) || host.value.contains(':'))
    {
        let remedy = "write the name of the server without a port, such as \"mail.example\"";
        reader.fault(
            &host.place,
            section.path_of("host"),
            format!("is {:?}", host.value),
            remedy,
        );
    }
    let from = reader.text(&section, "from");
    if let Some(from) = &from
        && !is_sender(&from.value)
    {
        let remedy = "write an e-mail address, such as \"Shop <receipts@shop.example>\"";
        reader.fault(
            &from.place,
            section.path_of("from"),
            format!("is {:?}", from.value),
            remedy,
        );
    }
    let trust = match reader.path(&section, "ca_file") {
        Some(file) => certificates(reader, &section, &file),
        None => Trust::BuiltIn,
    };
    Some(MailConfig {
        login: login(reader, &section, mode),
        port: reader.number(&section, "port").unwrap_or_default(),
        host: host?.value,
        from: from?.value,
        trust,
    })
}

fn login(reader: &mut Reader, section: &Section<'_>, mode: Mode) -> Option<(String, Secret)> {
    let user = reader.text(section, "user");
    let password = optional_secret(reader, section, mode, PASSWORD);
    let has_password = PASSWORD.both().iter().any(|key| section.has(key));
    match (user, has_password) {
        (Some(user), false) => {
            let remedy = "add password_file, or remove user";
            reader.fault(
                &user.place,
                section.path_of("user"),
                "is written without password_file",
                remedy,
            );
            None
        }
        (None, true) if !section.has("user") => {
            let remedy = "add user, or remove the password";
            reader.fault(
                &section.place,
                section.path_of("user"),
                "is missing beside the password",
                remedy,
            );
            None
        }
        (user, _) => Some((user?.value, password?)),
    }
}

fn is_sender(text: &str) -> bool {
    let address = match text
        .strip_suffix('>')
        .and_then(|text| text.rsplit_once('<'))
    {
        Some((_, address)) => address,
        None => text,
    };
    let parts = address.rsplit_once('@');
    parts.is_some_and(|(name, host)| {
        !name.is_empty() && is_host_and_port(host) && !host.contains(':')
    }) && !text.chars().any(char::is_control)
}

/// Reads the section `[sms]`. Without it, a TEST till keeps the messages, and a LIVE till sends none.
pub(super) fn sms(reader: &mut Reader, root: &Section<'_>, mode: Mode) -> Option<SmsConfig> {
    if !root.has("sms") {
        return None;
    }
    let section = reader.child(root, "sms");
    let url = reader.text(&section, "url");
    if let Some(url) = &url {
        check_url(reader, &section, url);
    }
    let header = reader.text(&section, "header");
    if let Some(header) = &header
        && !header
            .value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        let remedy = "write letters, digits and hyphens, such as \"X-Api-Key\"";
        reader.fault(
            &header.place,
            section.path_of("header"),
            format!("is {:?}", header.value),
            remedy,
        );
    }
    let secret = optional_secret(reader, &section, mode, SECRET);
    Some(SmsConfig {
        url: url?.value,
        header: header?.value,
        secret,
    })
}

/// The contact of a buyer and the secret of the shop go only over TLS, or to this machine.
fn check_url(reader: &mut Reader, section: &Section<'_>, url: &Found<String>) {
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| url.value.strip_prefix(scheme));
    let host = rest.map(|rest| rest.split('/').next().unwrap_or_default());
    let host = host.filter(|host| {
        is_host_and_port(host) && url.value.bytes().all(|byte| byte.is_ascii_graphic())
    });
    let Some(host) = host else {
        let remedy = "write an https url without user, such as \"https://gateway.example/send\"";
        return reader.fault(
            &url.place,
            section.path_of("url"),
            format!("is {:?}", url.value),
            remedy,
        );
    };
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if url.value.starts_with("http://") && !is_this_machine(name.trim_matches(['[', ']'])) {
        reader.fault(
            &url.place,
            section.path_of("url"),
            "is not encrypted: others on the network can read the contacts of buyers",
            "write an https url",
        );
    }
}

const PASSWORD: SecretKeys = SecretKeys {
    direct: "password",
    file: "password_file",
};
const SECRET: SecretKeys = SecretKeys {
    direct: "secret",
    file: "secret_file",
};
