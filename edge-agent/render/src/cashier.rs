//! The lines for the cashier: what an answer that refuses something means to the person at the till.
//!
//! A line has at most [`CASHIER_LETTERS_MAX`] letters, so that it fits the display of a till.

/// The largest number of letters of a line.
pub const CASHIER_LETTERS_MAX: usize = 60;

/// The lines of one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashierWords {
    /// The language's ISO 639 code, with the ISO 15924 code of its letters if it is written in several.
    pub language: &'static str,
    /// The outcome of the operation is not known yet.
    pub outcome_unknown: &'static str,
    /// An earlier document has no known outcome yet.
    pub unsettled: &'static str,
    /// The shift is longer than the law allows.
    pub shift_too_long: &'static str,
    /// No shift is open.
    pub shift_not_open: &'static str,
    /// The limit of selling without the authority is used up.
    pub offline_limit: &'static str,
    /// The connected printer is another one, or not set up as the till.
    pub other_printer: &'static str,
    /// The drawer has not enough cash.
    pub cash_missing: &'static str,
    /// The payments do not fit the total.
    pub payment: &'static str,
    /// A price, a quantity or a discount is not possible.
    pub amounts: &'static str,
    /// The receipt has too many lines or too long texts.
    pub too_long: &'static str,
    /// The sale that is returned is not there or cannot be returned.
    pub original: &'static str,
    /// More is returned than was sold.
    pub returned: &'static str,
    /// There is no number for the receipt.
    pub numbers: &'static str,
    /// The printer has no paper, or its cover is open.
    pub paper: &'static str,
    /// The printer cannot be reached.
    pub printer_away: &'static str,
    /// The printer refuses, and a person must look at it.
    pub printer_fault: &'static str,
    /// The request was carried out before, or its id belongs to another one.
    pub made_before: &'static str,
    /// The till has too much to do, or stops.
    pub busy: &'static str,
    /// The till itself has a fault.
    pub till_fault: &'static str,
    /// The caller has no right: its key, its time or its permission.
    pub refused_caller: &'static str,
    /// The program has sent wrong data.
    pub program: &'static str,
    /// The bank terminal has not taken the payment.
    pub terminal: &'static str,
}

impl CashierWords {
    /// The lines of every language.
    pub const ALL: &[Self] = &[
        ROMANIAN,
        RUSSIAN,
        UKRAINIAN,
        UZBEK_LATIN,
        UZBEK_CYRILLIC,
        GERMAN,
        ENGLISH,
    ];

    /// The lines of a language; the English ones if the language is not known here. `uz` is Uzbek in Latin letters.
    #[must_use]
    pub fn of(language: &str) -> &'static Self {
        let language = if language == "uz" {
            "uz-Latn"
        } else {
            language
        };
        let known = Self::ALL.iter().find(|words| words.language == language);
        known.unwrap_or(&ENGLISH)
    }
}

const ROMANIAN: CashierWords = CashierWords {
    language: "ro",
    outcome_unknown: "Rezultatul nu se știe încă. Repetați aceeași operație.",
    unsettled: "Bonul precedent nu este lămurit. Așteptați puțin.",
    shift_too_long: "Tura a depășit limita legală. Închideți ziua.",
    shift_not_open: "Nicio tură nu este deschisă. Nu este nimic de închis.",
    offline_limit: "Prea mult timp fără legătură cu fiscul. Cereți ajutor.",
    other_printer: "Imprimanta nu este cea a acestei case. Cereți ajutor.",
    cash_missing: "Nu este destul numerar în casă. Introduceți bani.",
    payment: "Plata nu corespunde totalului. Verificați sumele.",
    amounts: "Un preț, o cantitate sau o reducere este greșită.",
    too_long: "Bonul este prea mare. Împărțiți-l în mai multe.",
    original: "Bonul inițial nu se poate returna aici. Verificați-l.",
    returned: "Se returnează mai mult decât a rămas. Verificați bonul.",
    numbers: "Nu mai sunt numere de bonuri. Cereți ajutor.",
    paper: "Verificați hârtia și capacul imprimantei.",
    printer_away: "Imprimanta nu răspunde. Verificați cablul și curentul.",
    printer_fault: "Imprimanta nu a tipărit. Cereți ajutor.",
    made_before: "Operația a fost deja făcută. Verificați bonul.",
    busy: "Casa este ocupată. Repetați peste un minut.",
    till_fault: "Casa are o defecțiune. Cereți ajutor.",
    refused_caller: "Programul nu are dreptul. Cereți ajutor.",
    program: "Programul a trimis date greșite. Cereți ajutor.",
    terminal: "Terminalul bancar nu a aprobat. Altă plată, vă rugăm.",
};

const RUSSIAN: CashierWords = CashierWords {
    language: "ru",
    outcome_unknown: "Результат пока неизвестен. Повторите ту же операцию.",
    unsettled: "Предыдущий чек ещё не завершён. Подождите немного.",
    shift_too_long: "Смена превысила допустимый срок. Закройте день.",
    shift_not_open: "Смена не открыта. Закрывать нечего.",
    offline_limit: "Слишком долго нет связи с налоговой. Вызовите помощь.",
    other_printer: "Принтер не от этой кассы. Вызовите помощь.",
    cash_missing: "В кассе мало наличных. Внесите деньги.",
    payment: "Оплата не сходится с итогом. Проверьте суммы.",
    amounts: "Неверная цена, количество или скидка.",
    too_long: "Чек слишком большой. Разделите его.",
    original: "Этот чек нельзя вернуть здесь. Проверьте его.",
    returned: "Возвращается больше, чем осталось. Проверьте чек.",
    numbers: "Закончились номера чеков. Вызовите помощь.",
    paper: "Проверьте бумагу и крышку принтера.",
    printer_away: "Принтер не отвечает. Проверьте кабель и питание.",
    printer_fault: "Принтер не напечатал. Вызовите помощь.",
    made_before: "Операция уже выполнена. Проверьте чек.",
    busy: "Касса занята. Повторите через минуту.",
    till_fault: "Касса неисправна. Вызовите помощь.",
    refused_caller: "У программы нет доступа. Вызовите помощь.",
    program: "Программа прислала неверные данные. Вызовите помощь.",
    terminal: "Банковский терминал не одобрил. Выберите другую оплату.",
};

const UKRAINIAN: CashierWords = CashierWords {
    language: "uk",
    outcome_unknown: "Результат ще невідомий. Повторіть ту саму операцію.",
    unsettled: "Попередній чек ще не завершено. Зачекайте трохи.",
    shift_too_long: "Зміна перевищила дозволений строк. Закрийте день.",
    shift_not_open: "Зміну не відкрито. Закривати нічого.",
    offline_limit: "Надто довго немає зв’язку з податковою. Кличте допомогу.",
    other_printer: "Принтер не від цієї каси. Кличте допомогу.",
    cash_missing: "У касі мало готівки. Внесіть гроші.",
    payment: "Оплата не відповідає сумі. Перевірте суми.",
    amounts: "Неправильна ціна, кількість або знижка.",
    too_long: "Чек завеликий. Розділіть його.",
    original: "Цей чек не можна повернути тут. Перевірте його.",
    returned: "Повертається більше, ніж лишилося. Перевірте чек.",
    numbers: "Закінчилися номери чеків. Кличте допомогу.",
    paper: "Перевірте папір і кришку принтера.",
    printer_away: "Принтер не відповідає. Перевірте кабель і живлення.",
    printer_fault: "Принтер не надрукував. Кличте допомогу.",
    made_before: "Операцію вже виконано. Перевірте чек.",
    busy: "Каса зайнята. Повторіть за хвилину.",
    till_fault: "Каса несправна. Кличте допомогу.",
    refused_caller: "Програма не має доступу. Кличте допомогу.",
    program: "Програма надіслала неправильні дані. Кличте допомогу.",
    terminal: "Банківський термінал не схвалив. Оберіть іншу оплату.",
};

const UZBEK_LATIN: CashierWords = CashierWords {
    language: "uz-Latn",
    outcome_unknown: "Natija hali noma’lum. Shu amalni takrorlang.",
    unsettled: "Oldingi chek hali yakunlanmagan. Biroz kuting.",
    shift_too_long: "Smena belgilangan vaqtdan oshdi. Kunni yoping.",
    shift_not_open: "Smena ochilmagan. Yopiladigan narsa yo‘q.",
    offline_limit: "Soliq bilan aloqa uzoq vaqt yo‘q. Yordam chaqiring.",
    other_printer: "Printer bu kassaniki emas. Yordam chaqiring.",
    cash_missing: "Kassada naqd pul yetarli emas. Pul kiriting.",
    payment: "To‘lov jami summaga mos emas. Summani tekshiring.",
    amounts: "Narx, miqdor yoki chegirma noto‘g‘ri.",
    too_long: "Chek juda katta. Uni bo‘ling.",
    original: "Bu chekni bu yerda qaytarib bo‘lmaydi. Tekshiring.",
    returned: "Qolganidan ko‘p qaytarilmoqda. Chekni tekshiring.",
    numbers: "Chek raqamlari tugadi. Yordam chaqiring.",
    paper: "Printer qog‘ozi va qopqog‘ini tekshiring.",
    printer_away: "Printer javob bermayapti. Kabel va tokni tekshiring.",
    printer_fault: "Printer chop etmadi. Yordam chaqiring.",
    made_before: "Amal allaqachon bajarilgan. Chekni tekshiring.",
    busy: "Kassa band. Bir daqiqadan keyin takrorlang.",
    till_fault: "Kassada nosozlik bor. Yordam chaqiring.",
    refused_caller: "Dasturga ruxsat yo‘q. Yordam chaqiring.",
    program: "Dastur noto‘g‘ri ma’lumot yubordi. Yordam chaqiring.",
    terminal: "Bank terminali tasdiqlamadi. Boshqa to‘lovni tanlang.",
};

const UZBEK_CYRILLIC: CashierWords = CashierWords {
    language: "uz-Cyrl",
    outcome_unknown: "Натижа ҳали номаълум. Шу амални такрорланг.",
    unsettled: "Олдинги чек ҳали якунланмаган. Бироз кутинг.",
    shift_too_long: "Смена белгиланган вақтдан ошди. Кунни ёпинг.",
    shift_not_open: "Смена очилмаган. Ёпиладиган нарса йўқ.",
    offline_limit: "Солиқ билан алоқа узоқ вақт йўқ. Ёрдам чақиринг.",
    other_printer: "Принтер бу кассаники эмас. Ёрдам чақиринг.",
    cash_missing: "Кассада нақд пул етарли эмас. Пул киритинг.",
    payment: "Тўлов жами суммага мос эмас. Суммани текширинг.",
    amounts: "Нарх, миқдор ёки чегирма нотўғри.",
    too_long: "Чек жуда катта. Уни бўлинг.",
    original: "Бу чекни бу ерда қайтариб бўлмайди. Текширинг.",
    returned: "Қолганидан кўп қайтарилмоқда. Чекни текширинг.",
    numbers: "Чек рақамлари тугади. Ёрдам чақиринг.",
    paper: "Принтер қоғози ва қопқоғини текширинг.",
    printer_away: "Принтер жавоб бермаяпти. Кабель ва токни текширинг.",
    printer_fault: "Принтер чоп этмади. Ёрдам чақиринг.",
    made_before: "Амал аллақачон бажарилган. Чекни текширинг.",
    busy: "Касса банд. Бир дақиқадан кейин такрорланг.",
    till_fault: "Кассада носозлик бор. Ёрдам чақиринг.",
    refused_caller: "Дастурга рухсат йўқ. Ёрдам чақиринг.",
    program: "Дастур нотўғри маълумот юборди. Ёрдам чақиринг.",
    terminal: "Банк терминали тасдиқламади. Бошқа тўловни танланг.",
};

const GERMAN: CashierWords = CashierWords {
    language: "de",
    outcome_unknown: "Ergebnis noch unbekannt. Denselben Vorgang wiederholen.",
    unsettled: "Der vorige Beleg ist noch offen. Bitte kurz warten.",
    shift_too_long: "Die Schicht dauert zu lange. Den Tag abschließen.",
    shift_not_open: "Keine Schicht ist offen. Es gibt nichts abzuschließen.",
    offline_limit: "Zu lange keine Verbindung zum Finanzamt. Hilfe rufen.",
    other_printer: "Der Drucker gehört nicht zu dieser Kasse. Hilfe rufen.",
    cash_missing: "Zu wenig Bargeld in der Kasse. Bitte Geld einlegen.",
    payment: "Die Zahlung passt nicht zur Summe. Beträge prüfen.",
    amounts: "Ein Preis, eine Menge oder ein Rabatt ist falsch.",
    too_long: "Der Beleg ist zu groß. Bitte aufteilen.",
    original: "Dieser Beleg kann hier nicht zurückgegeben werden.",
    returned: "Es wird mehr zurückgegeben, als übrig ist. Beleg prüfen.",
    numbers: "Keine Belegnummern mehr. Hilfe rufen.",
    paper: "Papier und Deckel des Druckers prüfen.",
    printer_away: "Der Drucker antwortet nicht. Kabel und Strom prüfen.",
    printer_fault: "Der Drucker hat nicht gedruckt. Hilfe rufen.",
    made_before: "Der Vorgang ist schon erledigt. Beleg prüfen.",
    busy: "Die Kasse ist ausgelastet. In einer Minute wiederholen.",
    till_fault: "Die Kasse hat einen Fehler. Hilfe rufen.",
    refused_caller: "Das Programm hat keine Berechtigung. Hilfe rufen.",
    program: "Das Programm hat falsche Daten gesendet. Hilfe rufen.",
    terminal: "Das Bankterminal lehnt ab. Bitte anders bezahlen.",
};

const ENGLISH: CashierWords = CashierWords {
    language: "en",
    outcome_unknown: "The outcome is not known yet. Repeat the same operation.",
    unsettled: "The receipt before is not settled yet. Please wait.",
    shift_too_long: "The shift has lasted too long. Close the day.",
    shift_not_open: "No shift is open. There is nothing to close.",
    offline_limit: "No link to the tax office for too long. Call for help.",
    other_printer: "The printer is not that of this till. Call for help.",
    cash_missing: "There is not enough cash in the drawer. Put cash in.",
    payment: "The payment does not fit the total. Check the amounts.",
    amounts: "A price, a quantity or a discount is wrong.",
    too_long: "The receipt is too large. Split it.",
    original: "This receipt cannot be returned here. Check it.",
    returned: "More is given back than is left. Check the receipt.",
    numbers: "There are no receipt numbers left. Call for help.",
    paper: "Check the paper and the cover of the printer.",
    printer_away: "The printer does not answer. Check cable and power.",
    printer_fault: "The printer has not printed. Call for help.",
    made_before: "The operation was made before. Check the receipt.",
    busy: "The till is busy. Repeat in a minute.",
    till_fault: "The till has a fault. Call for help.",
    refused_caller: "The program has no access. Call for help.",
    program: "The program has sent wrong data. Call for help.",
    terminal: "The bank terminal has not approved. Pay another way.",
};
