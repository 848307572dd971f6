//! How fast a backlog reaches the authority: the agent's time for ten thousand unsent documents, compared with the time of a bare HTTP
//! client that sends the same bodies over one connection in the same run. The agent may take 1.5 times as long as the bare
//! client.
//!
//! `cargo bench -p ferrotill --bench drain [-- DOCUMENTS]`
#![allow(
    clippy::print_stdout,
    reason = "the figure is printed for the person who started the measurement"
)]

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use ferrotill::agent::Agent;
use ferrotill::authority::http::kept_agent;
use ferrotill::clerk::{Answer, Message};
use ferrotill::config::{Config, Trust};
use ferrotill::order::{
    OrderDraft, OrderForm, OrderKind, OrderLine, ReceiptMode, Said, TerminalUse,
};
use ferrotill::simulator::tax_office::{self, Received, Strictness, TaxOfficeSimulator};
use ferrotill_core::receipt::CopiedLine;
use ferrotill_core::{Amount, Quantity};
use tokio::sync::oneshot;
use uuid::Uuid;

const DOCUMENTS: usize = 10_000;
const ROUNDS: usize = 3;
/// The largest ratio, in hundredths: 150 is 1.5.
const RATIO_MAX: u128 = 150;
const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const DEVICE: Uuid = Uuid::from_u128(0x0875_b8a5_0668_41a3_a3fa_8eec_cf66_d289);

fn main() {
    let documents = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(DOCUMENTS);
    // Other work on the machine slows one side or the other, so the middle of three rounds counts.
    let mut ratios: Vec<u128> = (0..ROUNDS).map(|_| round(documents)).collect();
    ratios.sort_unstable();
    let ratio = ratios[ROUNDS / 2];
    println!("ratio {} (at most {})", decimal(ratio), decimal(RATIO_MAX));
    if ratio > RATIO_MAX {
        std::process::exit(1);
    }
}

/// The ratio of one round in hundredths: the agent's time divided by the bare client's time.
fn round(documents: usize) -> u128 {
    let folder = tempfile::tempdir().unwrap();
    sell(folder.path(), documents);

    let authority = TaxOfficeSimulator::new(Strictness::AnyObject);
    let url = serve(authority.clone());
    let begun = Instant::now();
    let agent = start(folder.path(), &url);
    // The live status is as old as the last batch, and reading it costs nothing; the store is asked only near the end.
    let service = agent.service();
    while service.live_status.unsent().documents > 500
        || service.reader.unsent().unwrap().documents > 0
    {
        std::thread::sleep(Duration::from_millis(5));
    }
    let written = begun.elapsed();
    drop(agent);
    let received = authority.received();
    check(&received, documents, authority.duplicates());

    let bare = bare(&received);
    let ratio = written.as_millis() * 100 / bare.as_millis().max(1);
    println!(
        "{documents} documents: sent and stored as acknowledged in {written:.2?}; a bare client: {bare:.2?}; ratio {}",
        decimal(ratio)
    );
    ratio
}

fn decimal(hundredths: u128) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Sells the given number of alternative receipts on a till whose authority cannot be reached.
fn sell(folder: &Path, documents: usize) {
    let agent = start(folder, "http://127.0.0.1:9");
    let mut answers = Vec::new();
    for document in 0..documents {
        let (reply, answer) = oneshot::channel();
        agent.service().clerk_handle.send(Message::Order {
            device: DEVICE,
            form: Box::new(order(document)),
            deadline: Instant::now() + Duration::from_secs(600),
            reply,
        });
        answers.push(answer);
        if answers.len() == 200 || document + 1 == documents {
            for answer in answers.drain(..) {
                let outcome = answer.blocking_recv();
                let registered = matches!(outcome, Ok(Answer::Registered { .. }));
                assert!(registered, "{outcome:?}");
            }
        }
    }
}

fn order(document: usize) -> OrderForm {
    let line = |name: &str, price: i64| OrderLine {
        name: name.into(),
        quantity: Quantity::ONE,
        price: Amount::from_minor(price),
        modifier: None,
        tax_group: Some("B".to_owned()),
        comment: "".into(),
        final_amount: None,
        copied: CopiedLine::default(),
    };
    let draft = OrderDraft {
        lines: vec![line("Piine Praga", 810), line("Lapte 1l", 1_275)],
        payments: vec![(Some(0), Amount::from_minor(5_000))],
        ..OrderDraft::default()
    };
    OrderForm {
        id: Uuid::from_u128(1 + u128::try_from(document).unwrap()),
        point_of_sale: Uuid::from_u128(1),
        kind: OrderKind::Sale {
            draft,
            mode: ReceiptMode::AlternativeOnly,
            number: None,
            print: false,
        },
        echo: String::new(),
        found: String::new(),
        on_paper: true,
        terminals: TerminalUse::default(),
        said: Said::default(),
        contact: None,
    }
}

/// Checks that the authority received each document once, in the order of the document numbers.
fn check(received: &[Received], documents: usize, duplicates: u64) {
    assert_eq!((received.len(), duplicates), (documents, 0));
    let number = |one: &Received| -> u64 {
        let text = one.body.get();
        let (_, after) = text.split_once("\"msgID\":").expect("a number");
        let digits: String = after
            .trim_start()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse().unwrap()
    };
    assert!(received.iter().map(number).is_sorted(), "in order");
}

/// Sends the same bodies over one connection and does nothing else. Returns the time that the sending took.
fn bare(received: &[Received]) -> Duration {
    let authority = TaxOfficeSimulator::new(Strictness::AnyObject);
    let url = serve(authority.clone());
    let agent = kept_agent(Duration::from_secs(5), &Trust::BuiltIn);
    let begun = Instant::now();
    for one in received {
        let mut response = agent
            .post(format!("{url}/{}", one.kind))
            .header("Content-Type", "application/json")
            .header("Accept", "application/json")
            .header("Idempotency-Key", &one.key)
            .send(one.body.get())
            .unwrap();
        assert_eq!(response.status(), 200);
        response.body_mut().read_to_vec().unwrap();
    }
    let took = begun.elapsed();
    assert_eq!(authority.received().len(), received.len());
    took
}

fn start(folder: &Path, authority: &str) -> Agent {
    let text = format!(
        r#"
[till]
country = "MD"
mode = "TEST"
data_dir = {folder:?}

[[api.clients]]
key = "key"
secret = "a-secret-of-some-length"

[[device]]
id = "{DEVICE}"
name = "Till 1"
uri = "datecs+tcp://127.0.0.1:9"
use_alternative_receipts = true
tax_groups = [ {{ code = "B", rate = "8.00" }} ]
payment_types = [ {{ code = 0, name = "Numerar", cash = true }} ]
alternative_receipts_ranges = [ {{ series = "ABC", start = 1, end = 9999999, number_length = 8 }} ]

[upstream]
url = {authority:?}
"#
    );
    let config = Config::parse(&text, "bench.toml").unwrap();
    Agent::start(config, None).unwrap()
}

/// Serves the authority simulator on a thread of its own. Returns the simulator's URL.
fn serve(authority: TaxOfficeSimulator) -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind(ANYWHERE).await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            sender.send(url).unwrap();
            tax_office::serve(listener, authority, std::future::pending()).await;
        });
    });
    receiver.recv().unwrap()
}
