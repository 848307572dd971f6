//! The inferences about the families, each with the lists of `device/README.md` that have it and the place of the code that relies on it.

use super::trial::{Found, Trial};
use super::{TrialFinding, acknowledged, counters, receipts, registers};

/// What a driver relies on and no manual says for certain.
#[derive(Debug)]
pub struct FamilyInference {
    /// The name, for programs and for the table.
    pub id: &'static str,
    /// What is inferred.
    pub says: &'static str,
    /// The families of which it is inferred, each with the list of `device/README.md` and the number there.
    pub listed: &'static [Listed],
    /// The place of the code that changes if it is refuted.
    pub place: &'static str,
    pub(super) procedure: fn(&mut Trial) -> Found<TrialFinding>,
}

/// A family, the list that has an inference about it, and the number in the list.
pub type Listed = (&'static str, &'static str, u32);

impl FamilyInference {
    /// The list and the number in it that a family's inference has in `device/README.md`.
    #[must_use]
    pub fn page(&self, family: &str) -> String {
        let listed = self.listed.iter().find(|(of, ..)| *of == family);
        listed.map_or_else(String::new, |(_, list, number)| {
            format!("device/README.md, inferences of `{list}`, number {number}")
        })
    }
}

/// The inferences about a family, in the order in which they are tried.
pub fn inferences(family: &str) -> impl Iterator<Item = &'static FamilyInference> {
    let of = family.to_owned();
    let is_of = move |it: &&FamilyInference| it.listed.iter().any(|(family, ..)| *family == of);
    INFERENCES.iter().filter(is_of)
}

/// The families that have inferences with a procedure.
pub(super) fn families() -> Vec<&'static str> {
    let mut families = Vec::new();
    for (family, ..) in INFERENCES.iter().flat_map(|it| it.listed) {
        if !families.contains(family) {
            families.push(*family);
        }
    }
    families
}

const A: &str = "datecs";
const B: &str = "datecs-b";
const X: &str = "datecs-x";
const MX: &str = "datecs-mx";
const EL: &str = "eltrade";
const DY: &str = "daisy";
const TR: &str = "tremol";

/// Of group A, and of the two families that take over what their lists do not have.
const fn of_a(number: u32) -> [Listed; 3] {
    [(A, A, number), (B, A, number), (EL, A, number)]
}

const A6: &[Listed] = &of_a(6);
const A7: &[Listed] = &of_a(7);
const A8: &[Listed] = &of_a(8);
const A13: &[Listed] = &of_a(13);
const DAY: &[Listed] = &[(A, A, 9), (B, B, 3), (EL, A, 9)];
const DOCUMENTS: &[Listed] = &[
    (A, A, 11),
    (B, B, 3),
    (X, X, 3),
    (MX, MX, 4),
    (EL, EL, 4),
    (DY, DY, 5),
];
/// Of the families that have refunds and duplicates.
const PRINTED: &[Listed] = &[(A, A, 11), (B, B, 3), (X, X, 3), (EL, EL, 4), (DY, DY, 5)];
const OF_SALES: &[Listed] = &[
    (A, A, 11),
    (B, B, 3),
    (X, X, 3),
    (MX, MX, 4),
    (EL, EL, 4),
    (DY, DY, 5),
    (TR, TR, 2),
];
const OF_REFUNDS: &[Listed] = &[
    (A, A, 11),
    (B, B, 3),
    (X, X, 3),
    (EL, EL, 4),
    (DY, DY, 5),
    (TR, TR, 2),
];
const FISCAL: &[Listed] = &[(A, A, 3), (B, B, 3), (X, X, 4), (EL, A, 3)];

const OPENING: &str = "device/src/family: `open` and `seller` of the family";
const REFUND: &str = "device/src/family: `refund` of the family";
const LAST_DOCUMENT: &str =
    "device/src/family: `last_document` of the family; device/src/judge: what the number proves";
const NEXT_FISCAL: &str = "device/src/family: `next_fiscal` or `day_payments` of the family; device/src/judge: what the number proves";
const REPORTS: &str = "device/src/family: `x_report` and `z_report` of the family";

/// All inferences. What is tried before the first Z-report stands first.
const INFERENCES: &[FamilyInference] = &[
    FamilyInference {
        id: "last_z_before_first",
        says: "before the first Z-report the last one is refused or has the number 0, and the next one has the number 1",
        listed: &[(A, A, 4), (B, A, 4), (X, X, 5), (MX, MX, 6), (DY, DY, 7)],
        place: "device/src/driver/isl/device/questions.rs: `z_number`",
        procedure: counters::last_z_before_first,
    },
    FamilyInference {
        id: "open_sale",
        says: "a receipt is opened by the operator, the password and the till of a new printer",
        listed: &[
            (A, A, 1),
            (B, B, 1),
            (X, X, 1),
            (MX, MX, 2),
            (EL, EL, 1),
            (DY, DY, 2),
            (TR, TR, 1),
        ],
        place: OPENING,
        procedure: receipts::open_sale,
    },
    FamilyInference {
        id: "open_refund",
        says: "a refund is opened by number, time and fiscal memory of the sale, with the unique sale number of the family",
        listed: &[
            (A, A, 2),
            (B, B, 2),
            (X, X, 2),
            (EL, EL, 1),
            (DY, DY, 1),
            (TR, TR, 1),
        ],
        place: REFUND,
        procedure: receipts::open_refund,
    },
    FamilyInference {
        id: "refund_number_only",
        says: "a refund is opened by the number of the sale alone",
        listed: &[(A, A, 2), (X, X, 2)],
        place: REFUND,
        procedure: receipts::refund_number_only,
    },
    FamilyInference {
        id: "refund_transaction",
        says: "4Ch reports the sum of a refund, with either sign",
        listed: A6,
        place: "device/src/driver/isl/judge.rs: the magnitude is compared",
        procedure: receipts::refund_transaction,
    },
    FamilyInference {
        id: "refund_groups",
        says: "67h reports the tax groups of a refund, with either sign",
        listed: A6,
        place: "device/src/driver/isl/judge.rs: the magnitudes are compared",
        procedure: receipts::refund_groups,
    },
    FamilyInference {
        id: "refunds_not_reported",
        says: "41h has no kind for refunds",
        listed: &[(A, A, 5), (EL, A, 5)],
        place: "device/src/family/datecs.rs: `day_refunds`",
        procedure: registers::refunds_are_not_reported,
    },
    FamilyInference {
        id: "cash_question_quiet",
        says: "46h without an amount asks and prints nothing",
        listed: A7,
        place: "device/src/family/datecs.rs: `cash`",
        procedure: registers::cash_question_prints_nothing,
    },
    FamilyInference {
        id: "cash_question_in_receipt",
        says: "46h without an amount is answered while a receipt is open",
        listed: A7,
        place: "device/src/family/datecs.rs: `cash`",
        procedure: registers::cash_question_in_receipt,
    },
    FamilyInference {
        id: "text_before_subtotal",
        says: "36h is allowed between the last sale and 33h",
        listed: A8,
        place: "device/src/driver/isl/plan.rs: the place of the footer",
        procedure: receipts::text_before_subtotal,
    },
    FamilyInference {
        id: "amounts_two_decimals",
        says: "amounts have two decimals",
        listed: &[(X, X, 6), (TR, TR, 7)],
        place: "device/src/wire/isl_x_receipt.rs",
        procedure: receipts::amounts_have_two_decimals,
    },
    FamilyInference {
        id: "line_lengths",
        says: "names and texts of the longest length that is sent are accepted",
        listed: &[(X, X, 7), (MX, MX, 7), (DY, DY, 10), (TR, TR, 8)],
        place: "device/src/family: `limits` of the family",
        procedure: receipts::line_lengths,
    },
    FamilyInference {
        id: "payment_after_paid",
        says: "35h is refused on a receipt that is open and fully paid",
        listed: A13,
        place: "device/src/driver/isl/receipt.rs: such a receipt is closed by 38h",
        procedure: receipts::payment_after_paid,
    },
    FamilyInference {
        id: "cancel_after_payment",
        says: "82h is refused once a payment was made",
        listed: &[(DY, DY, 4)],
        place: "device/src/driver/isl/receipt.rs: when a receipt is cancelled",
        procedure: receipts::cancel_after_payment,
    },
    FamilyInference {
        id: "refusal_reason",
        says: "20h gives the reason of a refusal",
        listed: &[(A, A, 12)],
        place: "device/src/family/datecs.rs: `errors` and `CODES`",
        procedure: receipts::refusal_has_reason,
    },
    FamilyInference {
        id: "no_refusal_reason",
        says: "20h is not known",
        listed: &[(B, B, 4), (EL, A, 12)],
        place: "device/src/family: `errors` of the family",
        procedure: receipts::no_question_for_the_reason,
    },
    FamilyInference {
        id: "reason_in_status",
        says: "S3 is 0 unless a command was refused, and has the reason of a refusal",
        listed: &[(DY, DY, 8)],
        place: "device/src/family: `errors` of the family",
        procedure: receipts::reason_in_status,
    },
    FamilyInference {
        id: "open_amount",
        says: "4Ch reports the amount of the open receipt",
        listed: &[(DY, DY, 3)],
        place: "device/src/family: `transaction` of the family",
        procedure: receipts::open_amount_is_reported,
    },
    FamilyInference {
        id: "cancelled_zero_sale",
        says: "74h reports a cancelled receipt as a sale of 0.00",
        listed: &[(DY, DY, 4)],
        place: "device/src/family: `receipts.cancelled_is_issued` of the family",
        procedure: receipts::cancelled_is_zero_sale,
    },
    FamilyInference {
        id: "document_reported",
        says: "74h reports a document by the number of the question",
        listed: &[(DY, DY, 6)],
        place: "device/src/family: `issued_document` of the family",
        procedure: receipts::document_is_reported,
    },
    FamilyInference {
        id: "document_sale",
        says: "the number of the last document rises with a sale",
        listed: OF_SALES,
        place: LAST_DOCUMENT,
        procedure: counters::document_sale,
    },
    FamilyInference {
        id: "document_refund",
        says: "the number of the last document rises with a refund",
        listed: OF_REFUNDS,
        place: LAST_DOCUMENT,
        procedure: counters::document_refund,
    },
    FamilyInference {
        id: "document_cancelled",
        says: "the number of the last document rises with a cancelled receipt",
        listed: DOCUMENTS,
        place: LAST_DOCUMENT,
        procedure: counters::document_cancelled,
    },
    FamilyInference {
        id: "document_slip",
        says: "the number of the last document rises with a slip",
        listed: DOCUMENTS,
        place: LAST_DOCUMENT,
        procedure: counters::document_slip,
    },
    FamilyInference {
        id: "document_cash_in",
        says: "the number of the last document rises with cash that is paid in",
        listed: DOCUMENTS,
        place: LAST_DOCUMENT,
        procedure: counters::document_cash_in,
    },
    FamilyInference {
        id: "document_cash_out",
        says: "the number of the last document rises with a withdrawal",
        listed: &[
            (A, A, 11),
            (B, B, 3),
            (X, X, 3),
            (MX, MX, 10),
            (EL, EL, 4),
            (DY, DY, 5),
        ],
        place: LAST_DOCUMENT,
        procedure: counters::document_cash_out,
    },
    FamilyInference {
        id: "document_x_report",
        says: "the number of the last document rises with an X-report",
        listed: DOCUMENTS,
        place: LAST_DOCUMENT,
        procedure: counters::document_x_report,
    },
    FamilyInference {
        id: "document_z_report",
        says: "the number of the last document rises with a Z-report",
        listed: DOCUMENTS,
        place: LAST_DOCUMENT,
        procedure: counters::document_z_report,
    },
    FamilyInference {
        id: "document_duplicate",
        says: "the number of the last document rises with a duplicate",
        listed: PRINTED,
        place: LAST_DOCUMENT,
        procedure: counters::document_duplicate,
    },
    FamilyInference {
        id: "fiscal_sale",
        says: "the number of the next fiscal receipt rises by one with a sale",
        listed: FISCAL,
        place: NEXT_FISCAL,
        procedure: counters::fiscal_sale,
    },
    FamilyInference {
        id: "fiscal_refund",
        says: "the number of the next fiscal receipt rises by one with a refund",
        listed: FISCAL,
        place: NEXT_FISCAL,
        procedure: counters::fiscal_refund,
    },
    FamilyInference {
        id: "fiscal_cancelled",
        says: "the number of the next fiscal receipt stays with a cancelled receipt",
        listed: FISCAL,
        place: NEXT_FISCAL,
        procedure: counters::fiscal_cancelled,
    },
    FamilyInference {
        id: "fiscal_slip",
        says: "the number of the next fiscal receipt stays with a slip",
        listed: FISCAL,
        place: NEXT_FISCAL,
        procedure: counters::fiscal_slip,
    },
    FamilyInference {
        id: "fiscal_cash",
        says: "the number of the next fiscal receipt stays with cash that is paid in",
        listed: FISCAL,
        place: NEXT_FISCAL,
        procedure: counters::fiscal_cash,
    },
    FamilyInference {
        id: "fiscal_z_report",
        says: "the number of the next fiscal receipt stays with a Z-report",
        listed: &[(X, X, 4)],
        place: "device/src/family/datecs_x.rs: `counts_for_ever`",
        procedure: counters::fiscal_z_report,
    },
    FamilyInference {
        id: "day_receipts_sale",
        says: "the number of the day's receipts rises by one with a sale",
        listed: &[(MX, MX, 5)],
        place: "device/src/family: `day_receipts` of the family",
        procedure: counters::day_receipts_sale,
    },
    FamilyInference {
        id: "day_receipts_cancelled",
        says: "the number of the day's receipts stays with a cancelled receipt",
        listed: &[(MX, MX, 5)],
        place: "device/src/family: `day_receipts` of the family",
        procedure: counters::day_receipts_cancelled,
    },
    FamilyInference {
        id: "day_receipts_z_report",
        says: "a Z-report clears the number of the day's receipts",
        listed: &[(MX, MX, 5)],
        place: "device/src/family: `day_receipts` of the family",
        procedure: counters::day_receipts_z_report,
    },
    FamilyInference {
        id: "payments_order",
        says: "6Eh reports the payments in the order of the letters of the family",
        listed: &[(B, B, 3), (X, X, 8), (EL, EL, 3), (DY, DY, 11)],
        place: "device/src/family: `payments.day` of the family",
        procedure: registers::payments_order,
    },
    FamilyInference {
        id: "refund_payments_apart",
        says: "6Eh reports the payments of sales without those of refunds",
        listed: &[(DY, DY, 9), (TR, TR, 5)],
        place: "device/src/family: `day_payments` of the family",
        procedure: registers::refund_payments_are_apart,
    },
    FamilyInference {
        id: "receipt_time",
        says: "the time of a receipt is told right after its close",
        listed: &[(B, B, 5), (X, X, 10)],
        place: "device/src/family: `journal_document` or `last_receipt` of the family",
        procedure: registers::receipt_time_is_told,
    },
    FamilyInference {
        id: "withdrawal_counted",
        says: "the sum CashOut of 46h rises by a withdrawal at once",
        listed: &[(MX, MX, 10)],
        place: "device/src/driver/isl/returns.rs",
        procedure: registers::withdrawal_is_counted,
    },
    FamilyInference {
        id: "withdrawals_cleared",
        says: "only a Z-report clears the sum CashOut of 46h",
        listed: &[(MX, MX, 10)],
        place: "device/src/driver/isl/returns.rs",
        procedure: registers::z_report_clears_withdrawals,
    },
    FamilyInference {
        id: "larger_withdrawal",
        says: "a withdrawal that is larger than the cash in the drawer is refused",
        listed: &[(MX, MX, 10)],
        place: "device/src/driver/isl/returns.rs",
        procedure: registers::larger_withdrawal_is_refused,
    },
    FamilyInference {
        id: "country_shown",
        says: "the answers show for which country the machine was made",
        listed: &[(MX, MX, 1)],
        place: "device/src/family: `is_of_country` of the forms of the family",
        procedure: registers::country_is_shown,
    },
    FamilyInference {
        id: "rates_told",
        says: "32h reports the rates of the tax groups",
        listed: &[(MX, MX, 11)],
        place: "device/src/family: `rates` of the family",
        procedure: registers::rates_are_told,
    },
    FamilyInference {
        id: "x_report_keeps_day",
        says: "the command for the X-report closes no day",
        listed: DAY,
        place: REPORTS,
        procedure: counters::x_report_keeps_day,
    },
    FamilyInference {
        id: "z_report_closes_day",
        says: "the command for the Z-report closes the day and clears its payments",
        listed: &[(A, A, 9), (B, B, 3), (EL, A, 9), (TR, TR, 2)],
        place: REPORTS,
        procedure: counters::z_report_closes_day,
    },
    FamilyInference {
        id: "z_answer_number",
        says: "the last Z-report has the number of the Z-report's own answer",
        listed: &[(A, A, 4), (B, A, 4), (X, X, 5), (MX, MX, 6), (DY, DY, 7)],
        place: "device/src/family: `last_z` of the family",
        procedure: counters::z_answer_number,
    },
    FamilyInference {
        id: "z_number_one_less",
        says: "the last Z-report has a number one less than that of 6Eh",
        listed: &[(EL, EL, 2)],
        place: "device/src/driver/isl/device/questions.rs: `z_number`",
        procedure: counters::z_number_is_one_less,
    },
    FamilyInference {
        id: "clock_set",
        says: "the clock is set without a mark of summer time",
        listed: &[(X, X, 9)],
        place: "device/src/family: `clock_set` of the family",
        procedure: registers::clock_is_set,
    },
    FamilyInference {
        id: "slip_by_operator",
        says: "2Eh opens a slip with the operator and the password of a new printer",
        listed: &[(TR, TR, 1)],
        place: "device/src/driver/isl/device/registers.rs: `cashier`",
        procedure: acknowledged::slip_by_operator,
    },
    FamilyInference {
        id: "cash_by_operator",
        says: "3Bh moves cash with the operator and the password of a new printer",
        listed: &[(TR, TR, 1)],
        place: "device/src/driver/isl/device/registers.rs: `cashier`",
        procedure: acknowledged::cash_by_operator,
    },
    FamilyInference {
        id: "receipt_code_number",
        says: "72h `B` has the number that 71h has after a sale",
        listed: &[(TR, TR, 2)],
        place: "device/src/driver/isl/device/registers.rs: `receipt_proof`",
        procedure: acknowledged::receipt_code_number,
    },
    FamilyInference {
        id: "no_receipt_reported",
        says: "72h is answered while no receipt is open, and reports none",
        listed: &[(TR, TR, 3)],
        place: "device/src/wire/zfp_report.rs: `CurrentReceipt::parse`",
        procedure: acknowledged::no_receipt_reported,
    },
    FamilyInference {
        id: "payments_before_first",
        says: "72h `P` has the payments of the receipt before, or none, before the first payment",
        listed: &[(TR, TR, 4)],
        place: "device/src/driver/isl/device/registers.rs: `with_payments`",
        procedure: acknowledged::payments_before_first,
    },
    FamilyInference {
        id: "payments_of_receipt",
        says: "72h `P` has a payment with the change or without it",
        listed: &[(TR, TR, 4)],
        place: "device/src/driver/isl/judge.rs: the payments are compared both ways",
        procedure: acknowledged::payments_of_receipt,
    },
    FamilyInference {
        id: "received_with_change",
        says: "6Eh `4` counts what was received with the change, and 6Eh `6` counts the change",
        listed: &[(TR, TR, 5)],
        place: "device/src/driver/isl/device/registers.rs: `without_change`",
        procedure: acknowledged::received_with_change,
    },
    FamilyInference {
        id: "cash_registers_apart",
        says: "6Eh `2` and `3` count the cash of 3Bh, and no sale",
        listed: &[(TR, TR, 5)],
        place: "device/src/driver/isl/device/registers.rs: `cash_registers`",
        procedure: acknowledged::cash_registers_apart,
    },
    FamilyInference {
        id: "registers_cleared",
        says: "a Z-report clears the registers of 6Eh",
        listed: &[(TR, TR, 5)],
        place: "device/src/driver/isl/device/registers.rs: `cash_registers` and `without_change`",
        procedure: acknowledged::registers_cleared,
    },
    FamilyInference {
        id: "disabled_group",
        says: "a tax group with a rate below zero takes no sale",
        listed: &[(TR, TR, 7)],
        place: "device/src/family/tremol.rs: `parse_rates`",
        procedure: acknowledged::disabled_group,
    },
    FamilyInference {
        id: "payment_types_reported",
        says: "64h reports the payment types in one of two forms, with cash as type 0, and 6Eh has a sum for each",
        listed: &[(TR, TR, 10)],
        place: "device/src/wire/zfp_payments.rs: `PaymentTypes::parse` and `sums_of`",
        procedure: acknowledged::payment_types_reported,
    },
];
