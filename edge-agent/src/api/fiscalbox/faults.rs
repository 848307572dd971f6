//! The faults of a request: a code of the API, a path, and a sentence in the caller's language.

use super::words::{Language, Sentence, say};
use crate::api::json::FAULTS_MAX;

/// The kinds of faults. Their names are stable, and their sentences are in four languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    MalformedJson,
    Missing,
    WrongType,
    NotWhole,
    Negative,
    UnknownValue,
    TooLong,
    TooMany,
    Empty,
    TimeForm,
    TimeApart,
    ClassCode,
    PackageCode,
    Barcode,
    LabelAmount,
    OwnerType,
    Commission,
    VatPercent,
    TaxGroup,
    VatAmount,
    LineAmount,
    DiscountTooLarge,
    SumsDiffer,
    CardType,
    Wallet,
    Link,
    OriginalUnknown,
    LabelUsed,
    ClassUnknown,
    PackageUnknown,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) path: String,
    pub(super) kind: FaultKind,
    pub(super) values: Vec<String>,
}

/// The faults of a request, in the order in which they were found.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    kept: Vec<Fault>,
    others: usize,
}

/// The error of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) code: i64,
    pub(super) message: String,
    pub(super) data: Option<String>,
}

impl FaultKind {
    /// The code of the API.
    const fn code(self) -> i64 {
        match self {
            Self::ClassCode | Self::ClassUnknown => 401,
            Self::PackageCode | Self::PackageUnknown | Self::LabelAmount | Self::LabelUsed => 402,
            Self::SumsDiffer => 65_531,
            Self::OriginalUnknown => 65_275,
            Self::Link => 65_274,
            _ => 104,
        }
    }

    /// The name of the kind, which `data` of the error holds beside its path.
    const fn name(self) -> &'static str {
        match self {
            Self::MalformedJson => "MalformedJson",
            Self::Missing => "Missing",
            Self::WrongType => "WrongType",
            Self::NotWhole => "NotWhole",
            Self::Negative => "Negative",
            Self::UnknownValue => "UnknownValue",
            Self::TooLong => "TextTooLong",
            Self::TooMany => "TooMany",
            Self::Empty => "Empty",
            Self::TimeForm => "TimeForm",
            Self::TimeApart => "TimeApart",
            Self::ClassCode => "ClassCode",
            Self::PackageCode => "PackageCode",
            Self::Barcode => "Barcode",
            Self::LabelAmount => "LabelAmount",
            Self::OwnerType => "OwnerType",
            Self::Commission => "Commission",
            Self::VatPercent => "VatPercent",
            Self::TaxGroup => "NoTaxGroup",
            Self::VatAmount => "VatAmount",
            Self::LineAmount => "LineAmount",
            Self::DiscountTooLarge => "DiscountTooLarge",
            Self::SumsDiffer => "SumsDiffer",
            Self::CardType => "CardType",
            Self::Wallet => "WalletFields",
            Self::Link => "ReceiptLink",
            Self::OriginalUnknown => "OriginalUnknown",
            Self::LabelUsed => "LabelUsed",
            Self::ClassUnknown => "ClassUnknown",
            Self::PackageUnknown => "PackageUnknown",
        }
    }

    /// Russian, Uzbek in Latin letters, English.
    fn sentence(self) -> Sentence {
        let mut sentences = SENTENCES.iter();
        let found = sentences.find(|(kind, _)| *kind == self);
        found.map_or([self.name(); 3], |(_, sentence)| *sentence)
    }
}

/// The sentences: Russian, Uzbek in Latin letters, English.
const SENTENCES: &[(FaultKind, Sentence)] = &[
    (
        FaultKind::LabelUsed,
        [
            "код маркировки {0} уже продан",
            "{0} markirovka kodi allaqachon sotilgan",
            "the marking code {0} is sold already",
        ],
    ),
    (
        FaultKind::ClassUnknown,
        [
            "кода ИКПУ {0} нет в таблице",
            "{0} MXIK kodi jadvalda yo‘q",
            "the code {0} is not in the table of goods codes",
        ],
    ),
    (
        FaultKind::PackageUnknown,
        [
            "кода упаковки {0} нет в таблице",
            "{0} qadoq kodi jadvalda yo‘q",
            "the package code {0} is not in the table of goods codes",
        ],
    ),
    (
        FaultKind::MalformedJson,
        [
            "тело запроса не является JSON",
            "so‘rov JSON emas",
            "the body is not JSON",
        ],
    ),
    (
        FaultKind::Missing,
        [
            "обязательное поле отсутствует",
            "majburiy maydon yo‘q",
            "is needed",
        ],
    ),
    (
        FaultKind::WrongType,
        [
            "неверный тип значения: нужно {0}",
            "qiymat turi noto‘g‘ri: {0} kerak",
            "has the wrong type; {0} is needed",
        ],
    ),
    (
        FaultKind::NotWhole,
        [
            "нужно целое число: деньги ×100, количество ×1000",
            "butun son kerak: pul ×100, miqdor ×1000",
            "must be a whole number: money ×100, quantity ×1000",
        ],
    ),
    (
        FaultKind::Negative,
        [
            "не может быть отрицательным",
            "manfiy bo‘lishi mumkin emas",
            "must not be negative",
        ],
    ),
    (
        FaultKind::UnknownValue,
        [
            "недопустимое значение; допустимы: {0}",
            "noto‘g‘ri qiymat; ruxsat etilgan: {0}",
            "has an unknown value; allowed are {0}",
        ],
    ),
    (
        FaultKind::TooLong,
        [
            "слишком длинный текст: не более {0} знаков",
            "matn juda uzun: ko‘pi bilan {0} belgi",
            "is too long; at most {0} characters are allowed",
        ],
    ),
    (
        FaultKind::TooMany,
        [
            "слишком много элементов: не более {0}",
            "juda ko‘p: ko‘pi bilan {0} ta",
            "has too many items; at most {0} are allowed",
        ],
    ),
    (
        FaultKind::Empty,
        [
            "нужна хотя бы одна позиция",
            "kamida bitta mahsulot kerak",
            "needs at least one item",
        ],
    ),
    (
        FaultKind::TimeForm,
        [
            "время должно быть в виде ГГГГ-ММ-ДД ЧЧ:ММ:СС",
            "vaqt YYYY-OO-KK SS:DD:SS ko‘rinishida bo‘lishi shart",
            "must be a time such as 2024-01-09 15:53:15",
        ],
    ),
    (
        FaultKind::TimeApart,
        [
            "время отличается от часов кассы ({0}) более чем на пять минут",
            "vaqt kassa soatidan ({0}) besh daqiqadan ko‘p farq qiladi",
            "is more than five minutes from the time of the till ({0})",
        ],
    ),
    (
        FaultKind::ClassCode,
        [
            "код ИКПУ должен состоять из 17 цифр без пробелов",
            "mxik kodi 17 ta raqam bo‘lishi shart, bo‘sh joysiz",
            "must have 17 digits and no blanks",
        ],
    ),
    (
        FaultKind::PackageCode,
        [
            "код упаковки должен быть числом из каталога tasnif.soliq.uz",
            "qadoq kodi tasnif.soliq.uz katalogidagi son bo‘lishi shart",
            "must be a number of the catalogue tasnif.soliq.uz",
        ],
    ),
    (
        FaultKind::Barcode,
        [
            "штрихкод должен быть EAN-8 или EAN-13 с верной контрольной цифрой",
            "shtrix-kod nazorat raqami to‘g‘ri ean-8 yoki ean-13 bo‘lishi shart",
            "must be an EAN-8 or EAN-13 with its check digit",
        ],
    ),
    (
        FaultKind::LabelAmount,
        [
            "маркированный товар: одна единица (1000) на код маркировки, кодов {0}, количество {1}",
            "markirovkalangan mahsulot: har bir kodga bitta dona (1000), kodlar {0}, miqdor {1}",
            "marked goods: one piece (1000) for each marking code; there are {0} codes and the quantity is {1}",
        ],
    ),
    (
        FaultKind::OwnerType,
        [
            "допустимы 0 (купля-продажа), 1 (собственное производство), 2 (услуга)",
            "0 (sotib olingan), 1 (o‘zi ishlab chiqargan), 2 (xizmat) mumkin",
            "must be 0 (bought and sold), 1 (own production) or 2 (service)",
        ],
    ),
    (
        FaultKind::Commission,
        [
            "ИНН состоит из 9 цифр, ПИНФЛ из 14",
            "stir 9 ta, jshshir 14 ta raqamdan iborat",
            "an INN has 9 digits and a PINFL 14",
        ],
    ),
    (
        FaultKind::VatPercent,
        [
            "ставка НДС должна быть числом процентов или null (без НДС)",
            "qqs stavkasi foiz soni yoki `null` (qqssiz) bo‘lishi shart",
            "must be a number of percent, or null for goods without VAT",
        ],
    ),
    (
        FaultKind::TaxGroup,
        [
            "на кассе нет налоговой группы для этой ставки ({0})",
            "kassada bu stavka ({0}) uchun soliq guruhi yo‘q",
            "the till has no tax group with this rate ({0})",
        ],
    ),
    (
        FaultKind::VatAmount,
        [
            "сумма НДС {0} не соответствует ставке: ожидается {1}",
            "qqs summasi {0} stavkaga mos emas: {1} kutilgan",
            "the VAT {0} does not fit the rate; {1} is expected",
        ],
    ),
    (
        FaultKind::LineAmount,
        [
            "сумма строки {0} не равна цене, умноженной на количество: {1}",
            "qator summasi {0} narx va miqdor ko‘paytmasiga teng emas: {1}",
            "the amount {0} is not price times quantity, which is {1}",
        ],
    ),
    (
        FaultKind::DiscountTooLarge,
        [
            "скидка и другие оплаты больше суммы строки",
            "chegirma va boshqa to‘lovlar qator summasidan katta",
            "discount and other payments are larger than the line",
        ],
    ),
    (
        FaultKind::SumsDiffer,
        [
            "оплата {0} и сумма строк {1} различаются на {2}; допускается 100.00",
            "to‘lov {0} va qatorlar summasi {1} orasidagi farq {2}; 100.00 gacha mumkin",
            "the payments {0} and the lines {1} differ by {2}; 100.00 are allowed",
        ],
    ),
    (
        FaultKind::CardType,
        [
            "допустимы 1 (корпоративная), 2 (личная), 3 (социальная, с `extra_info.card_number`: четыре первые и четыре последние цифры)",
            "1 (korporativ), 2 (shaxsiy), 3 (ijtimoiy, `extra_info.card_number` bilan: birinchi va oxirgi to‘rt raqam) mumkin",
            "must be 1 (corporate), 2 (personal) or 3 (social, with extra_info.card_number: the first and the last four digits)",
        ],
    ),
    (
        FaultKind::Wallet,
        [
            "для оплаты кошельком нужны `qr_payment_id` и `qr_payment_provider` (141, 64, 161, 187) и `received_card`",
            "hamyon orqali to‘lovda `qr_payment_id`, `qr_payment_provider` (141, 64, 161, 187) va `received_card` kerak",
            "a payment with a wallet needs qr_payment_id, qr_payment_provider (141, 64, 161, 187) and received_card",
        ],
    ),
    (
        FaultKind::Link,
        [
            "нужна ссылка исходного чека https://ofd.soliq.uz/check?t=&r=&c=&s=",
            "asl chek havolasi kerak: `https://ofd.soliq.uz/check?t=&r=&c=&s=`",
            "must be the link of the original receipt, https://ofd.soliq.uz/check?t=&r=&c=&s=",
        ],
    ),
    (
        FaultKind::OriginalUnknown,
        [
            "исходный чек этой кассе неизвестен",
            "asl chek bu kassaga noma’lum",
            "this till does not know the original receipt",
        ],
    ),
];

impl Faults {
    /// Adds a fault.
    pub(super) fn push(&mut self, path: &str, kind: FaultKind, values: Vec<String>) {
        if self.kept.len() < FAULTS_MAX {
            self.kept.push(Fault {
                path: path.to_owned(),
                kind,
                values,
            });
        } else {
            self.others = self.others.saturating_add(1);
        }
    }

    /// True without a fault.
    pub(super) const fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The error of the answer: the code of the first fault, a line for each fault in a language, and the paths and kinds for programs.
    pub(super) fn error(&self, language: Language) -> ApiError {
        let line = |fault: &Fault| {
            let text = say(&fault.kind.sentence(), language, &fault.values);
            format!("{}: {}", fault.path, text.replace('`', ""))
        };
        let mut lines: Vec<String> = self.kept.iter().map(line).collect();
        if self.others > 0 {
            lines.push(format!("+{}", self.others));
        }
        let names = self.kept.iter();
        let names: Vec<String> = names
            .map(|fault| format!("{} {}", fault.path, fault.kind.name()))
            .collect();
        ApiError {
            code: self.kept.first().map_or(104, |fault| fault.kind.code()),
            message: lines.join("\n"),
            data: Some(names.join("\n")),
        }
    }
}
