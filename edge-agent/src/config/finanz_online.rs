//! `[finanzonline]`: the web services of the tax authority for cash registers, and the user that may call them.

use super::reader::{Found, Reader, Section};
use super::values::{Mode, Secret, is_host_and_port, secret_in};

/// `[finanzonline]`: where units and cash boxes are registered, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinanzOnlineConfig {
    /// The address of the web services, without a slash at the end.
    pub url: String,
    /// The VAT id of the maker of the program.
    pub manufacturer_id: String,
    /// The user of the web services; `None` if a caller of the API gives it later.
    pub user: Option<FinanzOnlineUser>,
}

/// A user of the web services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinanzOnlineUser {
    /// The id of the participant.
    pub participant_id: String,
    /// The id of the user.
    pub user_id: String,
    /// The PIN of the user.
    pub pin: Secret,
}

impl FinanzOnlineUser {
    /// What is wrong with the form of the three values, as the services demand it: the name of the value, and what it must be.
    #[must_use]
    pub fn faults(
        participant_id: &str,
        user_id: &str,
        pin: &str,
    ) -> Vec<(&'static str, &'static str)> {
        let rows = [
            (
                is_word(participant_id, 8, 12),
                "participant_id",
                PARTICIPANT,
            ),
            (is_word(user_id, 5, 12), "user_id", USER),
            (
                (5..=128).contains(&pin.chars().count()),
                "pin",
                "has 5 to 128 characters",
            ),
        ];
        let faulty = rows.into_iter().filter(|(right, ..)| !right);
        faulty.map(|(_, name, needed)| (name, needed)).collect()
    }
}

const PARTICIPANT: &str = "has 8 to 12 letters and digits";
const USER: &str = "has 5 to 12 letters and digits";
const MANUFACTURER: &str = "has 10 to 24 letters and digits";

fn is_word(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

pub(super) fn finanz_online(
    reader: &mut Reader,
    root: &Section<'_>,
    mode: Mode,
) -> Option<FinanzOnlineConfig> {
    if !root.has("finanzonline") {
        return None;
    }
    let section = reader.child(root, "finanzonline");
    let url = reader.text(&section, "url");
    if let Some(url) = &url {
        check_url(reader, &section, url, mode);
    }
    let manufacturer_id = word(reader, &section, "manufacturer_id", (10, 24, MANUFACTURER));
    let keys = ["participant_id", "user_id", "pin_file"];
    let written = keys.iter().filter(|key| section.has(key)).count();
    if written > 0 {
        for key in keys.into_iter().filter(|key| !section.has(key)) {
            reader.fault(
                &section.place,
                section.path_of(key),
                "is missing, and another key of the user is written",
                "write participant_id, user_id and pin_file, or none of them",
            );
        }
    }
    let participant_id = word(reader, &section, "participant_id", (8, 12, PARTICIPANT));
    let user_id = word(reader, &section, "user_id", (5, 12, USER));
    let pin = reader
        .path(&section, "pin_file")
        .and_then(|file| secret_in(reader, &section, "pin_file", &file, mode));
    let user = participant_id.zip(user_id).zip(pin);
    Some(FinanzOnlineConfig {
        url: url.map_or_else(String::new, |url| {
            url.value.trim_end_matches('/').to_owned()
        }),
        manufacturer_id: manufacturer_id.unwrap_or_default(),
        user: user.map(|((participant_id, user_id), pin)| FinanzOnlineUser {
            participant_id,
            user_id,
            pin,
        }),
    })
}

/// A text of letters and digits.
fn word(
    reader: &mut Reader,
    section: &Section<'_>,
    key: &str,
    (least, most, needed): (usize, usize, &str),
) -> Option<String> {
    let found = reader.text(section, key)?;
    if !is_word(&found.value, least, most) {
        reader.fault(
            &found.place,
            section.path_of(key),
            format!("is {:?}", found.value),
            format!("the value {needed}"),
        );
    }
    Some(found.value)
}

/// The address is `https://`, or `http://` on this machine: the key of the turnover counter and a PIN go there.
fn check_url(reader: &mut Reader, section: &Section<'_>, url: &Found<String>, mode: Mode) {
    let text = url.value.as_str();
    let (over_tls, rest) = match text.strip_prefix("https://") {
        Some(rest) => (true, Some(rest)),
        None => (false, text.strip_prefix("http://")),
    };
    let host = rest.map(|rest| rest.split('/').next().unwrap_or_default());
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.contains(['?', '#']);
    let right = host.is_some_and(|host| plain && is_host_and_port(host));
    let local = host.is_some_and(|host| {
        let name = host.split(':').next().unwrap_or_default();
        matches!(name, "127.0.0.1" | "localhost") || host.starts_with("[::1]")
    });
    if !right || !(over_tls || local) {
        let what = format!("is {text:?}");
        let remedy = "write an https url, or an http url on this machine (127.0.0.1) for a simulated service";
        reader.fault(&url.place, section.path_of("url"), what, remedy);
    } else if local && mode == Mode::Live {
        reader.warn(
            &url.place,
            section.path_of("url"),
            "is on this machine, and the till is LIVE",
            "leave it out: the default is the address of the tax authority",
        );
    }
}
