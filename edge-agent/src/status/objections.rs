//! What speaks against a connected printer, and of which kind it is: each kind has its own words for people.

use std::fmt;

use uuid::Uuid;

use super::problems::{HealthProblem, ProblemKind};
use super::{KnownProblem, LiveStatus};

/// What speaks against a connected printer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// Of which kind it is.
    pub kind: ObjectionKind,
    /// What is wrong and, after the first semicolon, what to do about it.
    pub text: String,
}

/// The kinds of objections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectionKind {
    /// The printer is not that of the open shift: nothing is printed.
    OtherPrinter,
    /// The printer has another tax rate than the till: receipts with this rate are refused.
    TaxRate,
    /// The driver assumes something about the printer that may be wrong, such as its letters.
    Assumed,
    /// The printer's clock differs from the till's time.
    Clock,
}

impl ObjectionKind {
    /// True if the printer gets no receipts, or not all, because of such an objection.
    #[must_use]
    pub const fn refuses_receipts(self) -> bool {
        matches!(self, Self::OtherPrinter | Self::TaxRate)
    }

    /// An objection of this kind.
    #[must_use]
    pub fn because(self, text: impl Into<String>) -> Objection {
        let text = text.into();
        Objection { kind: self, text }
    }
}

impl Objection {
    /// What is wrong, without what to do about it.
    #[must_use]
    pub fn says(&self) -> &str {
        self.parts().map_or(self.text.as_str(), |(says, _)| says)
    }

    /// What to do about it, if the text says it.
    #[must_use]
    pub fn fix(&self) -> Option<&str> {
        self.parts().map(|(_, fix)| fix)
    }

    fn parts(&self) -> Option<(&str, &str)> {
        self.text.split_once("; ")
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

const OBJECTIONS: KnownProblem = KnownProblem {
    kind: ProblemKind::OBJECTIONS,
    fix: "correct what is named; until then the printer gets no receipts or not all, or may print wrong letters or a wrong time",
};

impl LiveStatus {
    /// Notes what speaks against a connected printer.
    pub fn printer_objections(&self, device: Uuid, objections: Vec<Objection>) {
        let joined = |texts: Vec<&str>| texts.join("; ");
        let fixes: Option<Vec<&str>> = objections.iter().map(Objection::fix).collect();
        match fixes {
            Some(fixes) if !objections.is_empty() => self.problems.note(HealthProblem {
                fix: joined(fixes),
                ..self.problem(
                    &OBJECTIONS,
                    Some(device),
                    joined(objections.iter().map(Objection::says).collect()),
                )
            }),
            _ => {
                let says = || joined(objections.iter().map(|it| it.text.as_str()).collect());
                self.note_if(!objections.is_empty(), &OBJECTIONS, Some(device), says);
            }
        }
        let mut printers = self.printers.lock();
        let state = printers.entry(device).or_default();
        state.refuses_receipts = objections.iter().any(|it| it.kind.refuses_receipts());
        state.objections = objections;
    }
}
