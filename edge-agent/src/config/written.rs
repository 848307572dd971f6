//! What a running program remembers of its configuration, so that a reload can say which keys have changed. Values are not kept: a mark
//! tells one value from another.

use super::reader::KeyInForce;

/// The keys that a configuration has written, without their values.
#[derive(Debug)]
pub struct WrittenKeys(Vec<WrittenKey>);

#[derive(Debug)]
struct WrittenKey {
    path: Box<str>,
    mark: u64,
    is_reloadable: bool,
}

/// A key whose value has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedKey {
    /// The path of the key, such as `upstream.url`.
    pub path: String,
    /// True if a running program takes the new value without a restart.
    pub is_reloadable: bool,
}

impl WrittenKeys {
    /// The written keys among those in force.
    #[must_use]
    pub fn of(keys: &[KeyInForce]) -> Self {
        Self(keys.iter().filter_map(WrittenKey::of).collect())
    }

    /// The keys whose values are others now, in the order of the table of keys; then the keys whose tables are gone.
    #[must_use]
    pub fn changes(&self, keys: &[KeyInForce]) -> Vec<ChangedKey> {
        let find = |path: &str| self.0.iter().find(|written| *written.path == *path);
        let changed = keys.iter().filter(|key| match find(&key.path) {
            Some(written) => written.mark != key.mark,
            None => !key.is_default(),
        });
        let changed = changed.map(|key| ChangedKey {
            path: key.path.clone(),
            is_reloadable: key.row.reloadable,
        });
        let is_gone = |written: &&WrittenKey| !keys.iter().any(|key| *key.path == *written.path);
        let gone = self.0.iter().filter(is_gone).map(|written| ChangedKey {
            path: written.path.to_string(),
            is_reloadable: written.is_reloadable,
        });
        changed.chain(gone).collect()
    }

    /// Takes over the values of the keys that the program has taken over; all others stay as they were at the start.
    pub fn take_over(&mut self, keys: &[KeyInForce]) {
        self.0.retain(|written| !written.is_reloadable);
        let taken = keys.iter().filter(|key| key.row.reloadable);
        self.0.extend(taken.filter_map(WrittenKey::of));
    }
}

impl WrittenKey {
    fn of(key: &KeyInForce) -> Option<Self> {
        key.place.as_ref().map(|_| Self {
            path: key.path.as_str().into(),
            mark: key.mark,
            is_reloadable: key.row.reloadable,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::WrittenKeys;
    use crate::config::{Config, KeyInForce, Overrides};

    const FILE: &str = r#"[till]
country = "MD"
mode = "TEST"
[[api.clients]]
key = "till"
secret = "s3cret"
[upstream]
url = "http://127.0.0.1:1"
[[device]]
id = "0875b8a5-0668-41a3-a3fa-8eeccf66d289"
uri = "datecs+tcp://127.0.0.1:1?password=1"
tax_groups = [ { code = "A", rate = "20.00" } ]
payment_types = [ { code = 0, name = "Numerar", cash = true } ]
"#;

    fn keys(text: &str) -> Vec<KeyInForce> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.toml");
        fs::write(&file, text).unwrap();
        Config::explain(&file, &Overrides::default(), [])
            .unwrap()
            .keys
    }

    #[test]
    fn every_changed_key_is_named_and_no_other() {
        let written = WrittenKeys::of(&keys(FILE));
        for (from, to, changed) in [
            ("# nothing", "", &[][..]),
            ("mode = \"TEST\"\n", "\n# a comment\nmode = 'TEST'\n", &[]),
            (
                "mode = \"TEST\"\n",
                "mode = \"TEST\"\nanswer_timeout_ms = 15000\n",
                &[],
            ),
            ("\"s3cret\"", "\"other\"", &["+api.clients[0].secret"]),
            ("password=1", "password=2", &["device[0].uri"]),
            (
                "mode = \"TEST\"\n",
                "mode = \"TEST\"\nidnx = \"1\"\n",
                &["till.idnx"],
            ),
            (
                "[upstream]\nurl = \"http://127.0.0.1:1\"\n",
                "",
                &["upstream.url"],
            ),
            (
                "[upstream]\n",
                "[audit]\nat = \"\"\n[upstream]\n",
                &["+audit.at"],
            ),
            (
                "rate = \"20.00\" }",
                "rate = \"19.00\" }, { code = \"B\", rate = \"8\" }",
                &[
                    "device[0].tax_groups[0].rate",
                    "device[0].tax_groups[1].code",
                    "device[0].tax_groups[1].rate",
                ],
            ),
        ] {
            let now = keys(&FILE.replacen(from, to, 1));
            let named = written.changes(&now).into_iter().map(|key| {
                let plus = if key.is_reloadable { "+" } else { "" };
                format!("{plus}{}", key.path)
            });
            assert_eq!(named.collect::<Vec<_>>(), changed, "{to}");
        }
    }

    #[test]
    fn what_was_taken_over_is_no_change_any_more() {
        let mut written = WrittenKeys::of(&keys(FILE));
        let both = FILE.replacen("\"s3cret\"", "\"other\"", 1).replacen(
            "127.0.0.1:1\"\n[[",
            "127.0.0.1:2\"\n[[",
            1,
        );
        written.take_over(&keys(&both));
        let paths = |text: &str| -> Vec<String> {
            let changes = written.changes(&keys(text));
            changes.into_iter().map(|key| key.path).collect()
        };
        assert_eq!(paths(&both), ["upstream.url"]);
        assert_eq!(paths(FILE), ["api.clients[0].secret"]);
    }
}
