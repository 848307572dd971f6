//! The text of a configuration file of the agent, section by section.
//!
//! ```
//! use ferrotill_testkit::config::{ConfigText, Device, text};
//!
//! let device = Device::new("0875b8a5-0668-41a3-a3fa-8eeccf66d289", "Till 1", "none").tax_group("A", "20.00");
//! let config = ConfigText::new("MD", "/var/lib/ferrotill")
//!     .device(device)
//!     .upstream("http://127.0.0.1:9000")
//!     .set("upstream", "dwell_s", 0)
//!     .set("till", "time_zone", text("UTC"));
//! assert!(config.to_string().contains("[upstream]\nurl = \"http://127.0.0.1:9000\"\ndwell_s = 0\n"));
//! ```

use std::fmt::{self, Display};

/// The API key of the only client.
pub const KEY: &str = "a-key";
/// The secret of the only client.
pub const SECRET: &str = "a-secret-of-some-length";

/// The text of a configuration file, which a test builds.
#[derive(Clone, Debug)]
pub struct ConfigText {
    /// The sections in their order, each with its keys and values.
    sections: Vec<(String, Keys)>,
    clients: Vec<Keys>,
    devices: Vec<Device>,
    terminals: Vec<Keys>,
    goods: Vec<Keys>,
}

/// Keys of a section with their values, both as text of the file.
type Keys = Vec<(&'static str, String)>;

/// Writes a text as a value of TOML, in quotes.
#[must_use]
pub fn text(value: impl AsRef<str>) -> String {
    format!("{:?}", value.as_ref())
}

impl ConfigText {
    /// A till in TEST mode with one client ([`KEY`], [`SECRET`]) that may do everything, which listens on any free port.
    #[must_use]
    pub fn new(country: &str, data_dir: impl AsRef<std::path::Path>) -> Self {
        let config = Self {
            sections: Vec::new(),
            clients: vec![client_keys(KEY, "secret", SECRET)],
            devices: Vec::new(),
            terminals: Vec::new(),
            goods: Vec::new(),
        };
        let data_dir = data_dir.as_ref().display().to_string();
        config
            .set("till", "country", text(country))
            .set("till", "mode", text("TEST"))
            .set("till", "data_dir", text(data_dir))
            .set("api", "listen", text("127.0.0.1:0"))
    }

    /// Sets the owner's name and tax number.
    #[must_use]
    pub fn owner(self, name: &str, number: &str) -> Self {
        self.set("till", "organization_name", text(name))
            .set("till", "idnx", text(number))
    }

    /// Replaces the usual client by another one.
    #[must_use]
    pub fn client(mut self, key: &str, secret: &str) -> Self {
        self.clients = vec![client_keys(key, "secret", secret)];
        self
    }

    /// Replaces the usual client by one whose secret is in a file.
    #[must_use]
    pub fn client_with_file(mut self, key: &str, secret: &std::path::Path) -> Self {
        let secret = secret.display().to_string();
        self.clients = vec![client_keys(key, "secret_file", &secret)];
        self
    }

    /// Adds another client.
    #[must_use]
    pub fn another_client(mut self, key: &str, secret: &str) -> Self {
        self.clients.push(client_keys(key, "secret", secret));
        self
    }

    /// Sets a key of the newest client to a value as TOML has it. An earlier value is replaced.
    #[must_use]
    pub fn set_client(mut self, key: &'static str, value: impl Display) -> Self {
        if let Some(client) = self.clients.last_mut() {
            set(client, key, value);
        }
        self
    }

    /// Names the seller of the client.
    #[must_use]
    pub fn user(mut self, name: &str) -> Self {
        for client in &mut self.clients {
            set(client, "user", text(name));
        }
        self
    }

    /// Adds a device.
    #[must_use]
    pub fn device(mut self, device: Device) -> Self {
        self.devices.push(device);
        self
    }

    /// Adds a simulated bank terminal, which keeps money without a document for this many seconds.
    #[must_use]
    pub fn bank_terminal(mut self, id: &str, name: &str, void_after_s: u32) -> Self {
        self.terminals.push(vec![
            ("id", text(id)),
            ("name", text(name)),
            ("uri", text("simulated:")),
            ("void_after_s", void_after_s.to_string()),
        ]);
        self
    }

    /// Adds a good with its class code and its package code.
    #[must_use]
    pub fn good(mut self, id: impl Display, class_code: &str, package_code: &str) -> Self {
        self.goods.push(vec![
            ("good_id", text(id.to_string())),
            ("class_code", text(class_code)),
            ("package_code", text(package_code)),
        ]);
        self
    }

    /// Sets a key of the newest good to a value as TOML has it. An earlier value is replaced.
    #[must_use]
    pub fn set_good(mut self, key: &'static str, value: impl Display) -> Self {
        if let Some(good) = self.goods.last_mut() {
            set(good, key, value);
        }
        self
    }

    /// Changes one device; the first device has place 0.
    ///
    /// # Panics
    ///
    /// There is no device at this place.
    #[must_use]
    pub fn change_device(mut self, place: usize, change: impl FnOnce(Device) -> Device) -> Self {
        let device = self.devices.remove(place);
        self.devices.insert(place, change(device));
        self
    }

    /// Removes a section with all its keys.
    #[must_use]
    pub fn without(mut self, section: &str) -> Self {
        self.sections.retain(|(name, _)| name != section);
        self
    }

    /// Removes one device; the first device has place 0.
    ///
    /// # Panics
    ///
    /// There is no device at this place.
    #[must_use]
    pub fn without_device(mut self, place: usize) -> Self {
        self.devices.remove(place);
        self
    }

    /// Sets the address of the tax authority.
    #[must_use]
    pub fn upstream(self, url: &str) -> Self {
        self.set("upstream", "url", text(url))
    }

    /// Sets a key of a section to a value as TOML has it: a number, `true`, or [`text`]. An earlier value is replaced.
    #[must_use]
    pub fn set(mut self, section: &str, key: &'static str, value: impl Display) -> Self {
        let place = self.sections.iter().position(|(name, _)| name == section);
        let place = place.unwrap_or_else(|| {
            self.sections.push((section.to_owned(), Vec::new()));
            self.sections.len() - 1
        });
        set(&mut self.sections[place].1, key, value);
        self
    }

    /// The value of a key, as the file has it.
    #[must_use]
    pub fn value(&self, section: &str, key: &str) -> Option<&str> {
        let (_, keys) = self.sections.iter().find(|(name, _)| name == section)?;
        let (_, value) = keys.iter().find(|(name, _)| *name == key)?;
        Some(value)
    }
}

impl Display for ConfigText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, keys) in &self.sections {
            writeln!(f, "[{name}]")?;
            write_keys(f, keys)?;
        }
        for keys in &self.clients {
            writeln!(f, "[[api.clients]]")?;
            write_keys(f, keys)?;
        }
        for keys in &self.terminals {
            writeln!(f, "[[bank_terminal]]")?;
            write_keys(f, keys)?;
        }
        for keys in &self.goods {
            writeln!(f, "[[goods]]")?;
            write_keys(f, keys)?;
        }
        self.devices.iter().try_for_each(|device| device.fmt(f))
    }
}

/// The keys of a client that may do everything.
fn client_keys(key: &str, name: &'static str, secret: &str) -> Keys {
    let permissions = r#"["sell", "return", "report", "settle", "settings"]"#;
    vec![
        ("key", text(key)),
        (name, text(secret)),
        ("permissions", permissions.to_owned()),
    ]
}

/// The section of one device in a configuration file.
#[derive(Clone, Debug)]
pub struct Device {
    keys: Keys,
    tax_groups: Vec<String>,
    payment_types: Vec<String>,
    ranges: Vec<String>,
    points_of_sale: Vec<String>,
}

impl Device {
    /// A new device that takes cash (code 0) and cards (code 1).
    #[must_use]
    pub fn new(id: impl Display, name: &str, uri: &str) -> Self {
        let device = Self {
            keys: Vec::new(),
            tax_groups: Vec::new(),
            payment_types: Vec::new(),
            ranges: Vec::new(),
            points_of_sale: Vec::new(),
        };
        let mut device = device.payment_names("Numerar", "Card");
        set(&mut device.keys, "id", text(id.to_string()));
        set(&mut device.keys, "name", text(name));
        set(&mut device.keys, "uri", text(uri));
        device
    }

    /// Adds a tax group: its code, and its rate in percent with two decimals.
    #[must_use]
    pub fn tax_group(mut self, code: impl Display, rate: impl Display) -> Self {
        self.tax_groups
            .push(format!(r#"{{ code = "{code}", rate = "{rate}" }}"#));
        self
    }

    /// Sets other names for cash and cards.
    #[must_use]
    pub fn payment_names(mut self, cash: &str, card: &str) -> Self {
        self.payment_types = vec![
            format!(r#"{{ code = 0, name = "{cash}", cash = true }}"#),
            format!(r#"{{ code = 1, name = "{card}" }}"#),
        ];
        self
    }

    /// Replaces the payment types; each is a table as TOML has it in one line.
    #[must_use]
    pub fn payment_types(mut self, types: impl IntoIterator<Item = String>) -> Self {
        self.payment_types = types.into_iter().collect();
        self
    }

    /// Lets a cash payment open the drawer.
    #[must_use]
    pub fn with_drawer(mut self) -> Self {
        let cash = self.payment_types[0].trim_end_matches(" }").to_owned();
        self.payment_types[0] = format!("{cash}, open_cash_drawer = true }}");
        self
    }

    /// Adds a range of numbers for alternative receipts and switches alternative receipts on.
    #[must_use]
    pub fn range(mut self, series: &str, start: u32, end: u32, number_length: u8) -> Self {
        set(&mut self.keys, "use_alternative_receipts", true);
        self.ranges.push(format!(
            r#"{{ series = "{series}", start = {start}, end = {end}, number_length = {number_length} }}"#
        ));
        self
    }

    /// Removes the ranges of numbers.
    #[must_use]
    pub fn without_ranges(mut self) -> Self {
        self.keys
            .retain(|(key, _)| *key != "use_alternative_receipts");
        self.ranges.clear();
        self
    }

    /// Removes the tax groups.
    #[must_use]
    pub fn without_tax_groups(mut self) -> Self {
        self.tax_groups.clear();
        self
    }

    /// Removes all points of sale.
    #[must_use]
    pub fn without_points_of_sale(mut self) -> Self {
        self.points_of_sale.clear();
        self
    }

    /// Adds a point of sale.
    #[must_use]
    pub fn point_of_sale(mut self, id: &str, code: &str) -> Self {
        self.points_of_sale
            .push(format!(r#"{{ id = "{id}", code = "{code}" }}"#));
        self
    }

    /// Sets a key of the device to a value as TOML has it. An earlier value is replaced.
    #[must_use]
    pub fn set(mut self, key: &'static str, value: impl Display) -> Self {
        set(&mut self.keys, key, value);
        self
    }
}

impl Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[[device]]")?;
        write_keys(f, &self.keys)?;
        for (key, items) in [
            ("tax_groups", &self.tax_groups),
            ("payment_types", &self.payment_types),
            ("alternative_receipts_ranges", &self.ranges),
            ("points_of_sale", &self.points_of_sale),
        ] {
            if !items.is_empty() {
                writeln!(f, "{key} = [ {} ]", items.join(", "))?;
            }
        }
        Ok(())
    }
}

fn set(keys: &mut Keys, key: &'static str, value: impl Display) {
    let value = value.to_string();
    match keys.iter_mut().find(|(name, _)| *name == key) {
        Some((_, known)) => *known = value,
        None => keys.push((key, value)),
    }
}

fn write_keys(f: &mut fmt::Formatter<'_>, keys: &Keys) -> fmt::Result {
    keys.iter()
        .try_for_each(|(key, value)| writeln!(f, "{key} = {value}"))
}
