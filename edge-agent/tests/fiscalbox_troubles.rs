//! Every trouble of a fiscal module in every operation, with both sealers and both generations of modules; and the till killed at every step.
//! A receipt is never made twice, and what is told as not registered is not in the module.

mod shop;

use ferrotill::api::json::JsonValue;
use ferrotill_testkit::health_page::check_says;
use shop::module_till::{
    ModuleReply, ModuleSealer, ModuleTill, PRODUCT, order, query_time, refund, sale, scalar, shown,
    sold, with_id,
};
use shop::outside::{finished, until};
use uuid::Uuid;

/// A trouble, and what it leaves of the operation that it strikes.
const TROUBLES: &[(&str, Leaves)] = &[
    (r#""kind":"drop_request""#, Leaves::Nothing),
    (r#""kind":"power_cut""#, Leaves::Nothing),
    (
        r#""kind":"error","code":2,"text":"Read timed out""#,
        Leaves::Nothing,
    ),
    (
        r#""kind":"error","code":36886,"text":"ERROR_RECEIPT_MEMORY_FULL""#,
        Leaves::Nothing,
    ),
    (
        r#""kind":"error","code":103,"text":"90F1 - RECEIPTS_MEMORY_FULL; failed to execute command""#,
        Leaves::Nothing,
    ),
    (
        r#""kind":"error","code":36888,"text":"ERROR_RECEIPT_TIME_PAST""#,
        Leaves::Done,
    ),
    (
        r#""kind":"error","code":103,"text":"9030 - DATETIME_IS_IN_THE_PAST; failed to execute command""#,
        Leaves::Done,
    ),
    (r#""kind":"drop_answer""#, Leaves::Done),
    (
        r#""kind":"error_after_commit","code":2,"text":"Read timed out""#,
        Leaves::Done,
    ),
    (
        r#""kind":"error_after_commit","code":122,"text":"9023 - ZREPORT_IS_ALREADY_CLOSED; failed to execute command""#,
        Leaves::Done,
    ),
    (
        r#""kind":"error_after_commit","code":36909,"text":"ERROR_ZREPORT_IS_NOT_OPEN""#,
        Leaves::Done,
    ),
    (r#""kind":"forget_last""#, Leaves::Done),
    (r#""kind":"delay","ms":300"#, Leaves::Done),
];

/// What a trouble leaves of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaves {
    /// The operation was not carried out.
    Nothing,
    /// The operation was carried out.
    Done,
}

/// What a trouble strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Create,
    Refuse,
    Open,
    Close,
}

const WORKS: [(Work, &str); 4] = [
    (Work::Create, "create"),
    (Work::Refuse, "refuse"),
    (Work::Open, "open"),
    (Work::Close, "close"),
];

/// A till, and what must be in its module.
struct Shop {
    till: ModuleTill,
    receipts: usize,
    closed: u32,
}

impl Shop {
    fn open(sealer: ModuleSealer, firmware: &str) -> Self {
        Self {
            till: ModuleTill::sealed_by(sealer, firmware, |config| config),
            receipts: 0,
            closed: 0,
        }
    }

    /// Sells without trouble, and returns the link of the receipt.
    fn sell(&mut self) -> String {
        let link = sold(&self.till, &sale("")).path("data.qr_url");
        self.receipts += 1;
        link
    }

    /// Does a work, and returns the answer and the id of its document.
    fn work(&self, work: Work, id: Uuid, link: &str) -> ModuleReply {
        match work {
            // The first document opens the shift.
            Work::Create | Work::Open => self.till.post("order/create", &sale(&with_id(id))),
            Work::Refuse => self.till.post("order/refuse", &refund(link, &with_id(id))),
            Work::Close => self.till.get(&format!("zreport/close?{}", query_time())),
        }
    }

    /// The module has what it must have.
    fn check(&self, after: &str) {
        let module = self.till.module();
        assert_eq!(self.till.receipts(), self.receipts, "{after}: {module}");
        assert_eq!(
            shown(&module, "z_number"),
            self.closed.to_string(),
            "{after}"
        );
    }

    /// Closes the shift without trouble.
    fn close(&mut self, after: &str) {
        let told = self.till.get(&format!("zreport/close?{}", query_time()));
        assert_eq!(
            (told.code().as_str(), told.state()),
            ("0", "registered"),
            "{after}: {}",
            told.body
        );
        self.closed += 1;
    }

    /// One trouble in one work.
    fn try_trouble(&mut self, (work, operation): (Work, &str), (trouble, leaves): (&str, Leaves)) {
        let name = format!("{trouble} in {operation}");
        // What is carried out of a struck opening is the sale behind it.
        let link = match work {
            Work::Open => String::new(),
            Work::Create | Work::Refuse | Work::Close => self.sell(),
        };
        self.till
            .trouble(&format!(r#"{{{trouble},"operation":"{operation}"}}"#));
        let id = Uuid::new_v4();
        let told = self.work(work, id, &link);
        self.till.without_trouble();
        let state = told.state().to_owned();
        assert_ne!(state, "unknown", "{name}: {}", told.body);
        assert_eq!(
            told.code() == "0",
            state == "registered",
            "{name}: {}",
            told.body
        );
        // A lost or refused opening may have opened the shift, and the sale behind it is the outcome.
        let expected = if leaves == Leaves::Done {
            "registered"
        } else {
            "not_registered"
        };
        if work != Work::Open {
            assert_eq!(state, expected, "{name}: {}", told.body);
        }
        let done = usize::from(state == "registered");
        match work {
            Work::Close => self.closed += u32::try_from(done).unwrap(),
            _ => self.receipts += done,
        }
        self.check(&name);
        if work == Work::Close {
            if done == 0 {
                self.close(&name);
            }
            return;
        }
        // The same id again is the same document, or the first one.
        let again = self.work(work, id, &link);
        assert_eq!(
            (again.state(), again.replayed),
            ("registered", done == 1),
            "{name}: {}",
            again.body
        );
        self.receipts += 1 - done;
        self.check(&format!("{name}, again"));
        if work == Work::Open {
            self.close(&name);
        }
    }
}

/// Each work has a till of its own. The tills mostly wait for answers, so they do it beside each other.
fn every_trouble(sealer: ModuleSealer, firmware: &str) {
    std::thread::scope(|tills| {
        for work in WORKS {
            tills.spawn(move || {
                let mut shop = Shop::open(sealer, firmware);
                for trouble in TROUBLES {
                    shop.try_trouble(work, *trouble);
                }
                shop.till.verify();
            });
        }
    });
}

#[test]
fn every_trouble_of_the_older_module_in_software() {
    every_trouble(ModuleSealer::Software, "applet-3");
}

#[test]
fn every_trouble_of_the_newer_module_in_software() {
    every_trouble(ModuleSealer::Software, "applet-4");
}

#[test]
fn every_trouble_of_the_older_device_over_http() {
    every_trouble(ModuleSealer::Device, "applet-3");
}

#[test]
fn every_trouble_of_the_newer_device_over_http() {
    every_trouble(ModuleSealer::Device, "applet-4");
}

/// A registered receipt that the module does not tell any more: a person declares it, and until then nothing else is sold.
#[test]
fn a_receipt_that_the_device_has_forgotten_is_left_to_a_person() {
    let till = ModuleTill::sealed_by(ModuleSealer::Device, "applet-4", |config| {
        config.set("till", "answer_timeout_ms", 3_000)
    });
    sold(&till, &sale(""));
    till.trouble(r#"{"kind":"power_cut_after","operation":"create"}"#);
    let id = Uuid::new_v4();
    let told = till.post("order/create", &sale(&with_id(id)));
    assert_eq!(
        (told.code().as_str(), told.state()),
        ("2", "unknown"),
        "{}",
        told.body
    );
    for path in ["zreport/info", "order/last", "info"] {
        assert_eq!(till.get(path).code(), "2", "{path}");
    }
    let other = till.post("order/create", &sale(""));
    assert_eq!(
        (other.code().as_str(), other.state()),
        ("2", "not_registered"),
        "{}",
        other.body
    );
    let config = till.config.display().to_string();
    let listen = till.process.client.url.replace("http://", "");
    let id = id.to_string();
    let declared = [
        "settle",
        &id,
        "--registered",
        "--by",
        "Aziza",
        "--config",
        &config,
        "--listen",
        &listen,
    ];
    let (code, said) = finished(&declared);
    assert_eq!(code, Some(0), "{said}");
    sold(&till, &order("order", (500_000, 0), PRODUCT, ""));
    assert_eq!(till.receipts(), 3);
    assert_eq!(
        till.get("zreport/info")
            .path("result.data.total_sale_count"),
        "3"
    );
}

/// The limits of the memory, and what the till does about them.
#[test]
fn a_full_memory_and_receipts_that_wait_too_long_are_refused_and_sent() {
    for firmware in ["applet-3", "applet-4"] {
        let till = ModuleTill::sealed_by(ModuleSealer::Device, firmware, |config| config);
        sold(&till, &sale(""));
        for (limit, code) in [
            (r#"{"state":"down","unsent":858}"#, ["36886", "103"]),
            (
                r#"{"state":"down","unsent":3,"unsent_hours":49}"#,
                ["36889", "103"],
            ),
        ] {
            till.set_module(limit);
            let before = till.receipts();
            let told = till.post("order/create", &sale(""));
            let code = code[usize::from(firmware == "applet-4")];
            assert_eq!(
                (told.code().as_str(), told.state()),
                (code, "not_registered"),
                "{}",
                told.body
            );
            assert_eq!(till.receipts(), before);
            till.set_module(r#"{"state":"up"}"#);
            assert_eq!(till.get("order/sendreceipt").code(), "0");
            sold(&till, &sale(""));
        }
        // A clock that is too far away refuses the time; nothing is registered.
        till.set_module(r#"{"clock_ahead_s":900}"#);
        let told = till.post("order/create", &sale(""));
        assert_eq!(
            (told.code().as_str(), told.state()),
            ("104", "not_registered"),
            "{}",
            told.body
        );
        till.set_module(r#"{"clock_ahead_s":0,"wrapping":"documented"}"#);
        sold(&till, &sale(""));
        let z = till.get(&format!("zreport/close?{}", query_time()));
        assert_eq!(
            (z.code().as_str(), z.path("data.total_sale_count").as_str()),
            ("0", "4"),
            "{}",
            z.body
        );
        till.verify();
    }
}

/// When the till is killed.
#[derive(Clone, Copy, Debug)]
enum Kill {
    /// After the document is reserved, before the module gets it.
    BeforeTheModule,
    /// After the module has carried it out, before the till has the answer.
    BeforeTheAnswer,
    /// After the document is sealed.
    AfterTheSeal,
}

/// Kills the till at a step of a work, starts it again, and repeats the request.
fn kill(shop: &mut Shop, (work, operation): (Work, &str), kill: Kill) {
    let name = format!("{kill:?} in {operation}");
    let link = shop.sell();
    let (before, receipts, closed) = (shop.till.rows(), shop.receipts, shop.closed);
    let slow = match kill {
        Kill::BeforeTheModule => {
            r#"{"kind":"delay","operation":"info","ms":800,"times":2}"#.to_owned()
        }
        Kill::BeforeTheAnswer => {
            format!(r#"{{"kind":"delay","operation":"{operation}","ms":1500}}"#)
        }
        Kill::AfterTheSeal => r#"{"kind":"delay","operation":"drawer","ms":0}"#.to_owned(),
    };
    shop.till.trouble(&slow);
    let id = Uuid::new_v4();
    std::thread::scope(|scope| {
        let shared = &*shop;
        let caller = scope.spawn(move || {
            let url = shared.till.url("/fiscalbox/");
            // The till is killed, so the call may have no answer.
            let sent = match work {
                Work::Refuse => shared
                    .till
                    .agent
                    .post(format!("{url}order/refuse"))
                    .send(refund(&link, &with_id(id))),
                Work::Close => shared
                    .till
                    .agent
                    .get(format!("{url}zreport/close?{}", query_time()))
                    .call(),
                Work::Create | Work::Open => shared
                    .till
                    .agent
                    .post(format!("{url}order/create"))
                    .send(sale(&with_id(id))),
            };
            drop(sent);
        });
        until(&name, || match kill {
            Kill::BeforeTheModule => shared.till.rows() > before,
            Kill::BeforeTheAnswer => {
                let module = shared.till.module();
                shared.till.receipts() > receipts
                    || shown(&module, "z_number") != closed.to_string()
            }
            Kill::AfterTheSeal => shared.till.rows() >= before + 2,
        });
        let process = nix::unistd::Pid::from_raw(i32::try_from(shared.till.process.id()).unwrap());
        nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGKILL).unwrap();
        caller.join().unwrap();
    });
    shop.till.crash();
    shop.till.without_trouble();
    // The till settles what was outstanding by itself; then the module tells its figures.
    let mut told = String::new();
    until(&format!("{name}: settled"), || {
        let info = shop.till.get("zreport/info");
        told = info.body.to_string();
        info.code() == "0"
    });
    let module = shop.till.module();
    if work == Work::Close {
        let was_closed = shown(&module, "z_number") != closed.to_string();
        if was_closed {
            shop.closed += 1;
        } else {
            shop.close(&name);
        }
    } else {
        let link = module_link(&shop.till, &name);
        let again = match work {
            Work::Refuse => shop.till.post("order/refuse", &refund(&link, &with_id(id))),
            _ => shop.till.post("order/create", &sale(&with_id(id))),
        };
        assert_eq!(again.state(), "registered", "{name}: {}", again.body);
        shop.receipts += 1;
    }
    shop.check(&name);
}

/// The link that the refund of the killed request named: that of the last sale.
fn module_link(till: &ModuleTill, name: &str) -> String {
    let last = till.get("order/last");
    assert_eq!(last.code(), "0", "{name}: {}", last.body);
    if last.path("data.isRefund") == "true" {
        last.path("data.order.qr_code")
    } else {
        last.path("data.result.QRCodeURL")
    }
}

#[test]
fn a_till_that_is_killed_at_any_step_makes_no_document_twice() {
    let mut shop = Shop::open(ModuleSealer::Device, "applet-4");
    for work in [WORKS[0], WORKS[1], WORKS[3]] {
        for step in [
            Kill::BeforeTheModule,
            Kill::BeforeTheAnswer,
            Kill::AfterTheSeal,
        ] {
            kill(&mut shop, work, step);
        }
    }
    shop.till.verify();
}

#[test]
fn a_person_is_told_before_a_module_reaches_its_limits() {
    let mut shop = Shop::open(ModuleSealer::Device, "applet-4");
    shop.sell();
    let problem = |till: &ModuleTill| {
        let health = till.process.client.open("/healthz").body;
        let Some(JsonValue::Array(problems)) = health.get("problems").cloned() else {
            return None;
        };
        let mut problems = problems.into_iter();
        let is_it =
            |problem: &JsonValue| problem.get("id").map(scalar).as_deref() == Some("module_limit");
        let found = problems.find(is_it);
        found.map(|found| scalar(found.get("says").unwrap()))
    };
    let left = |till: &ModuleTill, name: &str| {
        let health = till.process.client.open("/healthz").body;
        shown(&health, "printers")
            .split_once(&format!("\"{name}\":"))
            .and_then(|(_, rest)| rest.split([',', '}']).next().map(str::to_owned))
    };
    assert_eq!(problem(&shop.till), None);
    for setting in [
        r#"{"state":"down","unsent":700}"#,
        r#"{"state":"down","unsent":3,"unsent_hours":30}"#,
    ] {
        shop.till.set_module(setting);
        until("a person is told", || problem(&shop.till).is_some());
        let says = problem(&shop.till).unwrap();
        check_says("module_limit", &says);
        // The till sells within the limits.
        shop.sell();
        shop.till.set_module(r#"{"state":"up"}"#);
        until("the receipts are sent", || problem(&shop.till).is_none());
    }
    shop.till.set_module(r#"{"state":"down","unsent":700}"#);
    until("what is left is shown", || {
        left(&shop.till, "receipts_left").as_deref() == Some("158")
            && left(&shop.till, "hours_left").as_deref() == Some("47")
    });
    let url = shop.till.url("/metrics");
    let metrics = shop.till.agent.get(url).call().unwrap();
    let metrics = metrics.into_body().read_to_string().unwrap();
    assert!(
        metrics.contains("ferrotill_module_receipts_left{"),
        "{metrics}"
    );
}
