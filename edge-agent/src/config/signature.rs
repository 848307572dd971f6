//! `[[signature_unit]]`: the units that sign receipts, where the law asks for signatures.

use std::path::PathBuf;

use super::reader::{Reader, Section};
use super::values::{Mode, Secret, secret_in};

/// `[[signature_unit]]`: a unit in software.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureUnitConfig {
    /// The name of the unit; in a closed system the id of its key, as it stands in the receipts.
    pub id: String,
    /// The number of the provider: what follows `R1-AT` in the suite; 0 is a closed system.
    pub provider: u16,
    /// The file with the encrypted private key.
    pub key_file: PathBuf,
    /// The secret under which the key is encrypted; `None` only on a TEST till, which has a file of its own for it.
    pub pin: Option<Secret>,
    /// The number of the decision about the closed system.
    pub closed_system: Option<String>,
}

/// The provider of a closed system (`R1-AT0`).
pub(super) const CLOSED_SYSTEM: u16 = 0;
/// The provider of a unit in software on a TEST till (`R1-AT9`).
const TEST_PROVIDER: u16 = 9;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Software,
    Pkcs11,
    Http,
}

pub(super) fn signature_units(
    reader: &mut Reader,
    root: &Section<'_>,
    mode: Mode,
) -> Vec<SignatureUnitConfig> {
    let sections = reader.children(root, "signature_unit");
    let units = sections
        .iter()
        .filter_map(|section| unit(reader, section, mode));
    units.collect()
}

fn unit(reader: &mut Reader, section: &Section<'_>, mode: Mode) -> Option<SignatureUnitConfig> {
    let kinds = [
        ("software", Kind::Software),
        ("pkcs11", Kind::Pkcs11),
        ("http", Kind::Http),
    ];
    let kind = reader.choice(section, "kind", &kinds);
    if let Some(Kind::Pkcs11 | Kind::Http) = kind {
        reader.fault(
            &section.place_of("kind"),
            section.path_of("kind"),
            "is a kind of signature unit that this build does not support yet",
            "write \"software\"",
        );
    }
    let id = reader.text(section, "id");
    let provider = provider(reader, section, mode);
    let key_file = reader.path(section, "key_file");
    let pin = reader
        .path(section, "pin_file")
        .and_then(|file| secret_in(reader, section, "pin_file", &file, mode));
    let closed_system = reader.text(section, "closed_system");
    if mode == Mode::Live {
        needed_live(
            reader,
            section,
            "pin_file",
            "add it: the path of a file with mode 0600 that holds the secret of the private key",
        );
        needed_live(
            reader,
            section,
            "closed_system",
            "add it: a unit in software signs for a closed system only, whose decision has this number",
        );
    }
    Some(SignatureUnitConfig {
        id: id?.value,
        provider: provider?,
        key_file: key_file?.value,
        pin,
        closed_system: closed_system.map(|found| found.value),
    })
}

fn needed_live(reader: &mut Reader, section: &Section<'_>, key: &str, remedy: &str) {
    if !section.has(key) {
        let what = "is missing, and the till is LIVE";
        reader.fault(&section.place, section.path_of(key), what, remedy);
    }
}

/// The provider of the suite. A LIVE till with a unit in software is a closed system.
fn provider(reader: &mut Reader, section: &Section<'_>, mode: Mode) -> Option<u16> {
    let suite = reader.text(section, "suite")?;
    let number = suite
        .value
        .strip_prefix("R1-AT")
        .and_then(|number| number.parse().ok());
    let allowed = match number {
        Some(CLOSED_SYSTEM) => true,
        Some(TEST_PROVIDER) => mode == Mode::Test,
        _ => false,
    };
    if !allowed {
        let remedy = match mode {
            Mode::Test => "write \"R1-AT9\", or \"R1-AT0\" for a closed system",
            Mode::Live => {
                "write \"R1-AT0\": on a LIVE till a unit in software signs for a closed system only"
            }
        };
        reader.fault(
            &suite.place,
            section.path_of("suite"),
            format!(
                "is {:?}, which a unit in software cannot have on a {mode} till",
                suite.value
            ),
            remedy,
        );
    }
    number.filter(|_| allowed)
}
