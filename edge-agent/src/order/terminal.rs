//! What an order has to do with bank terminals.

use ferrotill_core::Amount;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// A payment that is made at a bank terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalPayment {
    /// The place of the payment among the payments of the order, counted from 0.
    pub position: u8,
    /// The terminal.
    pub terminal: Uuid,
}

/// That a bank terminal has approved a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalApproval {
    /// The payment.
    pub payment: TerminalPayment,
    /// The number of the transaction at the bank; may be empty.
    pub number: String,
    /// The number of the operation at the terminal; may be empty.
    pub operation: String,
    /// The lines of the terminal's slip.
    pub slip: Vec<String>,
}

/// The day of a bank terminal, as a report shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalDay {
    /// The terminal.
    pub terminal: Uuid,
    /// The name of the terminal.
    pub name: String,
    /// What the terminal has moved, or why that is not known.
    pub totals: Result<TerminalTotals, String>,
}

/// What a bank terminal has moved since it was last settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TerminalTotals {
    /// The number of charges that were not undone.
    pub charges: u32,
    /// Their amount.
    pub charged: Amount,
    /// The number of refunds that were not undone.
    pub refunds: u32,
    /// Their amount.
    pub refunded: Amount,
}

/// What an order has to do with bank terminals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TerminalUse {
    /// The payments that are made at a terminal.
    pub payments: Vec<TerminalPayment>,
    /// True for a report that settles the terminals (Z) or shows their totals (X).
    pub with_report: bool,
    /// The approvals of the payments, as far as there are some.
    pub approvals: Vec<TerminalApproval>,
    /// The days of the terminals, for a report; `None` until they were asked.
    pub days: Option<Vec<TerminalDay>>,
}

impl TerminalUse {
    /// True if money of a card has moved for the order.
    #[must_use]
    pub const fn is_paid(&self) -> bool {
        !self.approvals.is_empty()
    }

    /// The first payment that no terminal has approved.
    #[must_use]
    pub fn next_payment(&self) -> Option<TerminalPayment> {
        let mut payments = self.payments.iter();
        payments
            .find(|payment| {
                let mut approvals = self.approvals.iter();
                !approvals.any(|approval| approval.payment.position == payment.position)
            })
            .copied()
    }

    /// Why terminals were not settled, or have not told their totals for an X-report, as one text; `None` if all have done it.
    #[must_use]
    pub(super) fn failure(&self, settles: bool) -> Option<String> {
        let what = match settles {
            true => "is not settled",
            false => "has not told its totals",
        };
        let days = self.days.iter().flatten();
        let failures = days.filter_map(|day| {
            let reason = day.totals.as_ref().err()?;
            Some(format!("the bank terminal {} {what}: {reason}", day.name))
        });
        let failures: Vec<String> = failures.collect();
        (!failures.is_empty()).then(|| failures.join("; "))
    }

    /// What the agent has found out for an order, with what the terminals have answered added to it.
    pub(super) fn added_to(&self, found: &str) -> String {
        if self.approvals.is_empty() && self.days.is_none() {
            return found.to_owned();
        }
        let mut members: Map<String, Value> = serde_json::from_str(found).unwrap_or_default();
        if !self.approvals.is_empty() {
            members.insert("terminals".to_owned(), self.approvals_by_place());
        }
        if let Some(days) = &self.days {
            members.insert(
                "bank_terminals".to_owned(),
                days.iter().map(shown).collect(),
            );
        }
        Value::Object(members).to_string()
    }

    /// One value for each payment up to the last one with an approval; null for payments without.
    fn approvals_by_place(&self) -> Value {
        let places = self
            .approvals
            .iter()
            .map(|approval| approval.payment.position);
        let last = places.max().unwrap_or(0);
        (0..=last)
            .map(|place| {
                let mut approvals = self.approvals.iter();
                let approval = approvals.find(|approval| approval.payment.position == place);
                approval.map_or(Value::Null, |approval| {
                    json!({
                        "terminal": approval.payment.terminal,
                        "rrn": approval.number,
                        "operation": approval.operation,
                        "slip": approval.slip,
                    })
                })
            })
            .collect()
    }
}

/// The day of a terminal as the journal keeps it, with amounts in minor units.
fn shown(day: &TerminalDay) -> Value {
    match &day.totals {
        Ok(totals) => json!({
            "id": day.terminal,
            "name": day.name,
            "charges": totals.charges,
            "charged": totals.charged.minor(),
            "refunds": totals.refunds,
            "refunded": totals.refunded.minor(),
        }),
        Err(reason) => json!({ "id": day.terminal, "name": day.name, "error": reason }),
    }
}

/// The slips of bank terminals for a document, from the annex that the journal stores with it: for each payment what its terminal has
/// printed, or the texts that the caller gave. Empty if there are none.
#[must_use]
pub fn terminal_slips_of(annex: &[u8]) -> Vec<Vec<String>> {
    // Most documents have none, and their annex is not read.
    let has = |name: &str| {
        annex
            .windows(name.len())
            .any(|part| part == name.as_bytes())
    };
    if !has("\"slip\":[") && !has("\"bankTerminalPrintData\":[") {
        return Vec::new();
    }
    let annex: Value = serde_json::from_slice(annex).unwrap_or_default();
    let list = |place: usize, name: &str| {
        let list = annex.get(place).and_then(|part| part.get(name));
        list.and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let (payments, terminals) = (list(0, "payments"), list(1, "terminals"));
    let slip = |place: usize| {
        let of_terminal = terminals.get(place).and_then(|it| it.get("slip"));
        let given = payments.get(place);
        let given = given.and_then(|it| it.get("bankTerminalPrintData"));
        let rows = of_terminal.or(given)?.as_array()?;
        let lines: Vec<String> = rows.iter().take(SLIP_LINES_MAX).filter_map(line).collect();
        (!lines.is_empty()).then_some(lines)
    };
    let count = payments.len().max(terminals.len());
    (0..count).filter_map(slip).collect()
}

/// The largest number of lines of a slip that is printed. A terminal's own slip has about thirty.
const SLIP_LINES_MAX: usize = 100;
/// The largest length of a line, in letters. The paper breaks a line that is too long for it.
const SLIP_LINE_MAX: usize = 200;

/// The text of a row; `None` if the row is a picture, a code or empty.
fn line(row: &Value) -> Option<String> {
    let text = row.as_str().or_else(|| {
        let kind = row.get("type").and_then(Value::as_str);
        let text = row.get("text").and_then(Value::as_str);
        text.filter(|_| matches!(kind, None | Some("Text")))
    })?;
    let text: String = text.chars().take(SLIP_LINE_MAX).collect();
    (!text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::terminal_slips_of;

    #[test]
    fn a_slip_is_of_its_payment_and_a_terminals_own_slip_goes_first() {
        for (annex, slips) in [
            (r#"[null,null]"#, vec![]),
            ("no JSON, \"slip\":[", vec![]),
            (
                r#"[{"payments":[null,{"bankTerminalPrintData":[{"type":"Text","text":"given"},{"type":"QRCode","text":"x"},{"type":"Text"},"plain"," "]}]},null]"#,
                vec![vec!["given", "plain"]],
            ),
            (
                r#"[{"payments":[{"bankTerminalPrintData":[{"text":"given"}]},{"bankTerminalPrintData":[{"text":"other"}]}]},{"terminals":[{"slip":["own","second"]}]}]"#,
                vec![vec!["own", "second"], vec!["other"]],
            ),
        ] {
            assert_eq!(terminal_slips_of(annex.as_bytes()), slips, "{annex}");
        }
    }
}
