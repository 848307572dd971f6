//! Every kind of payment that a family of printers takes: the printer's fiscal memory has the money under the kind that was
//! configured, and the books have the same sums.

mod shop;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ferrotill::api::json::JsonValue;
use ferrotill_device::emulator::RigOptions;
use ferrotill_device::family::{FAMILIES, PaymentMeaning, Protocol};
use ferrotill_testkit::config::Device;
use shop::forms::{FormShop, FormTill};
use shop::{Client, Reply, value};

/// A firmware of a family, and the file of its printer's memory.
struct Machine {
    /// The form of the family for the country of the machine.
    form: &'static Protocol,
    firmware: &'static str,
    memory: PathBuf,
    /// The kinds of payment of the till; the first is cash.
    kinds: Vec<Kind>,
}

/// One kind of payment: its letter, and its meaning in the family's table. Its place in the till's table is its code.
type Kind = (char, PaymentMeaning);

/// How many kinds beside cash a till has: its table has room for 16.
const KINDS_BESIDE_CASH: usize = 15;

/// All kinds of a family, for as many tills as are needed.
fn kinds(family: &'static Protocol) -> impl Iterator<Item = Vec<Kind>> {
    let (cash, others) = family.payments.letters.split_first().unwrap();
    assert_eq!(*cash, ('P', PaymentMeaning::Cash));
    let tills = others.chunks(KINDS_BESIDE_CASH);
    tills.map(|kinds| [&[*cash], kinds].concat())
}

/// The payment types of a till. The first letter of a meaning is configured by the meaning alone.
fn section(till: &FormTill, kinds: &[Kind]) -> Device {
    let types = kinds.iter().enumerate().map(|(code, (letter, meaning))| {
        let by_letter = if till.family.payments.letter_of(*meaning) == Some(*letter) {
            String::new()
        } else {
            format!(", printer = \"{letter}\"")
        };
        let cash = *meaning == PaymentMeaning::Cash;
        let means = meaning.name();
        format!(
            r#"{{ code = {code}, name = "Kind {code}", cash = {cash}, means = "{means}"{by_letter} }}"#
        )
    });
    till.section().payment_types(types)
}

/// An amount in minor units as the API has it.
fn money(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

fn body(price: i64, payments: &[(usize, i64)], more: &str) -> String {
    let payments = payments
        .iter()
        .map(|(code, amount)| format!(r#"{{"typeCode":{code},"amount":{}}}"#, money(*amount)));
    let payments = payments.collect::<Vec<_>>().join(",");
    let price = money(price);
    format!(
        r#"{{"items":[{{"name":"Cafea","quantity":1,"price":{price},"taxGroupCode":"A"}}],"payments":[{payments}]{more}}}"#
    )
}

/// The sums of a day by payment letter, in minor units, as the test counts them.
#[derive(Default)]
struct Expected {
    sales: BTreeMap<char, i64>,
    refunds: BTreeMap<char, i64>,
    cash_in: i64,
    cash_out: i64,
}

fn accepted(reply: Reply, case: &str) -> Reply {
    assert_eq!(reply.status, 200, "{case}: {}", reply.text);
    reply
}

/// A day with every kind of payment: paid wholly, mixed with cash and change, and given back.
fn plays(machine: &Machine, till: &FormTill, client: &Client) -> Expected {
    let mut expected = Expected::default();
    let case = format!("{} {}", till.family.name, machine.firmware);
    let cash_in = client.post("cashoperations", r#"{"amount":1000.00}"#);
    accepted(cash_in, &case);
    expected.cash_in += 100_000;
    for (code, (letter, meaning)) in machine.kinds.iter().copied().enumerate() {
        let case = format!("{case}: {letter} {}", meaning.name());
        let extra = i64::try_from(code).unwrap();
        let (whole, part, kept) = (2_000 + 101 * extra, 700 + 11 * extra, 1_300 + extra);
        let sale = client.post("operations/sale", &body(whole, &[(code, whole)], ""));
        match machine.form.payments.meaning_of(letter) {
            // The machines of this country do not have the kind.
            None => {
                assert_eq!(sale.status, 422, "{case}: {}", sale.text);
                continue;
            }
            // The owner of the printer names the kind, so that it may be the configured one.
            Some(PaymentMeaning::Other) => {}
            Some(booked) => assert_eq!(booked, meaning, "{case}"),
        }
        if sale.text.contains("this printer has no payment type for") {
            // Older machines of a family have fewer kinds, and the driver has read their names. Cash and cards are everywhere.
            let everywhere = [PaymentMeaning::Cash, PaymentMeaning::Card];
            assert!(!everywhere.contains(&meaning), "{case}: {}", sale.text);
            assert_eq!(sale.verdict().2, "JobNotPrintable", "{case}");
            continue;
        }
        let sold = accepted(sale, &case);
        let mixed = body(part + kept, &[(code, part), (0, kept + 550)], "");
        accepted(client.post("operations/sale", &mixed), &case);
        *expected.sales.entry(letter).or_default() += whole + part;
        *expected.sales.entry('P').or_default() += kept;

        let of = format!(r#","originalReceiptId":"{}""#, sold.receipt("id"));
        let back = client.post("operations/return", &body(whole, &[(code, whole)], &of));
        if machine.form.receipts.refund_in_cash && letter != 'P' {
            assert_eq!(back.verdict().2, "JobNotPrintable", "{case}: {}", back.text);
            continue;
        }
        accepted(back, &case);
        if machine.form.refund.is_some() {
            *expected.refunds.entry(letter).or_default() += whole;
        } else if letter == 'P' {
            expected.cash_out += whole;
        }
    }
    let cash_out = client.post("cashoperations", r#"{"amount":-15.00}"#);
    accepted(cash_out, &case);
    expected.cash_out += 1_500;
    expected
}

fn minor(node: &JsonValue, path: &str) -> i64 {
    match value(node, path) {
        JsonValue::Number(number) => number.replace('.', "").parse().unwrap(),
        other => panic!("{path}: {other:?}"),
    }
}

fn file(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The sums by letter of the receipts in the fiscal memory, without change.
fn receipts(machine: &Machine) -> [BTreeMap<char, i64>; 2] {
    let mut sums = [BTreeMap::new(), BTreeMap::new()];
    let path = format!("{}.receipts", machine.memory.display());
    for line in file(Path::new(&path)).lines() {
        let receipt = JsonValue::parse(line.as_bytes()).unwrap();
        let is_refund = *value(&receipt, "refund") == JsonValue::Bool(true);
        let JsonValue::Array(payments) = value(&receipt, "payments") else {
            panic!("{line}");
        };
        let sums = &mut sums[usize::from(is_refund)];
        for payment in payments {
            let JsonValue::Text(letter) = value(payment, "0") else {
                panic!("{line}");
            };
            let letter = letter.chars().next().unwrap();
            *sums.entry(letter).or_default() += minor(payment, "1");
        }
        let change = minor(&receipt, "change");
        if change != 0 {
            *sums.entry('P').or_default() -= change;
        }
    }
    sums
}

/// Compares the fiscal memory with what was paid.
fn compare(machine: &Machine, expected: &Expected) {
    let case = format!("{} {}", machine.form.name, machine.firmware);
    let [sales, refunds] = receipts(machine);
    assert_eq!(sales, expected.sales, "{case}: sales");
    assert_eq!(refunds, expected.refunds, "{case}: refunds");
    let memory = JsonValue::parse(file(&machine.memory).as_bytes()).unwrap();
    let day = value(&memory, "closures.0.day");
    for (place, letter) in machine.form.payments.day.iter().enumerate() {
        for (name, sums) in [
            ("payments", &expected.sales),
            ("refund_payments", &expected.refunds),
        ] {
            let booked = minor(day, &format!("{name}.{place}"));
            let paid = sums.get(letter).copied().unwrap_or(0);
            assert_eq!(booked, paid, "{case}: {name} of {letter}");
        }
    }
    let moved = [minor(day, "cash_in"), minor(day, "cash_out")];
    assert_eq!(
        moved,
        [expected.cash_in, expected.cash_out],
        "{case}: cash in and out"
    );
}

#[test]
fn the_fiscal_memory_and_the_books_have_the_money_under_the_same_kinds() {
    let folder = tempfile::tempdir().unwrap();
    let mut machines = Vec::new();
    let mut tills = Vec::new();
    for family in FAMILIES.iter().copied() {
        for (firmware, kinds) in (family.firmware.iter())
            .flat_map(|firmware| kinds(family).map(move |kinds| (firmware.name, kinds)))
        {
            let memory = folder.path().join(format!("{}.memory", machines.len()));
            let mut forms = family.countries.iter().copied();
            let form = forms.find(|form| form.firmware_of(firmware).is_some());
            machines.push(Machine {
                form: form.unwrap_or(family),
                firmware,
                memory: memory.clone(),
                kinds,
            });
            let change = |rig| RigOptions {
                firmware: Some(firmware.to_owned()),
                memory: Some(memory),
                ..rig
            };
            tills.push(FormTill::new(family, folder.path(), change, None));
        }
    }
    let shop = FormShop::open(folder.path(), tills, |place, till| {
        section(till, &machines[place].kinds)
    });
    shop.at_every_till(|place, till, client| {
        let machine = &machines[place];
        let case = format!("{} {}", till.family.name, machine.firmware);
        let expected = plays(machine, till, client);
        let closed = accepted(client.post("operations/closeday", "{}"), &case);
        let agrees = closed.at("data.additionalData.reconciliation.agrees");
        assert_eq!(agrees, "true", "{case}: {}", closed.text);
        let books = (0..closed.list("data.payments")).map(|row| {
            let of = |member| closed.at(&format!("data.payments.{row}.{member}"));
            let (letter, _) = machine.kinds[of("typeCode").parse::<usize>().unwrap()];
            (letter, of("amount").replace('.', "").parse().unwrap())
        });
        assert_eq!(
            books.collect::<BTreeMap<_, i64>>(),
            expected.sales,
            "{case}"
        );
        for (member, sum) in [("cashInAmount", 100_000), ("cashOutAmount", 1_500)] {
            assert_eq!(closed.at(&format!("data.{member}")), money(sum), "{case}");
        }
        compare(machine, &expected);
    });
}
