//! The state of a till without a running agent, as its data folder says it.

use crate::api::readiness::{TillPart, TillState, shift_in_words};
use crate::api::words::waiting;
use crate::config::Config;
use crate::time::clock::Clock;
use ferrotill_store::{Reader, StoreError, is_in_use};

/// The state of the till that has this configuration.
pub(super) fn state(config: &Config, url: &str, shop_clock: &Clock) -> TillState {
    let why = format!("no agent runs at {url}");
    let fix = "start it with `systemctl start ferrotill`, or give its address with --listen";
    let mut parts = vec![TillPart::stopped("agent", why, fix)];
    let folder = &config.till.data_dir;
    if is_in_use(folder) {
        let reader = Reader::new(folder);
        parts.extend(
            read(&reader, config, shop_clock).unwrap_or_else(|error| vec![unreadable(&error)]),
        );
    } else {
        let says = format!("nothing was sold yet: {} has no journal", folder.display());
        parts.push(TillPart::good("store", None, says));
    }
    TillState {
        mode: config.till.mode.to_string(),
        runs: false,
        parts,
    }
}

fn read(reader: &Reader, config: &Config, shop_clock: &Clock) -> Result<Vec<TillPart>, StoreError> {
    let folder = config.till.data_dir.display();
    let mut parts = vec![TillPart::good(
        "store",
        None,
        format!("{folder} can be read"),
    )];
    for device in &config.devices {
        let last = reader.last_number(device.id)?;
        let says = format!(
            "{}; the last document has the number {last}",
            shift_in_words(reader, device, shop_clock)?
        );
        parts.push(TillPart::good("shift", Some(device.id), says));
    }
    let unsent = reader.unsent()?;
    let oldest = unsent.oldest_ms.map_or_else(String::new, |ms| {
        format!(", the oldest since {}", shop_clock.shown(ms))
    });
    let refused = match unsent.refused {
        0 => String::new(),
        refused => format!("; refused by it: {refused}"),
    };
    let says = format!(
        "{} for the authority{oldest}{refused}",
        waiting(unsent.documents)
    );
    parts.push(TillPart::good("queue", None, says));
    Ok(parts)
}

/// The part of a store that cannot be read.
fn unreadable(error: &StoreError) -> TillPart {
    let error = error.to_string();
    let (says, fix) = error
        .split_once("; ")
        .unwrap_or((&error, "run `ferrotill verify`, which names what is wrong"));
    TillPart {
        ok: false,
        fix: Some(fix.to_owned()),
        ..TillPart::good("store", None, says)
    }
}
