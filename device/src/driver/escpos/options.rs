//! The options of a receipt printer's address: `?profile=rp326&drawer_sensor=low`.

use crate::drawer::{Kick, Sensor};
use crate::driver::option::OptionFault;
use crate::wire::escpos::Pin;
use crate::wire::escpos_profile::EscposProfile;

/// The configuration of a receipt printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The code pages, the width and the knife of the printer; `None` for those of the model that the printer reports. Option
    /// `profile=…`.
    pub profile: Option<EscposProfile>,
    /// The number of letters of a line, 16 to 64; `None` for that of the profile. Option `columns=…`.
    pub columns: Option<usize>,
    /// The command for the drawer's pulse. Option `drawer=esc-p` or `drawer=dle-dc4`.
    pub kick: Kick,
    /// The pin of the drawer's pulse. Option `drawer_pin=2` or `drawer_pin=5`.
    pub pin: Pin,
    /// The wiring of the drawer's sensor. Option `drawer_sensor=none`, `high` or `low`: the level of pin 3 while the drawer is
    /// open.
    pub sensor: Sensor,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            profile: None,
            columns: None,
            kick: Kick::InTurn,
            pin: Pin::Two,
            sensor: Sensor::None,
        }
    }
}

impl Options {
    /// The usual options of a kind of printer.
    #[must_use]
    pub fn of(profile: EscposProfile) -> Self {
        Self {
            profile: Some(profile),
            ..Self::default()
        }
    }

    /// The paper of a printer that reports this model: as the options say, else as the model's profile says, else as usual.
    pub(super) fn sheet(&self, model: &str) -> Sheet {
        let of_model = || EscposProfile::of_model(model);
        let profile = self
            .profile
            .or_else(of_model)
            .unwrap_or(EscposProfile::USUAL);
        Sheet {
            profile,
            columns: self.columns.unwrap_or(profile.columns),
        }
    }

    /// Reads the receipt printer's options of an address; returns the other options, which belong to the line.
    pub(in crate::driver) fn take(query: &str) -> Result<(Self, String), OptionFault> {
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
                    let given = EscposProfile::parse(value);
                    options.profile = Some(given.ok_or_else(|| wrong(EscposProfile::NAMES))?);
                }
                "columns" => {
                    let given = value.parse().ok().filter(|given| COLUMNS.contains(given));
                    options.columns = Some(given.ok_or_else(|| wrong("16 to 64"))?);
                }
                "drawer" => options.kick = named(value, KICKS).ok_or_else(|| wrong(KICK_NAMES))?,
                "drawer_pin" => options.pin = named(value, PINS).ok_or_else(|| wrong(PIN_NAMES))?,
                "drawer_sensor" => {
                    options.sensor = named(value, SENSORS).ok_or_else(|| wrong(SENSOR_NAMES))?;
                }
                _ => rest.push(pair),
            }
        }
        Ok((options, rest.join("&")))
    }

    /// The options that differ from the default, as in an address.
    pub(in crate::driver) fn query(&self) -> Vec<String> {
        let mut query = Vec::new();
        if let Some(profile) = self.profile {
            query.push(format!("profile={}", profile.name));
        }
        if let Some(columns) = self.columns {
            query.push(format!("columns={columns}"));
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

/// The paper of a printer: what a slip is laid out for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sheet {
    /// The code pages, the width in dots and the knife.
    pub(super) profile: EscposProfile,
    /// The number of letters of a line.
    pub(super) columns: usize,
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
