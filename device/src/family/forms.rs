//! The forms in which firmware answers one question, each with its source.

use core::fmt;

use super::codec::Codec;

/// Where a form is known from. Our own driver is no source, so there is no value for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A manual of the maker.
    Manual(&'static str),
    /// Program code of the maker.
    MakersCode(&'static str),
    /// A recorded conversation with a real printer.
    Trace(&'static str),
    /// Another form of the same answer makes this one likely. The form is read, and no emulated printer answers in it.
    Inference(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manual(name) => write!(f, "manual: {name}"),
            Self::MakersCode(name) => write!(f, "maker's code: {name}"),
            Self::Trace(name) => write!(f, "trace: {name}"),
            Self::Inference(reason) => write!(f, "inference: {reason}"),
        }
    }
}

/// One form of an answer.
pub struct AnswerForm<A: 'static> {
    /// The fields of the answer, in the words of its source.
    pub shape: &'static str,
    /// Where the form is known from.
    pub source: Source,
    /// The names of the firmware in [`Protocol::firmware`](super::Protocol::firmware) that answers in this form.
    pub firmware: &'static [&'static str],
    /// Writes the answer, and reads it if the whole answer has this form.
    pub codec: Codec<A>,
}

/// The forms of the answer to one question.
pub enum Answers<A: 'static> {
    /// Every firmware answers in this form.
    One(Codec<A>),
    /// Each firmware answers in one of these forms, or does not know the question.
    Forms(&'static [AnswerForm<A>]),
}

impl<A> Clone for Answers<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Answers<A> {}

impl<A> Answers<A> {
    /// Reads an answer by its shape. `None` if no form fits, or if more than one form fits: then nothing says which one it is.
    #[must_use]
    pub fn read(&self, data: &[u8]) -> Option<A> {
        match self {
            Self::One(codec) => (codec.parse)(data),
            Self::Forms(forms) => {
                let mut read = forms.iter().filter_map(|form| (form.codec.parse)(data));
                let only = read.next()?;
                match read.next() {
                    None => Some(only),
                    Some(_) => None,
                }
            }
        }
    }

    /// Writes an answer as this firmware does; `None` if the firmware does not know the question.
    #[must_use]
    pub fn write(&self, firmware: &str, answer: &A) -> Option<Vec<u8>> {
        match self {
            Self::One(codec) => Some((codec.emit)(answer)),
            Self::Forms(forms) => forms
                .iter()
                .find(|form| form.firmware.contains(&firmware))
                .map(|form| (form.codec.emit)(answer)),
        }
    }

    /// Whether this firmware knows the question.
    #[must_use]
    pub fn is_known_to(&self, firmware: &str) -> bool {
        match self {
            Self::One(_) => true,
            Self::Forms(forms) => forms.iter().any(|form| form.firmware.contains(&firmware)),
        }
    }

    /// The forms, if firmware differs.
    #[must_use]
    pub const fn forms(&self) -> &'static [AnswerForm<A>] {
        match self {
            Self::One(_) => &[],
            Self::Forms(forms) => forms,
        }
    }
}

/// Firmware of a family, as far as its answers differ from those of other firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Firmware {
    /// The name, as in `ferrotill emulator --firmware`.
    pub name: &'static str,
    /// The manual, or the code of the maker, that describes it.
    pub title: &'static str,
}
