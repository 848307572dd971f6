//! Kills the built program at every step of a card sale, of giving the money of a card back, and of a closeday with a bank terminal. The
//! money at the bank is always the money on the registered documents: no card is charged twice, and no money stays without a document.
//!
//! A step is a new row of the journal, a new operation at the bank, or a command that the printer has executed. Each kind is counted up
//! until the work ends before its step.

mod shop;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::thread::JoinHandle;

use ferrotill::payment::simulated::BANK_FILE;
use ferrotill_device::emulator::{Rig, RigOptions};
use ferrotill_device::printer::Paper;
use ferrotill_store::FILE_NAME;
use shop::outside::{Process, finished, until};
use shop::{Client, Reply, config};
use uuid::Uuid;

const TERMINAL: &str = "3f0c1f0e-51d8-4b5c-9a56-0f6f0a6b7c01";
/// How much of each sale is paid by card, in bani.
const BY_CARD: i64 = 1_500;

/// What is counted until the program is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Row,
    BankOperation,
    PrinterCommand,
}

const STEPS: [Step; 3] = [Step::Row, Step::BankOperation, Step::PrinterCommand];
/// More steps than any of the works has.
const STEPS_MAX: u64 = 60;

/// A shop whose agent is a process.
struct Shop {
    agent: Process,
    rig: Rig,
    file: PathBuf,
    books: PathBuf,
    ids: u128,
    /// What must be at the bank, in bani.
    at_bank: i64,
    /// The transactions at the bank that stand on documents.
    transactions: BTreeSet<String>,
    _office: Process,
    _folder: tempfile::TempDir,
}

impl Shop {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("printer");
        let books = folder.path().join("books");
        // The line is so slow that the agent can be killed between two commands.
        let rig = Rig::start(RigOptions {
            baud: Some(57_600),
            ..RigOptions::new(link.clone())
        })
        .unwrap();
        let office = Process::authority();
        let uri = format!("datecs+serial://{}?baud=57600", link.display());
        let config = config(&books, &uri, &office.client.url)
            .bank_terminal(TERMINAL, "Terminal 1", 1)
            .to_string();
        let file = folder.path().join("ferrotill.toml");
        std::fs::write(&file, config).unwrap();
        Self {
            agent: Process::agent(&file),
            rig,
            file,
            books,
            ids: 0x7a0b_9f0e_4a4e_4a53_9a3b_0000_0000_0000,
            at_bank: 0,
            transactions: BTreeSet::new(),
            _office: office,
            _folder: folder,
        }
    }

    fn next_id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    /// How many steps of this kind there were since the shop was opened.
    fn steps(&self, step: Step) -> u64 {
        match step {
            Step::Row => {
                let database = rusqlite::Connection::open(self.books.join(FILE_NAME)).unwrap();
                let count = database.query_row("SELECT count(*) FROM journal", [], |row| {
                    row.get::<_, i64>(0)
                });
                u64::try_from(count.unwrap()).unwrap()
            }
            Step::BankOperation => {
                let file = std::fs::read_to_string(self.books.join(BANK_FILE));
                u64::try_from(file.unwrap_or_default().lines().count()).unwrap()
            }
            Step::PrinterCommand => self.rig.snapshot(false).commands,
        }
    }

    /// Kills the agent after so many steps of a work, unless the work has ended before. Then starts it again. Returns true if the work was
    /// cut off.
    fn kill_after(
        &mut self,
        (step, count): (Step, u64),
        work: impl FnOnce(&Client) -> JoinHandle<()>,
        has_ended: impl Fn(&Self) -> bool,
    ) -> bool {
        let before = self.steps(step);
        let caller = work(&self.agent.client);
        let mut ended = false;
        until(&format!("{count} of {step:?}"), || {
            ended = caller.is_finished() && has_ended(self);
            ended || self.steps(step) >= before + count
        });
        self.agent.kill();
        caller.join().unwrap();
        self.agent = Process::agent(&self.file);
        !ended
    }

    fn balance(&self) -> String {
        self.agent.client.open("/sim/bank_terminal").at("balance")
    }

    /// Repeats a request until it is registered, as a caller does.
    fn registered(&self, operation: &str, body: &str) -> Reply {
        for _ in 0..20 {
            let reply = self.agent.client.post(operation, body);
            match reply.state.as_deref() {
                Some("registered") => return reply,
                Some("unknown" | "not_registered") => {}
                other => panic!("{other:?}: {}", reply.text),
            }
        }
        panic!("{body} does not come to an end");
    }

    /// Repeats a card sale until it is registered: its money is at the bank once.
    fn sells(&mut self, body: &str) {
        let sold = self.registered("operations/sale", body);
        self.at_bank += BY_CARD;
        assert!(
            self.transactions
                .insert(sold.receipt("payments.0.bankTerminalRRN")),
            "{}",
            sold.text
        );
        assert_eq!(self.balance(), money(self.at_bank), "{}", sold.text);
    }

    /// Everything agrees: the printer, the documents and the bank.
    fn compare(&self) {
        let client = &self.agent.client;
        let receipts = self.rig.snapshot(true).fiscal_receipts.len();
        assert_eq!(receipts, self.transactions.len());
        assert_eq!(
            client.get("receipts").at("data.totalCount"),
            receipts.to_string()
        );
        until("no card payment waits", || {
            !client.open("/healthz").text.contains("card_payment_waits")
        });
        assert_eq!(self.balance(), money(self.at_bank));
        until("the authority has every document", || {
            client.open("/healthz").at("unsent.documents") == "0"
        });
        let (code, said) = finished(&["verify", "--config", self.file.to_str().unwrap()]);
        assert_eq!(code, Some(0), "{said}");
    }
}

fn money(bani: i64) -> String {
    format!("{}.{:02}", bani / 100, bani % 100)
}

fn sale(id: Uuid) -> String {
    format!(
        r#"{{"id":"{id}","receiptMode":"FiscalReceiptOnly","items":[{{"name":"Cafea","quantity":1,"price":25.50,"taxGroupCode":"A"}}],"payments":[{{"typeCode":1,"amount":{},"useBankTerminal":true}},{{"typeCode":0,"amount":20.00}}]}}"#,
        money(BY_CARD)
    )
}

/// A caller that sends a request and does not wait for it: the answer may be cut off.
fn sends(client: &Client, operation: &'static str, body: &str) -> JoinHandle<()> {
    let (client, body) = (client.clone(), body.to_owned());
    std::thread::spawn(move || drop(client.call("POST", operation, &body, |_| ())))
}

/// Does a work with a kill after every step of each kind. `work` returns whether it was cut off by the kill.
fn at_every_step(mut work: impl FnMut((Step, u64)) -> bool) {
    for step in STEPS {
        let cut_off = (1..STEPS_MAX).take_while(|count| work((step, *count)));
        let cut_off = cut_off.count();
        assert!(cut_off > 0, "no {step:?} was before the end of the work");
        eprintln!("{step:?}: {cut_off} kills");
        assert!(cut_off < 58, "{step:?} has no end");
    }
}

#[test]
fn a_killed_card_sale_that_is_repeated_charges_the_card_once() {
    let mut shop = Shop::open();
    at_every_step(|moment| {
        let body = sale(shop.next_id());
        let work = |client: &Client| sends(client, "operations/sale", &body);
        let cut_off = shop.kill_after(moment, work, |_| true);
        shop.sells(&body);
        cut_off
    });
    shop.compare();
}

#[test]
fn a_killed_card_sale_that_nobody_repeats_leaves_no_money_without_a_document() {
    let mut shop = Shop::open();
    at_every_step(|moment| {
        let id = shop.next_id();
        let body = sale(id);
        let work = |client: &Client| sends(client, "operations/sale", &body);
        let cut_off = shop.kill_after(moment, work, |_| true);
        let path = format!("/operations/{id}");
        let mut state = String::new();
        until("the request has an outcome", || {
            state = shop.agent.client.open(&path).at("fiscal_state");
            state != "unknown"
        });
        until("the money is where it belongs", || {
            let kept = if state == "registered" { BY_CARD } else { 0 };
            shop.balance() == money(shop.at_bank + kept)
        });
        // The id of a request that is not registered is free.
        shop.sells(&body);
        cut_off
    });
    shop.compare();
}

#[test]
fn a_killed_void_after_a_failed_fiscal_attempt_gives_the_money_back_once() {
    let mut shop = Shop::open();
    at_every_step(|moment| {
        let id = shop.next_id();
        let body = sale(id);
        let path = format!("/operations/{id}");
        shop.rig.set_paper(Paper::Out);
        let is_back = |shop: &Shop| {
            let shown = shop.agent.client.open(&path);
            shown.at("fiscal_state") == "not_registered"
                && shop.balance() == money(shop.at_bank)
                && shown.text.contains("voided")
        };
        let work = |client: &Client| sends(client, "operations/sale", &body);
        let cut_off = shop.kill_after(moment, work, is_back);
        until("the money is back", || {
            shop.agent.client.open(&path).at("fiscal_state") == "not_registered"
                && shop.balance() == money(shop.at_bank)
        });
        shop.rig.set_paper(Paper::Ok);
        shop.sells(&body);
        cut_off
    });
    shop.compare();
}

#[test]
fn a_killed_closeday_settles_the_terminal_and_closes_the_day_once() {
    let mut shop = Shop::open();
    let mut days = 0;
    at_every_step(|moment| {
        let id = shop.next_id();
        shop.sells(&sale(id));
        let body = format!(r#"{{"id":"{}"}}"#, shop.next_id());
        let work = |client: &Client| sends(client, "operations/closeday", &body);
        let cut_off = shop.kill_after(moment, work, |_| true);
        let closed = shop.registered("operations/closeday", &body);
        days += 1;
        assert_eq!(closed.at("data.receiptCount"), "1", "{}", closed.text);
        let agree = closed.at("data.additionalData.reconciliation.agrees");
        assert_eq!(agree, "true", "{}", closed.text);
        assert_eq!(shop.rig.snapshot(false).z_number, days);
        let bank = shop.agent.client.open("/sim/bank_terminal");
        let newest = bank.list("operations") - 1;
        assert_eq!(bank.at(&format!("operations.{newest}.settled")), "true");
        cut_off
    });
    shop.compare();
}
