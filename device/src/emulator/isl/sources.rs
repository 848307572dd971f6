//! Where each command and each form of its data is described.
//!
//! The driver and the emulated printers share their codecs, so an emulated printer could answer whatever our driver happens
//! to send. This table prevents that: an emulated printer knows a command only if a row here names who describes it, and no
//! row can name our own driver. The tests below compare every request of the recorded conversations with these rows.
//!
//! A row without a function is read by the table of the family ([`crate::family`]). A row with a function is a form that other
//! drivers send and ours does not, or one whose answer has figures that the codecs of the table do not have; the function reads the
//! data, executes the command and writes the answer.

mod classic;
mod daisy;
mod eltrade;
mod mx;
mod tremol;
mod x;

use super::printer::{Answered, Printer};

/// The publication that describes a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormSource {
    /// A manual of the maker: title and edition.
    Manual(&'static str),
    /// A program of the maker.
    MakersCode(&'static str),
    /// Bytes that were recorded between a host and a real printer.
    Trace(&'static str),
    /// A published driver of other authors that sells on real printers.
    OtherDriver(&'static str),
    /// No source decides; the text stands in the list of inferences of `device/README.md`.
    Inference(&'static str),
}

/// Reads the data of a command of another driver, executes it and writes the answer; `None` if the data have another form.
type OfHost = fn(&mut Printer, &[u8]) -> Option<Answered>;

/// One form of one command.
pub struct CommandForm {
    /// The names of the families that know the form.
    pub families: &'static [&'static str],
    /// The number of the command.
    pub command: u8,
    /// The data as the source writes them; square brackets enclose what may be missing.
    pub syntax: &'static str,
    /// Data of this form.
    pub sample: &'static [u8],
    /// Who describes the form.
    pub source: FormSource,
    /// The function of a form that the table of the family does not read or answer.
    of_host: Option<OfHost>,
}

/// A form that the table of the family reads.
const fn form(
    families: &'static [&'static str],
    command: u8,
    syntax: &'static str,
    sample: &'static [u8],
    source: FormSource,
) -> CommandForm {
    CommandForm {
        families,
        command,
        syntax,
        sample,
        source,
        of_host: None,
    }
}

impl CommandForm {
    /// The same form, read by this function.
    const fn by(self, of_host: OfHost) -> Self {
        Self {
            of_host: Some(of_host),
            ..self
        }
    }
}

/// Every form that an emulated printer knows.
pub fn command_forms() -> impl Iterator<Item = &'static CommandForm> {
    let classic = classic::FORMS.iter().chain(eltrade::FORMS);
    let all = classic.chain(x::FORMS).chain(mx::FORMS);
    all.chain(daisy::FORMS).chain(tremol::FORMS)
}

fn of(family: &str, command: u8) -> impl Iterator<Item = &'static CommandForm> {
    command_forms().filter(move |form| form.command == command && form.families.contains(&family))
}

impl Printer {
    /// Whether a source describes this command of the printer's family.
    pub(super) fn has_source(&self, command: u8) -> bool {
        of(mx::described_as(self.family()), command)
            .next()
            .is_some()
    }

    /// Executes a command in a form of another driver; `None` if no form fits.
    pub(super) fn answer_to_other_host(&mut self, command: u8, data: &[u8]) -> Option<Answered> {
        of(mx::described_as(self.family()), command)
            .filter_map(|form| form.of_host)
            .find_map(|of_host| of_host(self, data))
    }
}

#[cfg(test)]
mod tests;
