//! Rules of the FiscalCloud API, and the core's rules applied to a draft that could be read only in part.

use ferrotill_core::receipt::{LineTotals, ReceiptKind, Rules, Scratch};
use ferrotill_core::refusal::{Faults, Place, Refusal};
use ferrotill_core::till::Wish;

use super::context::RequestContext;
use super::paths::path_of;
use super::problem::fault_of;
use crate::api::json::FaultList;
use crate::config::Device;
use crate::config::adopt;
use crate::order::{
    ChosenNumber, OrderDraft, OrderForm, OrderKind, ReceiptMode, Said, TerminalUse, WishRoom,
};

/// Adds the faults that the core finds in a draft of which some parts could not be read.
///
/// Faults that may depend on the missing parts are left out: faults of a place that has a fault already, and faults of the
/// totals.
pub(super) fn add_faults(draft: &OrderDraft, context: RequestContext<'_>, faults: &mut FaultList) {
    // Some faults were only counted and not kept, so it is not known which places have a fault.
    if faults.is_cut() {
        return;
    }
    struct Add<'f>(&'f mut FaultList, &'f Device);
    impl Faults for Add<'_> {
        fn fault(&mut self, place: Place, refusal: Refusal) {
            let path = path_of(place, "number");
            let on_totals = matches!(
                refusal,
                Refusal::Underpaid { .. }
                    | Refusal::ChangeExceedsCash { .. }
                    | Refusal::NothingToPay
                    | Refusal::NegativeAmount { .. }
                    | Refusal::NothingToSpreadOver
            );
            if !on_totals && self.0.iter().all(|fault| fault.path != path) {
                self.0.push(fault_of(&path, &refusal, self.1));
            }
        }
    }
    let form = OrderForm {
        id: uuid::Uuid::nil(),
        point_of_sale: uuid::Uuid::nil(),
        kind: OrderKind::Sale {
            draft: draft.clone(),
            mode: ReceiptMode::FiscalOnly,
            number: None,
            print: true,
        },
        echo: String::new(),
        found: String::new(),
        on_paper: true,
        terminals: TerminalUse::default(),
        said: Said::default(),
        contact: None,
    };
    let facts = context.profile.facts();
    // The same configuration was adopted at the start.
    let Ok(configuration) = adopt::configuration(context.device, facts) else {
        return;
    };
    let rules = Rules {
        facts,
        taxes: &configuration.taxes,
        payments: &configuration.payments,
        day: ferrotill_core::time::Day::LAST,
    };
    let mut lines = vec![LineTotals::default(); facts.lines_max];
    let mut room = WishRoom::default();
    let Wish::Sale(wish) = form.wish(false, &mut room) else {
        return;
    };
    // Only the faults are needed, so the buffer for the bytes of the receipt is empty.
    let scratch = Scratch {
        lines: &mut lines,
        bytes: &mut [],
    };
    let _ = wish.compute(
        ReceiptKind::Sale,
        None,
        rules,
        scratch,
        &mut Add(faults, context.device),
    );
}

/// Adds the faults of lists that are empty. The other rules of a return compare it with its original.
pub(super) fn add_empty_lists(
    draft: &OrderDraft,
    context: RequestContext<'_>,
    faults: &mut FaultList,
) {
    if faults.is_cut() {
        return;
    }
    for (place, is_empty, refusal) in [
        (Place::Lines, draft.lines.is_empty(), Refusal::NoLines),
        (
            Place::Payments,
            draft.payments.is_empty(),
            Refusal::NoPayments,
        ),
    ] {
        let path = path_of(place, "number");
        if is_empty && faults.iter().all(|fault| fault.path != path) {
            faults.push(fault_of(&path, &refusal, context.device));
        }
    }
}

/// Whether a text is an address with one `@`, a name before it and a domain with a dot after it, without spaces.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let plain = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| !c.is_whitespace() && !c.is_control() && c != '@')
    };
    text.len() <= 254
        && plain(local)
        && plain(domain)
        && domain.contains('.')
        && domain.split('.').all(|label| !label.is_empty())
}

/// Whether a text has six to fifteen digits; a `+` before them, and spaces and hyphens between them, are allowed.
pub(super) fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let rest = text.strip_prefix('+').unwrap_or(text);
    (6..=15).contains(&digits)
        && rest
            .chars()
            .all(|c| c.is_ascii_digit() || c == ' ' || c == '-')
}

/// Splits a text such as `ABC00000001` into series and number: as the range of the device that contains the number does, or else at the
/// last digits, of which at most nine are the number. `None` if the text is no series with a number.
pub(super) fn series_and_number(text: &str, device: &Device) -> Option<ChosenNumber> {
    let of_range = device.alternative_receipts_ranges.iter().find_map(|range| {
        let digits = text.strip_prefix(range.series.as_str())?;
        (digits.len() == usize::from(range.number_length))
            .then(|| chosen(&range.series, digits))
            .flatten()
            .filter(|chosen| (range.start..=range.end).contains(&chosen.number))
    });
    of_range.or_else(|| {
        let digits = text
            .bytes()
            .rev()
            .take(NUMBER_DIGITS_MAX)
            .take_while(u8::is_ascii_digit)
            .count();
        let (series, digits) = text.split_at_checked(text.len().checked_sub(digits)?)?;
        let all_digits = text.bytes().filter(u8::is_ascii_digit).count();
        chosen(series, digits).filter(|_| {
            series.len() <= SERIES_BYTES_MAX
                && all_digits <= ALL_DIGITS_MAX
                && !series.chars().any(char::is_control)
        })
    })
}

fn chosen(series: &str, digits: &str) -> Option<ChosenNumber> {
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    Some(ChosenNumber {
        series: series.to_owned(),
        number: digits.parse().ok().filter(|_| all_digits)?,
        number_length: u8::try_from(digits.len()).ok()?,
    })
}

/// The largest number of digits in a number outside of the ranges.
const NUMBER_DIGITS_MAX: usize = 9;
/// The largest number of digits in series and number together: more of them may be a card number, which must not enter the journal.
const ALL_DIGITS_MAX: usize = 12;
/// The longest series of a number outside of the ranges: as long as that of a range.
const SERIES_BYTES_MAX: usize = 10;

#[cfg(test)]
mod tests {
    use super::{is_email, is_phone};

    #[test]
    fn e_mail_addresses_and_telephone_numbers_are_checked() {
        for good in [
            "test@mail.com",
            "test@test.md",
            "ion.popa+bon@mail.firma.md",
        ] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "test",
            "@mail.com",
            "a@b",
            "a b@mail.com",
            "a@mail..com",
            "a@@mail.com",
            "a@mail.com\n",
        ] {
            assert!(!is_email(bad), "{bad:?}");
        }
        for good in ["079000001", "+373 79 000 001", "079-123-456"] {
            assert!(is_phone(good), "{good}");
        }
        for bad in [
            "",
            "12345",
            "07900000a",
            "+",
            "1234567890123456",
            "079;000001",
        ] {
            assert!(!is_phone(bad), "{bad:?}");
        }
    }
}
