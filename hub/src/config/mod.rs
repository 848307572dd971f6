//! The hub's configuration: one TOML file, read strictly. A wrong file gets every fault with its line and path.

mod reader;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::secret_file;
use reader::{Reader, Table};

/// The hub's configuration.
#[derive(Debug)]
pub struct Config {
    /// The database.
    pub database: Database,
    /// The listener for tills.
    pub tills: Tills,
    /// The listener for people; `None` if this process has none.
    pub people: Option<People>,
    /// The limits.
    pub limits: Limits,
}

/// `[database]`.
pub struct Database {
    /// The database in the form of libpq, without a password: `postgresql://user@host/name` or `host=/run/postgresql dbname=…`.
    pub url: String,
    /// The password of the database's user.
    pub password: Option<Zeroizing<String>>,
    /// The certificate authority of the database's server (PEM). With it the connection has TLS.
    pub authority_pem: Option<String>,
    /// How many connections this process opens.
    pub connections: usize,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("url", &self.url)
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

/// `[tills]`.
#[derive(Debug)]
pub struct Tills {
    /// The address of the listener for tills.
    pub listen: SocketAddr,
    /// The names and addresses by which tills call this hub; its certificate has them.
    pub names: Vec<String>,
    /// The folder with the certificate and the key of the hub's authority.
    pub authority: PathBuf,
}

/// `[people]`.
#[derive(Debug)]
pub struct People {
    /// The address of the listener for people.
    pub listen: SocketAddr,
    /// The certificate and its key (PEM files); `None` for HTTP, which only a loopback address may have.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

/// `[limits]`.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many connections of tills are open at a time.
    pub connections: usize,
    /// How many batches are in work at a time.
    pub batches: usize,
    /// How many bytes of batches are in memory at a time.
    pub bytes: usize,
}

/// What is wrong with a configuration: one line for each fault.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigFaults(pub Vec<String>);

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// Every fault, with its line and path.
    pub fn read(path: &Path) -> Result<Self, ConfigFaults> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigFaults(vec![format!(
                "{}: cannot be read: {error}; make one with: ferrotill-hub init",
                path.display()
            )])
        })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::of_text(&text, &path.display().to_string(), folder)
    }

    /// Reads the text of a configuration. Relative paths in it begin at `folder`.
    ///
    /// # Errors
    /// Every fault, with its line and path.
    pub fn of_text(text: &str, name: &str, folder: &Path) -> Result<Self, ConfigFaults> {
        let reader = Reader::new(text, name, folder)?;
        let root = reader.root(&["database", "tills", "people", "limits"]);
        let database = database(&root.table(
            "database",
            &["url", "password_file", "ca_file", "connections"],
        ));
        let tills = tills(&root.table("tills", &["listen", "names", "authority_folder"]));
        let people = root.optional_table("people", &["listen", "certificate_file", "key_file"]);
        let people = people.map(|table| people_of(&table));
        let limits = limits(&root.table("limits", &["connections", "batches", "mebibytes"]));
        reader.faults()?;
        Ok(Self {
            database,
            tills,
            people,
            limits,
        })
    }
}

fn database(table: &Table<'_>) -> Database {
    let url = table.text("url");
    if url.contains("password=") || has_password(&url) {
        table.fault(
            "url",
            "has a password: write it into a file and name it in password_file",
        );
    }
    if !url.is_empty() && url.parse::<tokio_postgres::Config>().is_err() {
        table.fault(
            "url",
            "is no database: write postgresql://user@host/name or host=/run/postgresql dbname=name",
        );
    }
    Database {
        url,
        password: table
            .file("password_file", secret_file::read)
            .map(|(_, text)| text),
        authority_pem: table
            .file("ca_file", |path| std::fs::read_to_string(path))
            .map(|(_, text)| text),
        connections: table.number("connections", 8, 1..=100),
    }
}

/// Whether a URL has a password between the user's name and the host.
fn has_password(url: &str) -> bool {
    let behind = url.split_once("://").map_or("", |(_, behind)| behind);
    let authority = behind.split('/').next().unwrap_or_default();
    authority
        .rsplit_once('@')
        .is_some_and(|(user, _)| user.contains(':'))
}

fn tills(table: &Table<'_>) -> Tills {
    let names = table.texts("names");
    if names.is_empty() {
        table.fault("names", "is missing: write the names and addresses by which tills call this hub, such as [\"hub.example.com\"]");
    }
    if names.iter().any(|name| {
        name.is_empty()
            || !name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte))
    }) {
        table.fault("names", "has a text that is no host name and no address");
    }
    Tills {
        listen: table.address("listen"),
        names,
        authority: table.folder("authority_folder"),
    }
}

fn people_of(table: &Table<'_>) -> People {
    let listen = table.address("listen");
    let certificate = table.file("certificate_file", |path| std::fs::read(path));
    let key = table.file("key_file", secret_file::read);
    let certificate = match (certificate, key) {
        (Some((certificate, _)), Some((key, _))) => Some((certificate, key)),
        (None, None) => None,
        _ => {
            table.fault(
                "key_file",
                "certificate_file and key_file must be given together",
            );
            None
        }
    };
    if certificate.is_none() && !listen.ip().is_loopback() {
        table.fault("listen", "is reached by other machines, so it needs certificate_file and key_file; or write a loopback address");
    }
    People {
        listen,
        certificate,
    }
}

fn limits(table: &Table<'_>) -> Limits {
    Limits {
        connections: table.number("connections", 800, 1..=20_000),
        batches: table.number("batches", 32, 1..=1_000),
        bytes: table.number("mebibytes", 8, 2..=1_024) * 1024 * 1024,
    }
}

/// The text of a new configuration.
#[must_use]
pub fn sample(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    format!(
        "\
# The configuration of a hub. Relative paths begin at the folder of this file. See docs/FLEET.md.

[database]
# Without a password; it is in a file of its own.
url = \"host=/run/postgresql dbname=ferrotill_hub user=ferrotill-hub\"
# password_file = \"database.password\"
# With the certificate authority of the database's server (PEM) the connection has TLS.
# ca_file = \"database-ca.pem\"
# How many connections this process opens.
connections = 8

[tills]
listen = \"0.0.0.0:8443\"
# The names and addresses by which tills call this hub.
names = [{names}]
# The certificate and the key of the hub's authority; all hub processes have the same.
authority_folder = \"authority\"

[people]
# Pages and JSON for people. Another address than loopback needs certificate_file and key_file.
listen = \"127.0.0.1:8080\"
# certificate_file = \"people.pem\"
# key_file = \"people.key\"

[limits]
# Connections of tills, batches in work, and bytes of batches in memory; a till beyond them is asked to come again later.
connections = 800
batches = 32
mebibytes = 8
",
        names = names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> String {
        Config::of_text(text, "hub.toml", Path::new("/nowhere"))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_sample_is_valid() {
        let config = Config::of_text(
            &sample(&["hub.example.com".to_owned()]),
            "hub.toml",
            Path::new("/etc/x"),
        )
        .unwrap();
        assert_eq!(config.tills.authority, Path::new("/etc/x/authority"));
        assert_eq!(config.tills.names, ["hub.example.com"]);
    }

    #[test]
    fn every_fault_is_named_with_its_line_and_path() {
        let found = faults(
            "[database]\nurl = \"postgresql://a:b@c/d\"\nconnections = 0\npassword = \"x\"\n[tills]\nlisten = \"8443\"\n\
             [people]\nlisten = \"0.0.0.0:80\"\nkey_file = 5\n[limit]\n",
        );
        for says in [
            "hub.toml:2: database.url: has a password",
            "hub.toml:3: database.connections: ",
            "hub.toml:4: database.password: is not known",
            "hub.toml:6: tills.listen: ",
            "hub.toml:5: tills.names: is missing",
            "hub.toml:5: tills.authority_folder: is missing",
            "hub.toml:8: people.listen: is reached by other machines",
            "hub.toml:9: people.key_file: ",
            "hub.toml:10: limit: is not known",
        ] {
            assert!(found.contains(says), "{says}\n\n{found}");
        }
    }

    #[test]
    fn a_text_that_is_no_toml_is_refused_with_its_line() {
        assert!(faults("[database\n").starts_with("hub.toml:1: is not TOML"));
    }
}
