//! The check of a protocol (DEP): every rule of `docs/countries/at.md` that a protocol alone can show.

mod flaw;
mod receipts;

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ferrotill_core::Amount;

pub use flaw::{DepFault, DepFlaw};

use crate::certificate::{CertificateUnreadable, UnitCertificate};
use crate::dep_reader::{DepParts, read_dep};
use crate::material::KeyMaterial;
use receipts::ReceiptCheck;

/// The number of flaws that are kept; further ones are counted.
pub const FLAWS_MAX: usize = 100;

/// What the check of a protocol has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DepChecked {
    /// The cash box id of the first receipt that can be read.
    pub cash_box: String,
    /// The number of receipts.
    pub receipts: u64,
    /// The number of receipts with "Sicherheitseinrichtung ausgefallen" in place of a signature.
    pub unsigned: u64,
    /// The number of receipts that are voids.
    pub voids: u64,
    /// The number of receipts that are trainings.
    pub trainings: u64,
    /// The turnover counter after the last receipt; `None` if it is not known.
    pub counter: Option<Amount>,
    /// The first flaws, at most [`FLAWS_MAX`], in the order of the protocol.
    pub flaws: Vec<DepFlaw>,
    /// The number of further flaws.
    pub more_flaws: u64,
    /// The number of Nullbelege without a signature. A Monatsbeleg and a Schlussbeleg may be so; a Jahresbeleg may not, and a protocol
    /// does not show which is which. The official checker reports each of them.
    pub unsigned_zero: u64,
    /// Units whose certificate has another serial number inside than the receipts name. No checker looks at it.
    pub other_serials: Vec<String>,
}

impl DepChecked {
    /// Whether the protocol has no flaw.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        self.flaws.is_empty()
    }

    fn add(&mut self, flaw: DepFlaw) {
        if self.flaws.len() < FLAWS_MAX {
            self.flaws.push(flaw);
        } else {
            self.more_flaws = self.more_flaws.saturating_add(1);
        }
    }
}

/// Checks a protocol with the keys of its cash box: form, cash box, ids, times, chain, start, turnover counter, signatures, outages,
/// and the certificates of the groups.
///
/// After a flaw the check goes on from what the receipt shows, so that one damage is one flaw and not a flaw of every later receipt.
/// Memory: about 50 bytes for each receipt, for the ids that were used, and nothing else that grows.
///
/// # Errors
///
/// What is wrong with the JSON of the protocol, with line and column.
pub fn check_dep(from: impl Read, keys: &KeyMaterial) -> serde_json::Result<DepChecked> {
    let mut check = Check {
        receipts: ReceiptCheck::new(keys),
        groups: 0,
    };
    read_dep(from, &mut check)?;
    let mut checked = check.receipts.finish();
    checked.other_serials = other_serials(keys);
    Ok(checked)
}

struct Check<'k> {
    receipts: ReceiptCheck<'k>,
    groups: u64,
}

impl DepParts for Check<'_> {
    fn receipt(&mut self, compact: &str) {
        self.receipts.take(compact);
    }

    /// The certificate of a group must be that of every unit that the receipts of the group name. An empty one says nothing.
    fn group_end(&mut self, certificate: &str, authorities: &[String]) {
        self.groups = self.groups.saturating_add(1);
        let group = self.groups;
        let used = self.receipts.end_group();
        let written = std::iter::once(certificate).filter(|text| !text.is_empty());
        let written: Vec<_> = written.map(read_certificate).collect();
        let authorities = authorities.iter().map(|text| read_any_certificate(text));
        let unreadable = written.iter().map(|read| read.as_ref().err().copied());
        for why in unreadable.chain(authorities).flatten() {
            self.receipts
                .flaw_of_group(DepFault::GroupCertificateUnreadable { group, why });
        }
        let Some(Ok(certificate)) = written.first() else {
            return;
        };
        for (serial, first) in used {
            if self.receipts.key_of(&serial) != Some(certificate.key) {
                let fault = DepFault::GroupCertificateForeign { group };
                self.receipts.flaw_of(first, fault);
            }
        }
    }
}

fn read_certificate(text: &str) -> Result<UnitCertificate, CertificateUnreadable> {
    let der = STANDARD.decode(text);
    let der = der.map_err(|_| CertificateUnreadable::NoCertificate)?;
    UnitCertificate::read(&der)
}

/// What is wrong with a certificate of an authority, which may have a key of any kind.
fn read_any_certificate(text: &str) -> Option<CertificateUnreadable> {
    match read_certificate(text) {
        Err(why @ CertificateUnreadable::NoCertificate) => Some(why),
        _ => None,
    }
}

/// The units whose certificate has another serial number inside than its name says. Letters and leading zeros do not count.
fn other_serials(keys: &KeyMaterial) -> Vec<String> {
    let units = keys.units.iter().filter(|(name, unit)| {
        let digits = name.trim_start_matches('0').to_lowercase();
        unit.certificate_serial()
            .is_some_and(|serial| serial != digits)
    });
    units.map(|(name, _)| name.clone()).collect()
}
