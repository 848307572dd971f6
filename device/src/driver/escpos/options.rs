//! What an address says of a receipt printer beyond its line: `?profile=rp326&drawer_sensor=low`.

use crate::drawer::{Kick, Sensor};
use crate::driver::option::OptionFault;
use crate::wire::escpos::Pin;
use crate::wire::escpos_profile::Profile;

/// How a receipt printer is to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Code pages, width, knife. `profile=…`
    pub profile: Profile,
    /// Letters of a line, where the paper is narrower than the profile's. `columns=…`, 16 to 64.
    pub columns: usize,
    /// The drawer's pulse. `drawer=esc-p` or `drawer=dle-dc4`.
    pub kick: Kick,
    /// The drawer's pin. `drawer_pin=2` or `drawer_pin=5`.
    pub pin: Pin,
    /// The drawer's sensor. `drawer_sensor=none`, `high` or `low`: what an open drawer makes of pin 3.
    pub sensor: Sensor,
}

impl Default for Options {
    fn default() -> Self {
        Self::of(Profile::USUAL)
    }
}

impl Options {
    /// The usual options of a kind of printer.
    #[must_use]
    pub const fn of(profile: Profile) -> Self {
        Self {
            profile,
            columns: profile.columns,
            kick: Kick::InTurn,
            pin: Pin::Two,
            sensor: Sensor::None,
        }
    }

    /// Takes its own options out of an address's; gives the rest, which are the line's.
    pub(in crate::driver) fn take(query: &str) -> Result<(Self, String), OptionFault> {
        let mut profile = Profile::USUAL;
        let mut columns = None;
        let mut options = Self::default();
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let wrong = |allowed: &str| OptionFault {
                option: name.to_owned(),
                given: value.to_owned(),
                allowed: allowed.to_owned(),
            };
            match name {
                "profile" => {
                    profile = Profile::parse(value).ok_or_else(|| wrong(Profile::NAMES))?
                }
                "columns" => {
                    let given = value.parse().ok().filter(|given| COLUMNS.contains(given));
                    columns = Some(given.ok_or_else(|| wrong("16 to 64"))?);
                }
                "drawer" => options.kick = named(value, KICKS).ok_or_else(|| wrong(KICK_NAMES))?,
                "drawer_pin" => options.pin = named(value, PINS).ok_or_else(|| wrong(PIN_NAMES))?,
                "drawer_sensor" => {
                    options.sensor = named(value, SENSORS).ok_or_else(|| wrong(SENSOR_NAMES))?;
                }
                _ => rest.push(pair),
            }
        }
        options.profile = profile;
        options.columns = columns.unwrap_or(profile.columns);
        Ok((options, rest.join("&")))
    }

    /// What differs from the usual, in the form of an address.
    pub(in crate::driver) fn query(&self) -> Vec<String> {
        let mut query = Vec::new();
        if self.profile != Profile::USUAL {
            query.push(format!("profile={}", self.profile.name));
        }
        if self.columns != self.profile.columns {
            query.push(format!("columns={}", self.columns));
        }
        for (name, value, usual) in [
            ("drawer", name_of(self.kick, KICKS), "esc-p"),
            ("drawer_pin", name_of(self.pin, PINS), "2"),
            ("drawer_sensor", name_of(self.sensor, SENSORS), "none"),
        ] {
            if value != usual {
                query.push(format!("{name}={value}"));
            }
        }
        query
    }
}

fn named<T: Copy>(given: &str, table: &[(&str, T)]) -> Option<T> {
    table
        .iter()
        .find(|(name, _)| *name == given)
        .map(|(_, value)| *value)
}

fn name_of<T: Copy + PartialEq>(given: T, table: &[(&'static str, T)]) -> &'static str {
    table
        .iter()
        .find(|(_, value)| *value == given)
        .map_or("", |(name, _)| name)
}

const COLUMNS: core::ops::RangeInclusive<usize> = 16..=64;
const KICKS: &[(&str, Kick)] = &[("esc-p", Kick::InTurn), ("dle-dc4", Kick::AtOnce)];
const KICK_NAMES: &str = "`esc-p`, `dle-dc4`";
const PINS: &[(&str, Pin)] = &[("2", Pin::Two), ("5", Pin::Five)];
const PIN_NAMES: &str = "`2`, `5`";
const SENSORS: &[(&str, Sensor)] = &[
    ("none", Sensor::None),
    ("high", Sensor::HighIsOpen),
    ("low", Sensor::LowIsOpen),
];
const SENSOR_NAMES: &str = "`none`, `high`, `low`";
