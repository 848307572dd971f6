//! The address of a printer: `family+transport://place`.

use core::fmt;

use super::option::OptionFault;
use super::{escpos, isl};
use crate::family::{self, FAMILIES, Protocol};

/// An address: `datecs+serial:///dev/ttyUSB0?baud=115200`, `datecs+tcp://host:port`.
///
/// A path may end in a pattern (`/dev/serial/by-id/*FTDI*`), and `baud=auto` searches for the speed. `operator`, `password` and
/// `till` are those with which receipts are opened; `serial` is the serial number that the printer must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriverUri {
    family: Family,
    transport: Transport,
}

/// The family of a printer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// A fiscal printer of one of the [`FAMILIES`], with the options of the address.
    Isl(&'static Protocol, isl::Options),
    /// An ESC/POS printer, with the options of the address.
    Escpos(escpos::Options),
}

const ESCPOS: &str = super::escpos::FAMILY;

impl Family {
    /// The family of this name with its options, and the remaining options of the address.
    fn read(name: &str, query: &str) -> Result<(Self, String), DriverUriError> {
        if name == ESCPOS {
            let (options, rest) = escpos::Options::take(query)?;
            return Ok((Self::Escpos(options), rest));
        }
        let protocol =
            family::of_name(name).ok_or_else(|| DriverUriError::Family(name.to_owned()))?;
        let (options, rest) = isl::Options::take(query, protocol)?;
        Ok((Self::Isl(protocol, options), rest))
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Isl(protocol, _) => protocol.name,
            Self::Escpos(_) => ESCPOS,
        }
    }

    /// The speed of a serial line whose address has none; `None` if it is searched for.
    #[cfg(feature = "serial")]
    const fn usual_speed(&self) -> Option<u32> {
        match self {
            Self::Isl(protocol, _) => protocol.usual_speed,
            Self::Escpos(_) => Some(BAUD_USUAL),
        }
    }

    /// The TCP port of a new printer, if the maker's manual names one.
    const fn tcp_port(&self) -> Option<u16> {
        match self {
            Self::Isl(protocol, _) => protocol.tcp_port,
            Self::Escpos(_) => None,
        }
    }

    fn names() -> Vec<&'static str> {
        let fiscal = FAMILIES.iter().map(|protocol| protocol.name);
        fiscal.chain([ESCPOS]).collect()
    }
}

/// How the printer is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    #[cfg(feature = "serial")]
    Serial {
        path: String,
        /// The speed in bits per second; `None` if the speed is searched for.
        baud: Option<u32>,
    },
    Tcp {
        address: String,
    },
}

#[cfg(feature = "serial")]
const TRANSPORTS: &str = "`serial` and `tcp`";
#[cfg(not(feature = "serial"))]
const TRANSPORTS: &str = "`tcp` (this build has no serial ports)";
#[cfg(feature = "serial")]
const BAUDS: &[u32] = &[1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200];
/// The usual speed of a receipt printer.
#[cfg(feature = "serial")]
const BAUD_USUAL: u32 = 115_200;

impl DriverUri {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// [`DriverUriError`] names the wrong part and the allowed values.
    pub fn parse(text: &str) -> Result<Self, DriverUriError> {
        let (scheme, place) = text.split_once("://").ok_or(DriverUriError::Shape)?;
        let (family, transport) = scheme.split_once('+').ok_or(DriverUriError::Shape)?;
        let (place, query) = place.split_once('?').unwrap_or((place, ""));
        let (family, query) = Family::read(family, query)?;
        let transport = match transport {
            #[cfg(feature = "serial")]
            "serial" => serial(place, &query, &family)?,
            "tcp" => tcp(place, &query, family.tcp_port())?,
            other => return Err(DriverUriError::Transport(other.to_owned())),
        };
        Ok(Self { family, transport })
    }

    /// The serial number that the printer must have, if the address names one.
    #[must_use]
    pub fn serial(&self) -> Option<&str> {
        match &self.family {
            Family::Isl(_, options) => options.serial(),
            Family::Escpos(_) => None,
        }
    }

    /// The name of the family.
    #[must_use]
    pub const fn family_name(&self) -> &'static str {
        self.family.name()
    }

    /// Whether the printers of both families understand the same frames, so that one question shows whether one of them is there.
    #[must_use]
    pub fn has_frames_of(&self, other: &Self) -> bool {
        match (&self.family, &other.family) {
            (Family::Isl(one, _), Family::Isl(other, _)) => {
                let form = |protocol: &Protocol| {
                    let framing = protocol.framing;
                    (framing.width, framing.status_len)
                };
                form(one) == form(other)
            }
            (Family::Escpos(_), Family::Escpos(_)) => true,
            _ => false,
        }
    }

    pub(super) const fn family(&self) -> &Family {
        &self.family
    }

    pub(super) fn transport(&self) -> &Transport {
        &self.transport
    }
}

#[cfg(feature = "serial")]
fn serial(place: &str, query: &str, family: &Family) -> Result<Transport, DriverUriError> {
    if !place.starts_with('/') || place.len() < 2 {
        return Err(DriverUriError::Path(place.to_owned()));
    }
    if place
        .rsplit_once('/')
        .is_some_and(|(folder, _)| folder.contains('*'))
    {
        return Err(DriverUriError::Pattern(place.to_owned()));
    }
    let searchable = matches!(family, Family::Isl(..));
    let mut baud = family.usual_speed();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            // A receipt printer answers at any speed with some bytes, so a search would not find the right speed.
            Some(("baud", "auto")) if searchable => baud = None,
            Some(("baud", value)) => {
                let known = value.parse().ok().filter(|baud| BAUDS.contains(baud));
                baud = Some(known.ok_or_else(|| DriverUriError::Baud(value.to_owned()))?);
            }
            _ => return Err(DriverUriError::Option(pair.to_owned())),
        }
    }
    Ok(Transport::Serial {
        path: place.to_owned(),
        baud,
    })
}

fn tcp(place: &str, query: &str, usual: Option<u16>) -> Result<Transport, DriverUriError> {
    if !query.is_empty() {
        return Err(DriverUriError::Option(query.to_owned()));
    }
    let place = match usual {
        // The colons of an IPv6 address stand between brackets.
        Some(port) if place.ends_with(']') || (!place.is_empty() && !place.contains(':')) => {
            &format!("{place}:{port}")
        }
        _ => place,
    };
    let wrong = || DriverUriError::Address(place.to_owned());
    let (host, port) = place.rsplit_once(':').ok_or_else(wrong)?;
    if host.is_empty() || port.parse::<u16>().ok().is_none_or(|port| port == 0) {
        return Err(wrong());
    }
    Ok(Transport::Tcp {
        address: place.to_owned(),
    })
}

impl fmt::Display for DriverUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = self.family.name();
        let baud = match &self.transport {
            #[cfg(feature = "serial")]
            Transport::Serial { path, baud } => {
                write!(f, "{family}+serial://{path}")?;
                let baud = baud.map_or_else(|| "auto".to_owned(), |baud| baud.to_string());
                Some(format!("baud={baud}"))
            }
            Transport::Tcp { address } => {
                write!(f, "{family}+tcp://{address}")?;
                None
            }
        };
        let options = match &self.family {
            Family::Isl(_, options) => options.query(),
            Family::Escpos(options) => options.query(),
        };
        let query: Vec<String> = baud.into_iter().chain(options).collect();
        if query.is_empty() {
            return Ok(());
        }
        write!(f, "?{}", query.join("&"))
    }
}

/// The wrong part of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DriverUriError {
    /// The text is not `family+transport://place`.
    Shape,
    /// The address names a family that does not exist.
    Family(String),
    /// The address names a transport that does not exist.
    Transport(String),
    /// The path of a serial port is not absolute.
    Path(String),
    /// The path has a pattern before its last part.
    Pattern(String),
    /// The value is not a speed of a serial port.
    Baud(String),
    /// The place of a TCP line is not `host:port`.
    Address(String),
    /// The address has an option that does not exist.
    Option(String),
    /// An option has a value that it does not allow.
    Value {
        /// The name of the option.
        option: String,
        /// The value that was given.
        given: String,
        /// The values that the option allows, as text.
        allowed: String,
    },
}

impl From<OptionFault> for DriverUriError {
    fn from(fault: OptionFault) -> Self {
        Self::Value {
            option: fault.option,
            given: fault.given,
            allowed: fault.allowed,
        }
    }
}

impl fmt::Display for DriverUriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape => f.write_str(
                "is not family+transport://place, such as datecs+serial:///dev/ttyUSB0?baud=115200 or datecs+tcp://192.168.1.20:4999",
            ),
            Self::Family(given) => {
                write!(
                    f,
                    "`{given}` is not a printer family; allowed: `{}`",
                    Family::names().join("`, `")
                )
            }
            Self::Transport(given) => {
                write!(f, "`{given}` is not a transport; allowed: {TRANSPORTS}")
            }
            Self::Path(given) => write!(
                f,
                "`{given}` is not an absolute path of a serial port, such as /dev/ttyUSB0"
            ),
            Self::Pattern(given) => write!(
                f,
                "`{given}` has a `*` before its last part; a pattern stands at the end only, as in /dev/serial/by-id/*FTDI*"
            ),
            Self::Baud(given) => {
                write!(f, "`{given}` is not a speed; allowed: 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, and `auto` for a fiscal printer")
            }
            Self::Address(given) => write!(
                f,
                "`{given}` is not host:port, such as 192.168.1.20:4999"
            ),
            Self::Option(given) => write!(
                f,
                "`{given}` is not an option; allowed: `baud=…` for a serial port, none for tcp; for a fiscal printer also `operator`, `password`, `till`, `serial`, `country` for `datecs-mx`, and `refund_operator` and `refund_password` if one operator opens refunds; for `escpos` also `profile`, `columns`, `drawer`, `drawer_pin`, `drawer_sensor`"
            ),
            Self::Value { option, given, allowed } => {
                write!(f, "`{given}` is not a value of `{option}`; allowed: {allowed}")
            }
        }
    }
}

impl core::error::Error for DriverUriError {}

#[cfg(test)]
mod tests {
    use super::DriverUri;

    #[test]
    fn addresses_are_read_and_written() {
        for (text, written) in [
            (
                "datecs+serial:///dev/ttyUSB0?baud=19200",
                "datecs+serial:///dev/ttyUSB0?baud=19200",
            ),
            (
                "datecs+serial:///dev/serial/by-id/x",
                "datecs+serial:///dev/serial/by-id/x?baud=115200",
            ),
            (
                "datecs-b+serial:///dev/serial/by-id/*FTDI*?baud=auto",
                "datecs-b+serial:///dev/serial/by-id/*FTDI*?baud=auto",
            ),
            (
                "datecs+tcp://till:1?till=2&serial=DT700001&operator=16",
                "datecs+tcp://till:1?operator=16&till=2&serial=DT700001",
            ),
            ("datecs+tcp://[::1]:4999", "datecs+tcp://[::1]:4999"),
            ("datecs-x+tcp://till:3999", "datecs-x+tcp://till:3999"),
            ("datecs-mx+tcp://till", "datecs-mx+tcp://till:3999"),
            (
                "datecs-mx+tcp://[::1]?country=RO",
                "datecs-mx+tcp://[::1]:3999?country=ro",
            ),
            ("datecs-mx+tcp://till:4999", "datecs-mx+tcp://till:4999"),
            (
                "daisy+serial:///dev/ttyUSB0",
                "daisy+serial:///dev/ttyUSB0?baud=auto",
            ),
            (
                "daisy+serial:///dev/ttyUSB0?refund_operator=19&baud=9600",
                "daisy+serial:///dev/ttyUSB0?baud=9600&refund_operator=19",
            ),
            ("escpos+tcp://kitchen:9100", "escpos+tcp://kitchen:9100"),
            (
                "escpos+tcp://kitchen:9100?profile=rp326&drawer_sensor=low",
                "escpos+tcp://kitchen:9100?profile=rp326&drawer_sensor=low",
            ),
            (
                "escpos+serial:///dev/ttyS0?drawer=dle-dc4&baud=9600&columns=42&drawer_pin=5",
                "escpos+serial:///dev/ttyS0?baud=9600&columns=42&drawer=dle-dc4&drawer_pin=5",
            ),
        ] {
            assert_eq!(DriverUri::parse(text).unwrap().to_string(), written);
        }
    }

    #[test]
    fn a_password_is_seen_nowhere() {
        let uri = DriverUri::parse("datecs+tcp://till:1?password=98765432").unwrap();
        assert_eq!(uri.to_string(), "datecs+tcp://till:1?password=****");
        assert!(!format!("{uri:?}").contains("98765432"));
        let uri = DriverUri::parse("daisy+tcp://till:1?refund_password=987654").unwrap();
        assert_eq!(uri.to_string(), "daisy+tcp://till:1?refund_password=****");
        assert!(!format!("{uri:?}").contains("987654"));
        let wrong = DriverUri::parse("datecs+tcp://till:1?password=987654321").unwrap_err();
        assert!(!format!("{wrong} {wrong:?}").contains("987654321"));
    }

    /// Wrong addresses, and a part of the message for each.
    const WRONG: &[(&str, &str)] = &[
        ("/dev/ttyUSB0", "family+transport://place"),
        (
            "epson+serial:///dev/ttyUSB0",
            "`epson` is not a printer family; allowed: `datecs`",
        ),
        (
            "datecs+usb://x",
            "`usb` is not a transport; allowed: `serial` and `tcp`",
        ),
        ("datecs+serial://dev/ttyUSB0", "absolute path"),
        (
            "datecs+serial:///dev/ttyUSB0?baud=9601",
            "`9601` is not a speed; allowed: 1200",
        ),
        (
            "datecs+serial:///dev/ttyUSB0?speed=1",
            "`speed=1` is not an option",
        ),
        (
            "escpos+tcp://kitchen:9100?profile=x",
            "`x` is not a value of `profile`; allowed: `epson`",
        ),
        ("escpos+tcp://kitchen:9100?columns=99", "allowed: 16 to 64"),
        (
            "escpos+tcp://kitchen:9100?baud=9600",
            "`baud=9600` is not an option",
        ),
        (
            "datecs+tcp://host:1?profile=epson",
            "`profile=epson` is not an option",
        ),
        (
            "datecs+serial:///dev/*/by-id/x",
            "a pattern stands at the end only",
        ),
        (
            "escpos+serial:///dev/ttyUSB0?baud=auto",
            "`auto` is not a speed",
        ),
        (
            "datecs+tcp://host:1?operator=17",
            "`17` is not a value of `operator`; allowed: 1 to 16",
        ),
        (
            "datecs-x+tcp://host:1?operator=x",
            "`x` is not a value of `operator`; allowed: 1 to 30",
        ),
        (
            "datecs-b+tcp://host:1?till=100000",
            "`till`; allowed: 1 to 99999",
        ),
        (
            "datecs+tcp://host:1?password=123",
            "`****` is not a value of `password`; allowed: 4 to 8 digits",
        ),
        (
            "eltrade+tcp://host:1?password=1234",
            "`****` is not a value of `password`; allowed: none; this family has no password",
        ),
        (
            "datecs+tcp://host:1?serial=DT-1",
            "`DT-1` is not a value of `serial`",
        ),
        (
            "datecs-mx+tcp://host?country=fr",
            "`fr` is not a value of `country`; allowed: ro, md, bg",
        ),
        (
            "daisy+tcp://host:1?refund_operator=21",
            "`21` is not a value of `refund_operator`; allowed: 1 to 20",
        ),
        (
            "datecs+tcp://host:1?refund_password=9999",
            "allowed: none; in this family every operator may open refunds",
        ),
        (
            "datecs+tcp://host:1?country=md",
            "`md` is not a value of `country`; allowed: none; this family has one form for all countries",
        ),
        ("escpos+tcp://host:1?operator=1", "is not an option"),
        ("datecs+tcp://host", "host:port"),
        ("datecs+tcp://host:70000", "host:port"),
    ];

    #[test]
    fn a_wrong_address_is_refused_with_what_is_wrong_and_what_is_allowed() {
        for (text, part) in WRONG {
            let error = DriverUri::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
