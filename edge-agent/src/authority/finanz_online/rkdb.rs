//! Requests about cash registers: one entry each, with the elements in the order of the schema.

use super::{RKDB, Xml};
use crate::config::FinanzOnlineUser;

/// Who sends a request, and in which session.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// The user.
    pub user: &'a FinanzOnlineUser,
    /// The id of the session.
    pub session: &'a str,
    /// True if the request is a test (`T`): nothing is booked for good.
    pub test: bool,
    /// The number of the request, 1 to 999,999,999.
    pub packet: u32,
    /// The moment of the request, such as `2026-11-29T08:00:00Z`.
    pub at: &'a str,
}

/// The name of a signature unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitName<'a> {
    /// A certificate, by its serial in hexadecimal.
    Certificate(&'a str),
    /// A key of a closed system.
    Key {
        /// What the number is: `UID`, `FASTNR` or `GLN`.
        kind: &'static str,
        /// The number of the company.
        number: &'a str,
        /// The id of the key.
        key: &'a str,
    },
}

impl<'a> UnitName<'a> {
    /// The name of a unit whose receipts have this serial.
    #[must_use]
    pub fn of(serial: &'a str) -> Self {
        let closed = serial.split_once(':').and_then(|(kind, rest)| {
            let kind = match kind {
                "U" => "UID",
                "S" => "FASTNR",
                "G" => "GLN",
                _ => return None,
            };
            let (number, key) = rest.split_once('-')?;
            Some(Self::Key { kind, number, key })
        });
        closed.unwrap_or(Self::Certificate(serial))
    }

    fn write(self, xml: &mut Xml) {
        match self {
            Self::Certificate(serial) => xml.text("zertifikatsseriennummer", serial),
            Self::Key { kind, number, key } => xml
                .text("art_ob", kind)
                .text("ob", number)
                .text("zusatz_ob", key),
        };
    }

    /// The end of the names of elements about such a unit.
    const fn suffix(self) -> &'static str {
        match self {
            Self::Certificate(_) => "se",
            Self::Key { .. } => "ggs",
        }
    }
}

/// What a unit is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitForm {
    /// A signature card.
    Card,
    /// A module of the company itself; a key in software on a test is named so, too.
    OwnModule,
    /// A signature service.
    Service,
}

impl UnitForm {
    const fn name(self) -> &'static str {
        match self {
            Self::Card => "SIGNATURKARTE",
            Self::OwnModule => "EIGENES_HSM",
            Self::Service => "HSM_DIENSTLEISTER",
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RkdbOperation<'a> {
    /// Registers a unit with a certificate.
    RegisterUnit {
        /// What the unit is made of.
        form: UnitForm,
        /// The number of the provider.
        provider: u16,
        /// The serial of the certificate, in hexadecimal.
        serial: &'a str,
    },
    /// Registers a key of a closed system.
    RegisterKey {
        /// The name of the key.
        unit: UnitName<'a>,
        /// The public key (`SubjectPublicKeyInfo`, DER) in Base64.
        public: &'a str,
    },
    /// Registers a cash box.
    RegisterCashBox {
        /// Its id.
        id: &'a str,
        /// The key of its turnover counter in Base64.
        key: &'a str,
    },
    /// Checks a receipt.
    CheckReceipt {
        /// The text of its QR code.
        code: &'a str,
    },
    /// A unit does not sign.
    UnitFails {
        /// The unit.
        unit: UnitName<'a>,
        /// When this began.
        since: &'a str,
    },
    /// A unit signs again.
    UnitWorks {
        /// The unit.
        unit: UnitName<'a>,
        /// Since when.
        since: &'a str,
    },
    /// Takes a unit out of use for ever.
    UnitEnds(UnitName<'a>),
    /// A cash box does not work.
    CashBoxFails {
        /// Its id.
        id: &'a str,
        /// When this began.
        since: &'a str,
    },
    /// A cash box works again.
    CashBoxWorks {
        /// Its id.
        id: &'a str,
        /// Since when.
        since: &'a str,
    },
    /// Takes a cash box out of use for ever.
    CashBoxEnds {
        /// Its id.
        id: &'a str,
        /// True if it is beyond repair, false if the end is planned.
        broken: bool,
    },
    /// Asks for the state of a unit.
    UnitState(UnitName<'a>),
    /// Asks for the state of a cash box.
    CashBoxState {
        /// Its id.
        id: &'a str,
    },
}

/// The reason of an outage: the unit cannot sign, or signs wrongly.
const CANNOT_SIGN: &str = "2";
/// The reason of an outage: another one.
const OTHER_REASON: &str = "99";
/// The reason of an end: planned.
const PLANNED: &str = "6";
/// The reason of an end: beyond repair.
const BEYOND_REPAIR: &str = "7";
/// Requests have one entry.
const FIRST: &str = "1";

impl RkdbOperation<'_> {
    /// The request.
    #[must_use]
    pub fn request(&self, sender: Sender<'_>) -> String {
        let mut xml = Xml::default();
        xml.text("tid", &sender.user.participant_id)
            .text("benid", &sender.user.user_id)
            .text("id", sender.session)
            .text("art_uebermittlung", if sender.test { "T" } else { "P" });
        let state = match self {
            Self::UnitState(unit @ UnitName::Certificate(_)) => Some(("status_see", Some(*unit))),
            Self::UnitState(unit @ UnitName::Key { .. }) => Some(("status_ggs", Some(*unit))),
            Self::CashBoxState { .. } => Some(("status_kasse", None)),
            _ => None,
        };
        let outer = state.map_or("rkdb", |(name, _)| name);
        xml.open(outer)
            .text("paket_nr", &sender.packet.to_string())
            .text("ts_erstellung", sender.at);
        if let Some((_, unit)) = state {
            xml.text("satznr", FIRST);
            match (unit, self) {
                (Some(unit), _) => unit.write(&mut xml),
                (None, Self::CashBoxState { id }) => {
                    xml.text("kassenidentifikationsnummer", id);
                }
                (None, _) => {}
            }
        } else {
            let entry = self.entry();
            xml.open(&entry).text("satznr", FIRST);
            self.write(&mut xml);
            xml.close(&entry);
        }
        xml.close(outer);
        xml.in_envelope("rkdbRequest", RKDB)
    }

    /// The name of the entry.
    fn entry(&self) -> String {
        match self {
            Self::RegisterUnit { .. } => "registrierung_se".to_owned(),
            Self::RegisterKey { .. } => "registrierung_ggs".to_owned(),
            Self::RegisterCashBox { .. } => "registrierung_kasse".to_owned(),
            Self::CheckReceipt { .. } => "belegpruefung".to_owned(),
            Self::UnitFails { unit, .. } | Self::UnitEnds(unit) => {
                format!("ausfall_{}", unit.suffix())
            }
            Self::UnitWorks { unit, .. } => format!("wiederinbetriebnahme_{}", unit.suffix()),
            Self::CashBoxFails { .. } | Self::CashBoxEnds { .. } => "ausfall_kasse".to_owned(),
            Self::CashBoxWorks { .. } => "wiederinbetriebnahme_kasse".to_owned(),
            Self::UnitState(_) | Self::CashBoxState { .. } => String::new(),
        }
    }

    /// What stands in the entry after its number.
    fn write(&self, xml: &mut Xml) {
        match *self {
            Self::RegisterUnit {
                form,
                provider,
                serial,
            } => {
                xml.text("art_se", form.name())
                    .text("vda_id", &format!("AT{provider}"))
                    .text("zertifikatsseriennummer", serial);
            }
            Self::RegisterKey { unit, public } => {
                unit.write(xml);
                xml.text("art_se_ggs", "SW_GGS").text("public_key", public);
            }
            Self::RegisterCashBox { id, key } => {
                xml.text("kassenidentifikationsnummer", id)
                    .text("benutzerschluessel", key);
            }
            Self::CheckReceipt { code } => {
                xml.text("beleg", code);
            }
            Self::UnitFails { unit, since } => {
                unit.write(xml);
                outage(xml, CANNOT_SIGN, since);
            }
            Self::UnitWorks { unit, since } => {
                unit.write(xml);
                xml.text("ende_ausfall", since);
            }
            Self::UnitEnds(unit) => {
                unit.write(xml);
                end(xml, PLANNED);
            }
            Self::CashBoxFails { id, since } => {
                xml.text("kassenidentifikationsnummer", id);
                outage(xml, OTHER_REASON, since);
            }
            Self::CashBoxWorks { id, since } => {
                xml.text("kassenidentifikationsnummer", id)
                    .text("ende_ausfall", since);
            }
            Self::CashBoxEnds { id, broken } => {
                xml.text("kassenidentifikationsnummer", id);
                end(xml, if broken { BEYOND_REPAIR } else { PLANNED });
            }
            Self::UnitState(_) | Self::CashBoxState { .. } => {}
        }
    }
}

fn outage(xml: &mut Xml, reason: &str, since: &str) {
    xml.open("ausfall")
        .text("begruendung", reason)
        .text("beginn_ausfall", since)
        .close("ausfall");
}

fn end(xml: &mut Xml, reason: &str) {
    xml.open("ausserbetriebnahme")
        .text("begruendung", reason)
        .close("ausserbetriebnahme");
}
