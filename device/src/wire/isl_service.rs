//! Commands for a Datecs printer other than receipts and reports: identity, counters, the electronic journal, settings.
//!
//! Our driver sends none of them; other drivers do, and the emulated printer answers them.
//! Manual: Datecs group A, v1.00BG; X, v2.08. See `docs/protocols/isl.md`.

use super::codepage;
use super::fields::parse_count;
use super::isl_x::{emit, parse};

/// A question or a command for a printer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// Asks for how many Z-reports the fiscal memory has room.
    MemoryLeft,
    /// Asks when the fiscal memory was last written.
    LastRecord,
    /// Asks for the taxpayer's number.
    TaxId,
    /// Asks for the last fiscal receipt.
    LastReceipt,
    /// Asks for the identity of the device and its owner.
    Identity,
    /// Asks for the text of an error code.
    ErrorWords(i64),
    /// Asks for the value of a variable.
    Read(Variable),
    /// Sets a variable.
    Write(Variable, String),
    /// Asks for the day's refunds by type of payment.
    RefundPayments,
    /// Asks for the first and the last document of a kind within a time.
    Search {
        /// The beginning of the time, `DD-MM-YY hh:mm:ss`; empty is the beginning of the journal.
        from: String,
        /// The end of the time, in the same form; empty is now.
        to: String,
        /// The kind of documents.
        kind: u32,
    },
    /// Chooses a document of the electronic journal and returns its kind.
    JournalDocument(u32),
    /// Chooses a document of the electronic journal and reads its first line.
    JournalOf(u32),
    /// Chooses documents of the electronic journal, by time, and reads the first line.
    JournalFrom {
        /// The beginning of the time, `DDMMYYhhmmss`.
        from: String,
        /// The end of the time, in the same form.
        to: String,
    },
    /// Reads the next line of the chosen documents.
    JournalLine,
    /// Prints the chosen document.
    JournalPrint,
    /// Asks for the tax rates, in the form of a report.
    RatesReport,
    /// Prints a report that is not a report of the day.
    Report(&'static str),
    /// Prints the buyer of an invoice.
    Buyer(Vec<String>),
    /// A command that the service uses once, before a device is fiscalised.
    Fiscalising,
}

/// A variable of X, by name and index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variable {
    /// The name of the variable.
    pub name: String,
    /// The index of the variable.
    pub index: u32,
}

/// The answer of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceAnswer {
    /// The command was carried out, and the answer has no data.
    Done,
    /// Values in the order of the manual.
    Fields(Vec<String>),
    /// A line of the electronic journal.
    Line(String),
    /// A document of the electronic journal ends here.
    DocumentEnd,
    /// The chosen documents have no more lines.
    JournalEnd,
}

impl ServiceAnswer {
    /// Writes the answer in the form of groups A and B.
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

    /// Writes the answer in the form of X, after the error code.
    #[must_use]
    pub fn emit_x(&self) -> Vec<u8> {
        match self {
            Self::Fields(fields) => emit(fields),
            Self::Line(text) => emit(&[text]),
            Self::Done | Self::DocumentEnd | Self::JournalEnd => Vec::new(),
        }
    }
}

/// Reads the data of 77h of group A: `R[#F],DT1,DT2` or `R[,]Doc` chooses, `N` reads the next line.
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

/// Reads `DDMMYY[hhmmss]`; a missing time is filled up with `time`.
fn whole_stamp(text: &str, time: &str) -> Option<String> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.len() {
        6 if digits => Some(format!("{text}{time}")),
        12 if digits => Some(text.to_owned()),
        _ => None,
    }
}

/// Reads the data of 39h of groups A and B: `[#]TaxId[TAB Seller[TAB Receiver[TAB Client[TAB VatNo[TAB Addr]]]]]`.
#[must_use]
pub fn buyer(data: &[u8]) -> Option<Service> {
    let text = codepage::decode(data);
    let fields: Vec<String> = text.split('\t').map(str::to_owned).collect();
    let number = fields.first()?.trim_start_matches('#');
    (!number.is_empty() && fields.len() <= 6).then_some(Service::Buyer(fields))
}

/// Reads the data of 39h of X: one to eight parameters.
#[must_use]
pub fn buyer_x(data: &[u8]) -> Option<Service> {
    let fields = parse(data)?;
    (1..=8)
        .contains(&fields.len())
        .then_some(Service::Buyer(fields))
}

/// Reads the data of 7Bh of X: `1` or `3`; `2` (battery and modem) is not supported.
#[must_use]
pub fn device_x(data: &[u8]) -> Option<Service> {
    match parse(data)?.as_slice() {
        [which] if which == "1" => Some(Service::Identity),
        [which] if which == "3" => Some(Service::LastReceipt),
        _ => None,
    }
}

/// Reads the data of 6Eh of X with the type `1`.
#[must_use]
pub fn refund_payments_x(data: &[u8]) -> Option<Service> {
    (data == emit(&["1"])).then_some(Service::RefundPayments)
}

/// Reads the data of 64h of X: `-code`.
#[must_use]
pub fn error_text_x(data: &[u8]) -> Option<Service> {
    match parse(data)?.as_slice() {
        [code] => super::fields::parse_decimal(code, 0).map(Service::ErrorWords),
        _ => None,
    }
}

/// Reads the data of FFh of X: `Name,Index,Value`; with an empty value the variable is read and not set.
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

/// Reads the data of 7Ch of X: `From,To,Type`.
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

/// Reads the data of 7Dh of X: `Option,DocNum,Type`: option 0 chooses a document, 1 reads its next line, 3 prints it. Option 2,
/// the document's data, is not supported.
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
