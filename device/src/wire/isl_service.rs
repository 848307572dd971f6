//! Commands for a Datecs printer other than receipts and reports: identity, counters, the electronic journal, settings.
//!
//! Our driver sends none of them; other drivers do, and the emulated printer answers them.
//! Manual: Datecs group A, v1.00BG; X, v2.08. See `docs/protocols/isl.md`.

use super::codepage;
use super::fields::parse_count;
use super::isl_x::{emit, parse};

/// A question or a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// How many Z-reports the fiscal memory has room for.
    MemoryLeft,
    /// When the fiscal memory was last written.
    LastRecord,
    /// The taxpayer's number.
    TaxId,
    /// The last fiscal receipt.
    LastReceipt,
    /// The identity of the device and its owner.
    Identity,
    /// The text of an error code.
    ErrorWords(i64),
    /// A variable's value.
    Read(Variable),
    /// Sets a variable.
    Write(Variable, String),
    /// The day's refunds by type of payment.
    RefundPayments,
    /// The first and last document of a kind and a time.
    Search {
        /// From, `DD-MM-YY hh:mm:ss`; empty is the beginning.
        from: String,
        /// To, likewise; empty is now.
        to: String,
        /// Kind of documents.
        kind: u32,
    },
    /// Chooses a document of the electronic journal and returns its kind.
    JournalDocument(u32),
    /// Chooses a document of the electronic journal and reads its first line.
    JournalOf(u32),
    /// Chooses documents of the electronic journal, by time, and reads the first line.
    JournalFrom {
        /// From, `DDMMYYhhmmss`.
        from: String,
        /// To, likewise.
        to: String,
    },
    /// The next line of the chosen documents.
    JournalLine,
    /// Prints the chosen document.
    JournalPrint,
    /// The tax rates, in the form of a report.
    RatesReport,
    /// Prints a report that is no report of the day.
    Report(&'static str),
    /// The buyer of an invoice.
    Buyer(Vec<String>),
    /// A command that the service uses once, before a device is fiscalised.
    Fiscalising,
}

/// A variable of X, by name and index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its index.
    pub index: u32,
}

/// The answer of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceAnswer {
    /// No data: it was done.
    Done,
    /// Values, in the order of the manual.
    Fields(Vec<String>),
    /// A line of the electronic journal.
    Line(String),
    /// A document of the electronic journal ends here.
    DocumentEnd,
    /// The chosen documents have no more lines.
    JournalEnd,
}

impl ServiceAnswer {
    /// As groups A and B write it.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        codepage::encode(&match self {
            Self::Done => String::new(),
            Self::Fields(fields) => fields.join(","),
            Self::Line(text) => format!("P,{text}"),
            Self::DocumentEnd => "*,".to_owned(),
            Self::JournalEnd => "F".to_owned(),
        })
    }

    /// As X writes it, after the error code.
    #[must_use]
    pub fn emit_x(&self) -> Vec<u8> {
        match self {
            Self::Fields(fields) => emit(fields),
            Self::Line(text) => emit(&[text]),
            Self::Done | Self::DocumentEnd | Self::JournalEnd => Vec::new(),
        }
    }
}

/// 77h of group A: `R[#F],DT1,DT2` or `R[,]Doc` chooses, `N` reads the next line.
#[must_use]
pub fn journal(data: &[u8]) -> Option<Service> {
    let text = core::str::from_utf8(data).ok()?;
    if text == "N" {
        return Some(Service::JournalLine);
    }
    let rest = text.strip_prefix('R')?;
    let fields: Vec<&str> = rest.split(',').collect();
    match fields.as_slice() {
        [document] | ["", document] => {
            parse_count(document.trim_start_matches('#')).map(Service::JournalOf)
        }
        [_, from, to] => Some(Service::JournalFrom {
            from: whole_stamp(from, "000000")?,
            to: whole_stamp(to, "235959")?,
        }),
        _ => None,
    }
}

/// `DDMMYY[hhmmss]` with the time filled up.
fn whole_stamp(text: &str, time: &str) -> Option<String> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.len() {
        6 if digits => Some(format!("{text}{time}")),
        12 if digits => Some(text.to_owned()),
        _ => None,
    }
}

/// 39h of groups A and B: `[#]TaxId[TAB Seller[TAB Receiver[TAB Client[TAB VatNo[TAB Addr]]]]]`.
#[must_use]
pub fn buyer(data: &[u8]) -> Option<Service> {
    let text = codepage::decode(data);
    let fields: Vec<String> = text.split('\t').map(str::to_owned).collect();
    let number = fields.first()?.trim_start_matches('#');
    (!number.is_empty() && fields.len() <= 6).then_some(Service::Buyer(fields))
}

/// 39h of X: one to eight parameters.
#[must_use]
pub fn buyer_x(data: &[u8]) -> Option<Service> {
    let fields = parse(data)?;
    (1..=8)
        .contains(&fields.len())
        .then_some(Service::Buyer(fields))
}

/// 7Bh of X: `1` or `3`; `2`, battery and modem, is not known.
#[must_use]
pub fn device_x(data: &[u8]) -> Option<Service> {
    match parse(data)?.as_slice() {
        [which] if which == "1" => Some(Service::Identity),
        [which] if which == "3" => Some(Service::LastReceipt),
        _ => None,
    }
}

/// 6Eh of X, `1`.
#[must_use]
pub fn refund_payments_x(data: &[u8]) -> Option<Service> {
    (data == emit(&["1"])).then_some(Service::RefundPayments)
}

/// 64h of X: `-code`.
#[must_use]
pub fn error_text_x(data: &[u8]) -> Option<Service> {
    match parse(data)?.as_slice() {
        [code] => super::fields::parse_decimal(code, 0).map(Service::ErrorWords),
        _ => None,
    }
}

/// FFh of X: `Name,Index,Value`; an empty value reads.
#[must_use]
pub fn variable_x(data: &[u8]) -> Option<Service> {
    match parse(data)?.as_slice() {
        [name, index, value] if !name.is_empty() => {
            let variable = Variable {
                name: name.clone(),
                index: if index.is_empty() {
                    0
                } else {
                    parse_count(index)?
                },
            };
            Some(if value.is_empty() {
                Service::Read(variable)
            } else {
                Service::Write(variable, value.clone())
            })
        }
        _ => None,
    }
}

/// 7Ch of X: `From,To,Type`.
#[must_use]
pub fn search_x(data: &[u8]) -> Option<Service> {
    match parse(data)?.as_slice() {
        [from, to, kind] => Some(Service::Search {
            from: from.clone(),
            to: to.clone(),
            kind: if kind.is_empty() {
                0
            } else {
                parse_count(kind).filter(|kind| *kind <= 10)?
            },
        }),
        _ => None,
    }
}

/// 7Dh of X: `Option,DocNum,Type`: 0 chooses a document, 1 reads its next line, 3 prints it. 2, its data, is not known.
#[must_use]
pub fn journal_x(data: &[u8]) -> Option<Service> {
    let fields = parse(data)?;
    let (option, rest) = fields.split_first()?;
    match (option.as_str(), rest) {
        ("0", [document, ..]) => parse_count(document).map(Service::JournalDocument),
        ("1", _) => Some(Service::JournalLine),
        ("3", _) => Some(Service::JournalPrint),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_is_chosen_by_number_and_by_time() {
        assert_eq!(journal(b"R12"), Some(Service::JournalOf(12)));
        assert_eq!(journal(b"R,12"), Some(Service::JournalOf(12)));
        assert_eq!(
            journal(b"R#F,211126,221126103000"),
            Some(Service::JournalFrom {
                from: "211126000000".to_owned(),
                to: "221126103000".to_owned(),
            })
        );
        assert_eq!(journal(b"N"), Some(Service::JournalLine));
        for wrong in [&b""[..], b"R", b"Rx", b"R,2111,221126", b"X"] {
            assert_eq!(journal(wrong), None, "{wrong:?}");
        }
        let chosen = Some(Service::JournalDocument(12));
        assert_eq!(journal_x(b"0\t12\t\t"), chosen);
        assert_eq!(journal_x(b"2\t\t\t"), None);
    }

    #[test]
    fn a_variable_is_read_without_a_value_and_written_with_one() {
        let variable = Variable {
            name: "Header".to_owned(),
            index: 1,
        };
        assert_eq!(
            variable_x(b"Header\t1\t\t"),
            Some(Service::Read(variable.clone()))
        );
        assert_eq!(
            variable_x(b"Header\t1\tMagazin\t"),
            Some(Service::Write(variable, "Magazin".to_owned()))
        );
        assert_eq!(variable_x(b"Header\t1\t"), None);
    }

    #[test]
    fn answers_are_written_in_both_forms() {
        let reported = ServiceAnswer::Fields(vec!["1".to_owned(), "Б".to_owned()]);
        assert_eq!(reported.emit(), b"1,\xC1");
        assert_eq!(reported.emit_x(), b"1\t\xC1\t");
        assert_eq!(ServiceAnswer::JournalEnd.emit(), b"F");
    }
}
