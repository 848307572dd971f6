//! The state of a till without a running agent, as its data folder says it.

use crate::agent::look_at_start;
use crate::api::readiness::{TillPart, TillState, shift_in_words};
use crate::api::words::waiting;
use crate::config::Config;
use crate::error_chain::chain_of;
use crate::time::clock::Clock;
use ferrotill_store::{FolderLook, Reader, StoreError, is_in_use};

/// The state of the till that has this configuration.
pub(super) fn state(config: &Config, url: &str, shop_clock: &Clock) -> TillState {
    let why = format!("no agent runs at {url}");
    let fix = "start it with `systemctl start ferrotill`, or give its address with --listen";
    let mut parts = vec![TillPart::stopped("agent", why, fix)];
    let folder = &config.till.data_dir;
    if is_in_use(folder) {
        let reader = Reader::new(folder);
        let looked = match look_at_start(config) {
            Ok(look) => seen(&look),
            Err(error) => Some(chain_of(&error)),
        };
        parts.extend(match looked {
            Some(why) => vec![unusable(&why)],
            None => read(&reader, config, shop_clock)
                .unwrap_or_else(|error| vec![unusable(&error.to_string())]),
        });
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

/// Why a folder with which the service starts cannot be relied on.
fn seen(look: &FolderLook) -> Option<String> {
    let damage = look.damage.as_ref().map(|damage| {
        format!("the database is damaged: {damage}; run `ferrotill doctor`, which says what to do")
    });
    damage.or_else(|| {
        look.lost_row.map(|_| {
            "the end of the journal is missing: an older copy was put back, or its end was cut; run `ferrotill doctor`, which says what to do".to_owned()
        })
    })
}

/// The part of a store with which the service does not start, or that cannot be read.
fn unusable(why: &str) -> TillPart {
    let (says, fix) = why
        .split_once("; ")
        .unwrap_or((why, "run `ferrotill verify`, which names what is wrong"));
    TillPart {
        ok: false,
        fix: Some(fix.to_owned()),
        ..TillPart::good("store", None, says)
    }
}
