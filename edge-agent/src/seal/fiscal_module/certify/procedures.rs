//! The inferences about a FiscalBox device, each with its procedure.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Finding, Inference, NEXT_SECOND, PRICE, Trial};
use super::{confirmed_if, found, not_tried, text, whole};
use crate::seal::fiscal_module::statuses::{Generation, ModuleStatus};
use crate::seal::fiscal_module::{CallFault, ModuleCall, ModuleError, Operation};

/// By so much payments and lines may differ, in tiyin.
const TOLERANCE: i64 = 10_000;

const fn inference(
    id: &'static str,
    says: &'static str,
    place: &'static str,
    procedure: fn(&mut Trial<'_>) -> Finding,
) -> Inference {
    Inference {
        id,
        says,
        place,
        procedure,
    }
}

/// All inferences, in the order in which they are tried: each leaves what the next one needs.
pub const INFERENCES: &[Inference] = &[
    inference(
        "info_members",
        "info tells terminal_id, applet_version, current_receipt_seq and receipt_count",
        "driver.rs, read",
        info_members,
    ),
    inference(
        "limits_told",
        "info tells how many receipts (858) and reports (832) have room",
        "software.rs, RECEIPTS_MAX and REPORTS_MAX",
        limits_told,
    ),
    inference(
        "path_without_slash",
        "a path is taken without a slash at its end",
        "http.rs, send",
        path_without_slash,
    ),
    inference(
        "shift_info_in_result",
        "a successful zreport/info is inside `result`",
        "simulator/fiscalbox.rs, wraps",
        shift_info_in_result,
    ),
    inference(
        "open_opens",
        "zreport/open opens the shift, and zreport/info has its open_time then",
        "driver.rs, open",
        open_opens,
    ),
    inference(
        "error_generation",
        "opening an open shift is refused by the name of the generation that applet_version says",
        "statuses.rs, TABLE",
        error_generation,
    ),
    inference(
        "sale_counts",
        "a sale raises current_receipt_seq by one, and its answer has that number",
        "device/src/judge/module.rs",
        sale_counts,
    ),
    inference(
        "link_form",
        "the link of a receipt is https://ofd.soliq.uz/check with t, r, c and s of its answer",
        "core/src/profile/uz.rs, check_text",
        link_form,
    ),
    inference(
        "sign_form",
        "the fiscal sign is a text of 12 digits",
        "core/src/seal.rs, ModuleSeal",
        sign_form,
    ),
    inference(
        "last_has_uuid",
        "order/last has the uuid of the last order",
        "driver.rs, judged",
        last_has_uuid,
    ),
    inference(
        "order_last_plain",
        "order/last is a plain envelope",
        "simulator/fiscalbox.rs, wraps",
        order_last_plain,
    ),
    inference(
        "time_in_the_past",
        "a receipt whose time is not after the last one is refused with a name of the table, and not counted",
        "statuses.rs, TABLE; driver.rs, is_only_late",
        time_in_the_past,
    ),
    inference(
        "time_apart",
        "a time ten minutes ahead is refused, and nothing is counted",
        "api/fiscalbox/request/order.rs, TIME_APART_MAX_S",
        time_apart,
    ),
    inference(
        "uuid_is_no_key",
        "an order with the uuid of an earlier one is registered once more",
        "driver.rs: nothing is sent a second time on hope",
        uuid_is_no_key,
    ),
    inference(
        "sums_within_tolerance",
        "payments may differ from the lines by 100 soms",
        "api/fiscalbox/units.rs, SUM_TOLERANCE",
        sums_within_tolerance,
    ),
    inference(
        "sums_above_tolerance",
        "payments that differ by more are refused with 65531, and nothing is counted",
        "api/fiscalbox/units.rs, SUM_TOLERANCE",
        sums_above_tolerance,
    ),
    inference(
        "other_lowers_the_line",
        "`other` (gifts and points) lowers the line",
        "api/fiscalbox/request/products.rs",
        other_lowers_the_line,
    ),
    inference(
        "refund_counts",
        "order/refuse with the link of a sale raises current_receipt_seq and total_refund_count",
        "device/src/judge/module.rs",
        refund_counts,
    ),
    inference(
        "x_closes_nothing",
        "zreport/close with close_zreport false closes nothing",
        "api/fiscalbox/shift.rs",
        x_closes_nothing,
    ),
    inference(
        "send_by_get",
        "order/sendreceipt is taken by GET, without a body",
        "module_limits.rs, look",
        send_by_get,
    ),
    inference(
        "close_counts",
        "zreport/close closes the shift, and the next shift has the next number",
        "driver.rs, judged_closing",
        close_counts,
    ),
    inference(
        "close_plain",
        "the answer of zreport/close is a plain envelope",
        "simulator/fiscalbox.rs, wraps",
        close_plain,
    ),
    inference(
        "closed_shift_told",
        "zreport/info?number=1 tells the shift that was closed last",
        "driver.rs, judged_closing",
        closed_shift_told,
    ),
];

fn info_members(trial: &mut Trial<'_>) -> Finding {
    found(trial.ask(Operation::Info).map(|info| {
        trial.applet = text(&info, "applet_version");
        let names = [
            "terminal_id",
            "applet_version",
            "current_receipt_seq",
            "receipt_count",
        ];
        let missing: Vec<&str> = names
            .into_iter()
            .filter(|name| text(&info, name).is_empty())
            .collect();
        confirmed_if(missing.is_empty(), || format!("info has no {missing:?}"))
    }))
}

fn limits_told(trial: &mut Trial<'_>) -> Finding {
    found(trial.ask(Operation::Info).map(|info| {
        let limits = [
            whole(&info, "receipt_max_count"),
            whole(&info, "zreport_max_count"),
        ];
        confirmed_if(limits == [Some(858), Some(832)], || {
            format!("the limits are {limits:?}")
        })
    }))
}

fn path_without_slash(trial: &mut Trial<'_>) -> Finding {
    found(trial.raw("/info").map(|answer| {
        let data = answer.get("data").is_some_and(Value::is_object);
        confirmed_if(data, || format!("GET /info is answered {answer}"))
    }))
}

fn shift_info_in_result(trial: &mut Trial<'_>) -> Finding {
    found(trial.raw("/zreport/info/").map(|answer| {
        let inside = answer.get("result").and_then(|it| it.get("data"));
        confirmed_if(inside.is_some(), || "it is a plain envelope".to_owned())
    }))
}

fn open_opens(trial: &mut Trial<'_>) -> Finding {
    let opened = (|| {
        let figures = trial.ask(Operation::ShiftInfo)?;
        let is_open = |figures: &Value| {
            !text(figures, "open_time").is_empty() && text(figures, "close_time").is_empty()
        };
        if is_open(&figures) {
            return Err(Finding::NotTried(
                "a shift is open already: close it, and try again".to_owned(),
            ));
        }
        trial.clock.wait(NEXT_SECOND);
        let open = ModuleCall::new(Operation::Open).with("time", trial.time(0));
        if let Err(fault) = trial.call(&open) {
            return Ok(Finding::Refuted(format!("{fault:?}")));
        }
        let figures = trial.ask(Operation::ShiftInfo)?;
        Ok(confirmed_if(is_open(&figures), || {
            format!(
                "zreport/info has the open_time {:?}",
                text(&figures, "open_time")
            )
        }))
    })();
    found(opened)
}

fn error_generation(trial: &mut Trial<'_>) -> Finding {
    trial.clock.wait(NEXT_SECOND);
    let open = ModuleCall::new(Operation::Open).with("time", trial.time(0));
    let is_newer = trial.applet.trim_start_matches('v').starts_with('4');
    let generation = if is_newer {
        Generation::Text
    } else {
        Generation::Decimal
    };
    let expected = ModuleStatus::AlreadyOpen.error(generation, "");
    match trial.call(&open) {
        Ok(_) => Finding::Refuted("an open shift was opened".to_owned()),
        Err(CallFault::Refused(error)) => {
            let name = |message: &str| message.split(';').next().unwrap_or("").trim().to_owned();
            let is_known = ModuleStatus::of(&error) == Some(ModuleStatus::AlreadyOpen);
            let is_so = is_known && name(&error.message) == name(&expected.message);
            confirmed_if(is_so, || {
                format!("applet {}: {} {}", trial.applet, error.code, error.message)
            })
        }
        Err(fault) => not_tried(Operation::Open, &fault),
    }
}

fn sale_counts(trial: &mut Trial<'_>) -> Finding {
    let order = trial.order(PRICE, 0);
    let tried = trial.sell(Operation::Create, &order).and_then(|(told, grown)| {
        let sequence = trial.sequence()?;
        Ok(match told {
            Ok(data) => {
                let number = whole(&data, "receipt_count");
                confirmed_if(grown == 1 && number == Some(sequence), || {
                    format!("the number has grown by {grown} to {sequence}, the answer has {number:?}")
                })
            }
            Err(fault) => Finding::Refuted(format!("{fault:?}; the number has grown by {grown}")),
        })
    });
    found(tried)
}

fn link_form(trial: &mut Trial<'_>) -> Finding {
    found(trial.sold().map(|(_, data)| {
        let part = |name: &str| text(data, name);
        let expected = format!(
            "https://ofd.soliq.uz/check?t={}&r={}&c={}&s={}",
            part("terminal_id"),
            part("receipt_count"),
            part("date_time"),
            part("fiscal_sign")
        );
        let link = part("qr_url");
        confirmed_if(link == expected, || format!("the link is {link}"))
    }))
}

fn sign_form(trial: &mut Trial<'_>) -> Finding {
    found(trial.sold().map(|(_, data)| {
        let sign = data.get("fiscal_sign").cloned().unwrap_or_default();
        let is_sign = |text: &str| text.len() == 12 && text.bytes().all(|it| it.is_ascii_digit());
        confirmed_if(sign.as_str().is_some_and(is_sign), || {
            format!("the sign is {sign}")
        })
    }))
}

fn last_has_uuid(trial: &mut Trial<'_>) -> Finding {
    let tried = trial.sold().map(|(order, _)| text(order, "uuid"));
    found(tried.and_then(|id| {
        let last = match trial.call(&ModuleCall::new(Operation::Last)) {
            Ok(last) => last,
            Err(CallFault::Refused(error)) => {
                let words = format!(
                    "after a sale order/last answers {} {}",
                    error.code, error.message
                );
                return Ok(Finding::Refuted(words));
            }
            Err(fault) => return Err(not_tried(Operation::Last, &fault)),
        };
        let told = last.get("order").map(|order| text(order, "uuid"));
        Ok(confirmed_if(told.as_deref() == Some(&id), || {
            format!("order/last has {told:?} instead of {id}")
        }))
    }))
}

fn order_last_plain(trial: &mut Trial<'_>) -> Finding {
    found(trial.raw("/order/last/").map(|answer| {
        if answer.get("error").is_some_and(Value::is_object) {
            return Finding::NotTried(format!("order/last is answered {answer}"));
        }
        confirmed_if(answer.get("result").is_none(), || {
            "it is inside `result`".to_owned()
        })
    }))
}

/// Nothing was counted, and the refusal is the expected one.
fn refused(
    tried: Result<(Result<Value, CallFault>, i64), Finding>,
    is_expected: impl FnOnce(&ModuleError) -> bool,
) -> Finding {
    found(tried.map(|(told, grown)| match told {
        Ok(_) => Finding::Refuted(format!("it was taken; the number has grown by {grown}")),
        Err(CallFault::Refused(error)) => confirmed_if(grown == 0 && is_expected(&error), || {
            format!(
                "{} {}; the number has grown by {grown}",
                error.code, error.message
            )
        }),
        Err(fault) => Finding::NotTried(format!("{fault:?}")),
    }))
}

fn time_in_the_past(trial: &mut Trial<'_>) -> Finding {
    let mut order = trial.order(PRICE, 0);
    if let Some(members) = order.as_object_mut() {
        members.insert("time".to_owned(), trial.time(-60).into());
    }
    let tried = trial.sell(Operation::Create, &order);
    refused(tried, |error| {
        ModuleStatus::of(error).is_some_and(|status| {
            matches!(
                status,
                ModuleStatus::ReceiptTimePast
                    | ModuleStatus::OpenTimePast
                    | ModuleStatus::CloseTimePast
            )
        })
    })
}

fn time_apart(trial: &mut Trial<'_>) -> Finding {
    let mut order = trial.order(PRICE, 0);
    if let Some(members) = order.as_object_mut() {
        members.insert("time".to_owned(), trial.time(600).into());
    }
    let tried = trial.sell(Operation::Create, &order);
    refused(tried, |error| error.code == 104)
}

fn uuid_is_no_key(trial: &mut Trial<'_>) -> Finding {
    let id = trial.sold().map(|(order, _)| text(order, "uuid"));
    let id = match id {
        Ok(id) => id,
        Err(finding) => return finding,
    };
    let mut order = trial.order(PRICE, 0);
    if let Some(members) = order.as_object_mut() {
        members.insert("uuid".to_owned(), id.into());
    }
    let tried = trial.sell(Operation::Create, &order);
    found(tried.map(|(told, grown)| {
        confirmed_if(grown == 1, || {
            format!("the number has grown by {grown}: {told:?}")
        })
    }))
}

fn sums_within_tolerance(trial: &mut Trial<'_>) -> Finding {
    let order = trial.order(PRICE.saturating_sub(TOLERANCE), 0);
    let tried = trial.sell(Operation::Create, &order);
    found(tried.map(|(told, grown)| confirmed_if(grown == 1, || format!("{told:?}"))))
}

fn sums_above_tolerance(trial: &mut Trial<'_>) -> Finding {
    let order = trial.order(PRICE.saturating_sub(TOLERANCE).saturating_sub(1), 0);
    let tried = trial.sell(Operation::Create, &order);
    refused(tried, |error| error.code == 65_531)
}

fn other_lowers_the_line(trial: &mut Trial<'_>) -> Finding {
    let order = trial.order(PRICE / 2, PRICE / 2);
    let tried = trial.sell(Operation::Create, &order);
    found(tried.map(|(told, grown)| confirmed_if(grown == 1, || format!("{told:?}"))))
}

fn refund_counts(trial: &mut Trial<'_>) -> Finding {
    let tried = (|| {
        let (sale, link) = trial
            .sold()
            .map(|(order, data)| (order.clone(), text(data, "qr_url")))?;
        let count = |figures: &Value| whole(figures, "total_refund_count").unwrap_or(0);
        let before = count(&trial.ask(Operation::ShiftInfo)?);
        trial.clock.wait(NEXT_SECOND);
        let mut order = sale;
        if let Some(members) = order.as_object_mut() {
            members.insert("uuid".to_owned(), Uuid::new_v4().to_string().into());
            members.insert("time".to_owned(), trial.time(0).into());
            members.insert("qr_code".to_owned(), link.into());
        }
        let (told, grown) = trial.sell(Operation::Refuse, &order)?;
        let counted = count(&trial.ask(Operation::ShiftInfo)?).saturating_sub(before);
        Ok(confirmed_if(grown == 1 && counted == 1, || {
            format!("the number has grown by {grown}, the refunds by {counted}: {told:?}")
        }))
    })();
    found(tried)
}

fn shift_number(trial: &Trial<'_>) -> Result<Option<i64>, Finding> {
    Ok(whole(&trial.ask(Operation::ShiftInfo)?, "number"))
}

fn close(trial: &Trial<'_>, closes: bool) -> Result<Value, CallFault> {
    trial.clock.wait(NEXT_SECOND);
    let body = json!({ "close_zreport": closes, "name": "", "prices": [], "banners": [] });
    let call = ModuleCall::new(Operation::Close).with("time", trial.time(0));
    trial.call(&call.body(body))
}

fn x_closes_nothing(trial: &mut Trial<'_>) -> Finding {
    let tried = (|| {
        let before = shift_number(trial)?;
        let told = close(trial, false);
        let after = shift_number(trial)?;
        Ok(confirmed_if(told.is_ok() && before == after, || {
            format!("the shift was {before:?} and is {after:?}: {told:?}")
        }))
    })();
    found(tried)
}

fn send_by_get(trial: &mut Trial<'_>) -> Finding {
    match trial.call(&ModuleCall::new(Operation::SendReceipt)) {
        Ok(_) => Finding::Confirmed,
        Err(fault) => Finding::Refuted(format!("{fault:?}")),
    }
}

fn close_counts(trial: &mut Trial<'_>) -> Finding {
    let tried = (|| {
        let before = shift_number(trial)?;
        let told = close(trial, true);
        // The next procedure reads this answer.
        let answer = trial.last_answer();
        let after = shift_number(trial)?;
        trial.sold = Some((Value::Null, answer));
        let next = before.and_then(|number| number.checked_add(1));
        Ok(confirmed_if(told.is_ok() && after == next, || {
            format!("the shift was {before:?} and is {after:?}: {told:?}")
        }))
    })();
    found(tried)
}

fn close_plain(trial: &mut Trial<'_>) -> Finding {
    found(trial.sold().map(|(_, answer)| {
        confirmed_if(answer.get("data").is_some(), || format!("it is {answer}"))
    }))
}

fn closed_shift_told(trial: &mut Trial<'_>) -> Finding {
    let call = ModuleCall::new(Operation::ShiftInfo).with("number", "1");
    match trial.call(&call) {
        Ok(figures) => confirmed_if(!text(&figures, "close_time").is_empty(), || {
            format!("it has the close_time {:?}", text(&figures, "close_time"))
        }),
        Err(fault) => Finding::Refuted(format!("{fault:?}")),
    }
}
