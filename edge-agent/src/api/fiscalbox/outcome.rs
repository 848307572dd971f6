//! What became of an order, as an error of the API.

use ferrotill_core::refusal::{Field, Place, Refusal};

use super::faults::ApiError;
use super::words::{Language, Sentence, say};
use super::{INVALID_ARGUMENT, NOT_WORKING, error};
use crate::api::outcome::Told;
use crate::seal::fiscal_module::statuses::{Generation, ModuleStatus};

/// The code of an outcome that is not known: clients then compare the counters.
const TIMED_OUT: i64 = 2;

/// The error of an outcome that is no document.
pub(super) fn error_of(told: &Told, language: Language) -> ApiError {
    match told {
        Told::Refused {
            refusal, faults, ..
        } => refused(*refusal, faults, language),
        Told::NotRegistered(problem) => told_by_module(&problem.message)
            .unwrap_or_else(|| error(NOT_WORKING, &problem.message, &problem.code)),
        Told::NotAsked { problem, .. } => error(INVALID_ARGUMENT, &problem.message, &problem.code),
        Told::Unknown(problem) | Told::Busy(problem) => {
            let message = format!("Read timed out; {}", problem.message);
            error(TIMED_OUT, &message, &problem.code)
        }
        Told::Document { .. } => error(303, "SAVE_ORDER_ERROR", "DocumentNotRead"),
    }
}

fn refused(refusal: Refusal, faults: &[(Place, Refusal)], language: Language) -> ApiError {
    let status = match refusal {
        Refusal::ShiftNotOpen => Some(ModuleStatus::EmptyShift),
        Refusal::NotEnoughCash { .. } => Some(ModuleStatus::NotEnoughCash),
        _ => None,
    };
    if let Some(status) = status {
        return ApiError::from(status.error(Generation::Decimal, ""));
    }
    let code = match refusal {
        Refusal::DeviceUnsettled => TIMED_OUT,
        Refusal::OriginalUnknown => 65_275,
        _ => INVALID_ARGUMENT,
    };
    let mut lines: Vec<String> = faults
        .iter()
        .map(|(place, refusal)| {
            let sentence = sentence(*refusal, language);
            format!("{}: {sentence}", path_of(*place))
        })
        .collect();
    if lines.is_empty() {
        lines.push(match language {
            Language::English => format!("{refusal}; {}", refusal.hint()),
            _ => sentence(refusal, language),
        });
    }
    error(code, &lines.join("\n"), refusal.name())
}

/// What a refusal says in the caller's language. Only what a caller's order can be refused for here is in all four of them: the body was
/// checked before.
fn sentence(refusal: Refusal, language: Language) -> String {
    let (sentence, value): (Sentence, _) = match refusal {
        Refusal::ReturnExceedsQuantity { left } => (
            [
                "из исходной строки осталось вернуть только {0}",
                "asl qatordan qaytarishga faqat {0} qolgan",
                "only {0} of the original line is left to return",
            ],
            left.to_string(),
        ),
        Refusal::ReturnExceedsAmount { left } => (
            [
                "за это количество исходной строки можно вернуть не более {0}",
                "asl qatorning bu miqdori uchun ko‘pi bilan {0} qaytarish mumkin",
                "at most {0} can be given back for this quantity of the original line",
            ],
            left.to_string(),
        ),
        Refusal::ReturnLineUnknown => (
            [
                "в исходном чеке нет строки с таким названием, ценой и ставкой НДС",
                "asl chekda bunday nom, narx va qqs stavkali qator yo‘q",
                "the original has no line with this name, price and VAT rate",
            ],
            String::new(),
        ),
        Refusal::OriginalNotASale => (
            [
                "исходный чек не является чеком продажи",
                "asl chek sotuv cheki emas",
                "the original is not a receipt of a sale",
            ],
            String::new(),
        ),
        Refusal::OriginalUnknown => (
            [
                "исходный чек этой кассе неизвестен",
                "asl chek bu kassaga noma’lum",
                "this till does not know the original receipt",
            ],
            String::new(),
        ),
        Refusal::RequestIdClash => (
            [
                "`uuid` уже принадлежит другому документу; для нового заказа нужен новый",
                "`uuid` boshqa hujjatga tegishli; yangi buyurtma uchun yangisi kerak",
                "uuid: belongs to another document; use a new one for a new order",
            ],
            String::new(),
        ),
        Refusal::PaymentNotUsable => (
            [
                "этим платежом оплатить заказ нельзя: деньги по нему возвращены или могли быть возвращены, либо им оплачен другой чек; проведите оплату заново",
                "bu to‘lov bilan buyurtmani to‘lab bo‘lmaydi: uning puli qaytarilgan yoki qaytarilgan bo‘lishi mumkin, yoki u bilan boshqa chek to‘langan; to‘lovni qaytadan oling",
                "the payment that the order names cannot pay it: its money was given back or may have been, or another receipt is paid with it; take the money again",
            ],
            String::new(),
        ),
        _ => return refusal.to_string(),
    };
    say(&sentence, language, &[value]).replace('`', "")
}

/// The path of a place. Where a field of the core comes from several of the API, it is the one that a caller would change.
fn path_of(place: Place) -> String {
    match place {
        Place::Line(line, field) => format!("products[{line}].{}", name_of(field)),
        Place::Payments | Place::Payment(..) => "received_cash".to_owned(),
        Place::Original => "qr_code".to_owned(),
        _ => "body".to_owned(),
    }
}

/// The name of a field of a product.
const fn name_of(field: Field) -> &'static str {
    match field {
        Field::Name | Field::Comment => "name",
        Field::Quantity => "amount",
        Field::Price => "product_price",
        Field::Modifier => "discount",
        Field::TaxGroup | Field::TaxRate => "vat_percent",
        Field::Tax | Field::FinalTax => "vat",
        Field::AmountBefore | Field::FinalAmount | Field::Type | Field::Amount => "price",
    }
}

/// The module's own error in a sentence of the agent, which has its number and its words after a colon.
fn told_by_module(sentence: &str) -> Option<ApiError> {
    let parts = sentence.split(": ");
    let found = parts.filter_map(|part| part.split_once(' '));
    let mut numbered = found.filter_map(|(code, words)| Some((code.parse::<i64>().ok()?, words)));
    let (code, words) = numbered.next()?;
    let words = words.split("; to try again").next().unwrap_or(words);
    Some(error(code, words, "NotRegistered"))
}

impl From<crate::seal::fiscal_module::ModuleError> for ApiError {
    fn from(error: crate::seal::fiscal_module::ModuleError) -> Self {
        Self {
            code: error.code,
            message: error.message,
            data: error.data,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::told_by_module;

    #[test]
    fn the_error_of_the_module_reaches_the_caller_with_its_number() {
        let sentence = "printer: the printer refused a command: 36886 ERROR_RECEIPT_MEMORY_FULL; to try again, send the request with the id x";
        let error = told_by_module(sentence).unwrap();
        assert_eq!(
            (error.code, &*error.message),
            (36_886, "ERROR_RECEIPT_MEMORY_FULL")
        );
        assert_eq!(told_by_module("printer: the printer does not answer"), None);
    }
}
