//! What modules refuse: one table of names, with the numbers of both generations of their programs.
//!
//! Programs before version 4 answer the status as a decimal number with its name. Programs from version 4 on answer a general number (103,
//! 122), and the message begins with the status as four hexadecimal digits, a hyphen and its name. The same number means different things in
//! both, so a status is known by its name first, and by its number only together with the generation.

use super::ModuleError;

/// Which of the two forms of errors a module answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Generation {
    /// Decimal numbers: programs before version 4.
    #[default]
    Decimal,
    /// Texts with hexadecimal digits: programs from version 4 on.
    Text,
}

/// What a caller can do about a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleRemedy {
    /// Change the request.
    ChangeRequest,
    /// Open the shift and send the request once more.
    OpenShift,
    /// Close the shift and open the next one.
    CloseShift,
    /// Send the stored receipts.
    Send,
    /// Wait a second, and send the request once more with a new time.
    NewTime,
    /// Nothing: what was wanted is so already.
    Nothing,
    /// Call the service.
    Service,
}

/// A status of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleStatus {
    /// No shift is open.
    NotOpen,
    /// A shift is open.
    AlreadyOpen,
    /// The shift is closed already.
    AlreadyClosed,
    /// The shift has no receipts.
    EmptyShift,
    /// The time of a receipt is not after the last one.
    ReceiptTimePast,
    /// The time of an opening is not after the last operation.
    OpenTimePast,
    /// The time of a closing is not after the last operation.
    CloseTimePast,
    /// The memory has no room for receipts that are not sent.
    ReceiptsFull,
    /// The oldest receipt that is not sent is too old.
    StoredTooLong,
    /// The memory has no room for reports.
    ReportsFull,
    /// No report or receipt has the number.
    NotFound,
    /// The total is zero.
    TotalZero,
    /// The shift has too many receipts.
    TooManyReceipts,
    /// There is not enough cash for a refund.
    NotEnoughCash,
    /// There are not enough other payments for a refund.
    NotEnoughCard,
    /// There is not enough value added tax for a refund.
    NotEnoughVat,
    /// The module is locked for ever.
    Locked,
}

/// A row of the table.
struct Row {
    status: ModuleStatus,
    decimal: (i64, &'static str),
    text: (u16, &'static str),
    remedy: ModuleRemedy,
}

const fn row(
    status: ModuleStatus,
    decimal: (i64, &'static str),
    text: (u16, &'static str),
    remedy: ModuleRemedy,
) -> Row {
    Row {
        status,
        decimal,
        text,
        remedy,
    }
}

/// The table (`docs/api/fiscalbox.md`, "Errors of the module").
const TABLE: &[Row] = &[
    row(
        ModuleStatus::NotOpen,
        (36_909, "ERROR_ZREPORT_IS_NOT_OPEN"),
        (0x9021, "ZREPORT_IS_NOT_OPENED"),
        ModuleRemedy::OpenShift,
    ),
    row(
        ModuleStatus::AlreadyOpen,
        (36_912, "ERROR_ZREPORT_IS_ALREADY_OPEN"),
        (0x9022, "ZREPORT_IS_NOT_CLOSED"),
        ModuleRemedy::Nothing,
    ),
    row(
        ModuleStatus::AlreadyClosed,
        (9_326, "ZREPORT_ALREADY_CLOSE"),
        (0x9023, "ZREPORT_IS_ALREADY_CLOSED"),
        ModuleRemedy::OpenShift,
    ),
    row(
        ModuleStatus::EmptyShift,
        (36_907, "ERROR_CURRENT_ZREPORT_IS_EMPTY"),
        (0x9032, "CANNOT_CLOSE_EMPTY_ZREPORT"),
        ModuleRemedy::Nothing,
    ),
    row(
        ModuleStatus::ReceiptTimePast,
        (36_888, "ERROR_RECEIPT_TIME_PAST"),
        (0x9030, "DATETIME_IS_IN_THE_PAST"),
        ModuleRemedy::NewTime,
    ),
    row(
        ModuleStatus::OpenTimePast,
        (36_916, "ERROR_OPEN_ZREPORT_TIME_PAST"),
        (0x9030, "DATETIME_IS_IN_THE_PAST"),
        ModuleRemedy::NewTime,
    ),
    row(
        ModuleStatus::CloseTimePast,
        (36_897, "ERROR_CLOSE_ZREPORT_TIME_PAST"),
        (0x9030, "DATETIME_IS_IN_THE_PAST"),
        ModuleRemedy::NewTime,
    ),
    row(
        ModuleStatus::ReceiptsFull,
        (36_886, "ERROR_RECEIPT_MEMORY_FULL"),
        (0x90F1, "RECEIPTS_MEMORY_FULL"),
        ModuleRemedy::Send,
    ),
    row(
        ModuleStatus::StoredTooLong,
        (36_889, "ERROR_RECEIPT_STORE_DAYS_LIMIT_EXCEEDED"),
        (0x9031, "SEND_ALL_RECEIPTS_FIRST"),
        ModuleRemedy::Send,
    ),
    row(
        ModuleStatus::ReportsFull,
        (36_898, "ERROR_ZREPORT_SPACE_IS_FULL"),
        (0x90F0, "ZREPORTS_MEMORY_FULL"),
        ModuleRemedy::Service,
    ),
    row(
        ModuleStatus::NotFound,
        (36_902, "ERROR_ZREPORT_INDEX_OUT_OF_BOUNDS"),
        (0x9020, "NOT_FOUND"),
        ModuleRemedy::ChangeRequest,
    ),
    row(
        ModuleStatus::TotalZero,
        (36_908, "ERROR_RECEIPT_TOTAL_PRICE_ZERO"),
        (0x9014, "INVALID_OPERATION"),
        ModuleRemedy::ChangeRequest,
    ),
    row(
        ModuleStatus::TooManyReceipts,
        (36_911, "ERROR_ZREPORT_TOO_MANY_OPERATIONS"),
        (0x9040, "TOTAL_COUNT_OVERFLOW_OPEN_NEW_ZREPORT"),
        ModuleRemedy::CloseShift,
    ),
    row(
        ModuleStatus::NotEnoughCash,
        (36_913, "ERROR_NOT_ENOUGH_CASH_FOR_REFUND"),
        (0x9035, "NOT_ENOUGH_SUM_FOR_REFUND"),
        ModuleRemedy::ChangeRequest,
    ),
    row(
        ModuleStatus::NotEnoughCard,
        (36_914, "ERROR_NOT_ENOUGH_CARD_FOR_REFUND"),
        (0x9035, "NOT_ENOUGH_SUM_FOR_REFUND"),
        ModuleRemedy::ChangeRequest,
    ),
    row(
        ModuleStatus::NotEnoughVat,
        (36_915, "ERROR_NOT_ENOUGH_VAT_FOR_REFUND"),
        (0x9037, "NOT_ENOUGH_VAT_FOR_REFUND"),
        ModuleRemedy::ChangeRequest,
    ),
    row(
        ModuleStatus::Locked,
        (36_904, "ERROR_LOCKED_FOREVER"),
        (0x9090, "LOCKED_SYNC_WITH_SERVER"),
        ModuleRemedy::Service,
    ),
];

impl ModuleStatus {
    /// Every status, with number and name in programs before version 4, and in those from version 4 on.
    pub fn all() -> impl Iterator<Item = (Self, (i64, &'static str), (u16, &'static str))> {
        TABLE.iter().map(|row| (row.status, row.decimal, row.text))
    }

    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.status == self)
    }

    /// What a caller can do.
    #[must_use]
    pub fn remedy(self) -> ModuleRemedy {
        self.row().map_or(ModuleRemedy::Service, |row| row.remedy)
    }

    /// The status as a module of a generation tells it; `doing` is what failed, such as `failed to register receipt`.
    #[must_use]
    pub fn error(self, generation: Generation, doing: &str) -> ModuleError {
        let Some(row) = self.row() else {
            return ModuleError::new(103, "INTERNAL_ERROR");
        };
        match generation {
            Generation::Decimal => {
                let (code, name) = row.decimal;
                ModuleError {
                    data: Some(name.to_owned()),
                    ..ModuleError::new(code, name)
                }
            }
            Generation::Text => {
                let (number, name) = row.text;
                let code = if self == Self::AlreadyClosed {
                    122
                } else {
                    103
                };
                let text = format!("{number:04X} - {name}; {doing}; failed to execute command");
                ModuleError::new(code, text)
            }
        }
    }

    /// The status that an error tells: by its name, or else by its number in the generation of the error. `None` for an error that says
    /// nothing certain.
    #[must_use]
    pub fn of(error: &ModuleError) -> Option<Self> {
        let message = error.message.as_str();
        let by_name = TABLE.iter().find(|row| {
            let names = [row.decimal.1, row.text.1];
            message
                .split([' ', ';', ','])
                .any(|word| names.contains(&word))
        });
        let by_number = || {
            let hexadecimal = message.split(' ').next().filter(|word| word.len() == 4);
            match hexadecimal.and_then(|word| u16::from_str_radix(word, 16).ok()) {
                Some(number) => TABLE.iter().find(|row| row.text.0 == number),
                None => TABLE.iter().find(|row| row.decimal.0 == error.code),
            }
        };
        by_name.or_else(by_number).map(|row| row.status)
    }
}

#[cfg(test)]
mod tests {
    use super::{Generation, ModuleStatus, TABLE};
    use crate::seal::fiscal_module::ModuleError;

    #[test]
    fn every_status_is_read_back_in_both_generations() {
        for row in TABLE {
            let decimal = row.status.error(Generation::Decimal, "failed");
            assert_eq!(ModuleStatus::of(&decimal), Some(row.status));
            let text = row
                .status
                .error(Generation::Text, "failed to register receipt");
            let found = ModuleStatus::of(&text).unwrap();
            // Programs of version 4 have one name for the three times, and one for both sums.
            assert_eq!(found.remedy(), row.remedy, "{text}");
        }
    }

    /// Texts of devices in the field (`docs/api/fiscalbox.md`).
    #[test]
    fn the_same_number_means_another_thing_in_the_other_generation() {
        let read = |code, message: &str| ModuleStatus::of(&ModuleError::new(code, message));
        let past =
            "9030 - DATETIME_IS_IN_THE_PAST; failed to open zreport; failed to execute command";
        assert_eq!(read(103, past), Some(ModuleStatus::ReceiptTimePast));
        // 36912 is 9030 in hexadecimal digits.
        assert_eq!(read(36_912, ""), Some(ModuleStatus::AlreadyOpen));
        let closed = "9023 - ZREPORT_IS_ALREADY_CLOSED; failed to register receipt; failed to execute command";
        assert_eq!(read(122, closed), Some(ModuleStatus::AlreadyClosed));
        assert_eq!(read(122, "9021"), Some(ModuleStatus::NotOpen));
        assert_eq!(read(103, "something failed"), None);
        assert_eq!(read(2, "Read timed out"), None);
    }
}
