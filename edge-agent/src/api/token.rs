//! Tokens of the APIs that log in with key and secret: an access token for the calls, and a refresh token for the next one.
//!
//! A token is signed with a key of the data folder, and bound to the client, the API and the mode. It ends with its time, and as soon as
//! the client or its secret is no longer in the configuration. The till keeps no list of tokens. The key is made at the first login.

use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::json::JsonValue;
use crate::config::{Client, Mode, Secret};
use crate::folder_key::FolderKey;
use crate::hmac::signature_of;
use crate::object;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenUse {
    /// It authorizes calls, for 24 hours.
    Access,
    /// It gets the next pair of tokens, for 30 days.
    Refresh,
}

impl TokenUse {
    /// How long such a token is valid, in seconds.
    #[must_use]
    pub const fn lifetime_s(self) -> i64 {
        match self {
            Self::Access => 24 * 3_600,
            Self::Refresh => 30 * 24 * 3_600,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}

/// The tokens of a data folder.
#[derive(Debug)]
pub struct Tokens {
    key: FolderKey,
}

/// What a token is valid for: the name of the API, the mode of the till, and the use.
#[derive(Clone, Copy, Debug)]
pub struct TokenScope<'s> {
    /// The name of the API.
    pub api: &'s str,
    /// The mode of the till.
    pub mode: Mode,
    /// The use of the token.
    pub used_for: TokenUse,
}

impl Tokens {
    /// The tokens of a data folder. Nothing is read or made before the first login or token.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self {
            key: FolderKey::new(folder, "tokens.key"),
        }
    }

    /// Makes a token for a client that has logged in with `secret`. `now_s` is the time in seconds since the epoch.
    ///
    /// # Errors
    ///
    /// The key of the folder cannot be read or made.
    pub fn issue(
        &self,
        client: &str,
        secret: &Secret,
        scope: TokenScope<'_>,
        now_s: i64,
    ) -> io::Result<String> {
        let key = self.key.find_or_make()?;
        let claims = object! {
            "sub" => client,
            "api" => scope.api,
            "env" => scope.mode.to_string(),
            "use" => scope.used_for.name(),
            "iat" => now_s,
            "exp" => now_s.saturating_add(scope.used_for.lifetime_s()),
            "sec" => secret_digest(&key, secret),
        };
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        let signed = format!("{HEADER}.{claims}");
        let signature = signature_of(key.as_bytes(), &[signed.as_bytes()]);
        Ok(format!("{signed}.{signature}"))
    }

    /// The client of a token, and the secret with which it has logged in; `None` if the token is not valid for this scope at this time.
    ///
    /// # Errors
    ///
    /// The key of the folder cannot be read.
    pub fn client_of<'c>(
        &self,
        token: &str,
        scope: TokenScope<'_>,
        now_s: i64,
        clients: &'c [Client],
    ) -> io::Result<Option<(&'c Client, &'c Secret)>> {
        let Some(key) = self.key.find()? else {
            return Ok(None);
        };
        Ok(claims_of(&key, token).and_then(|claims| {
            let text = |name: &str| match claims.get(name) {
                Some(JsonValue::Text(text)) => Some(text.as_str()),
                _ => None,
            };
            let number = |name: &str| match claims.get(name) {
                Some(JsonValue::Number(number)) => number.parse::<i64>().ok(),
                _ => None,
            };
            let fits = text("api") == Some(scope.api)
                && text("env") == Some(&scope.mode.to_string())
                && text("use") == Some(scope.used_for.name())
                && now_s < number("exp")?;
            if !fits {
                return None;
            }
            let client = clients
                .iter()
                .find(|client| text("sub") == Some(&client.key))?;
            let digest = text("sec")?;
            let mut secrets = client.login_secrets(scope.mode);
            let secret = secrets.find(|secret| secret_digest(&key, secret) == digest)?;
            Some((client, secret))
        }))
    }

    /// The id of the organization whose till this is: it follows from the key of the folder, so that it stays the same.
    ///
    /// # Errors
    ///
    /// The key of the folder cannot be read or made.
    pub fn organization(&self) -> io::Result<Uuid> {
        let key = self.key.find_or_make()?;
        let digest = Sha256::digest(format!("organization {}", &*key).as_bytes());
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(digest) {
            *to = from;
        }
        Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

/// The claims of a token whose signature is right.
fn claims_of(key: &str, token: &str) -> Option<JsonValue> {
    let (signed, signature) = token.rsplit_once('.')?;
    let expected = signature_of(key.as_bytes(), &[signed.as_bytes()]);
    if !bool::from(expected.as_bytes().ct_eq(signature.as_bytes())) {
        return None;
    }
    let (_, claims) = signed.split_once('.')?;
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    JsonValue::parse(&claims).ok()
}

/// What a token says of the secret with which its client has logged in.
fn secret_digest(key: &str, secret: &Secret) -> String {
    signature_of(key.as_bytes(), &[b"secret of a client", secret.as_bytes()])
}
/// `{"alg":"HS256","typ":"JWT"}`; the signature is written in hexadecimal digits, because only the till reads it.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

#[cfg(test)]
mod tests {
    use super::{TokenScope, TokenUse, Tokens};
    use crate::config::{Client, Mode, Secret};

    fn client(key: &str, secret: &str, token_secret: Option<&str>) -> Client {
        Client {
            key: key.to_owned(),
            secret: Secret::new(secret.to_owned()),
            second_secret: None,
            token_secret: token_secret.map(|text| Secret::new(text.to_owned())),
            user: key.to_owned(),
            apis: Vec::new(),
            permissions: Vec::new(),
        }
    }

    const ACCESS: TokenScope<'static> = TokenScope {
        api: "sign_at",
        mode: Mode::Test,
        used_for: TokenUse::Access,
    };
    const NOW: i64 = 1_800_000_000;

    #[test]
    fn a_token_ends_with_its_time_its_client_and_its_secret() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::new(folder.path());
        let clients = [client("a", "one", None), client("b", "two", None)];
        let token = tokens.issue("a", &clients[0].secret, ACCESS, NOW).unwrap();
        let of = |scope, now, clients: &[Client]| {
            let found = tokens.client_of(&token, scope, now, clients).unwrap();
            found.map(|(client, _)| client.key.clone())
        };
        assert_eq!(of(ACCESS, NOW, &clients).as_deref(), Some("a"));
        assert_eq!(of(ACCESS, NOW + 86_399, &clients).as_deref(), Some("a"));
        assert_eq!(of(ACCESS, NOW + 86_400, &clients), None);
        assert_eq!(of(ACCESS, NOW, &clients[1..]), None);
        assert_eq!(of(ACCESS, NOW, &[client("a", "other", None)]), None);
        for scope in [
            TokenScope {
                api: "ereceipt",
                ..ACCESS
            },
            TokenScope {
                mode: Mode::Live,
                ..ACCESS
            },
            TokenScope {
                used_for: TokenUse::Refresh,
                ..ACCESS
            },
        ] {
            assert_eq!(of(scope, NOW, &clients), None, "{scope:?}");
        }
        // Another till with the same folder knows the token, one with another folder does not.
        let again = Tokens::new(folder.path());
        assert!(
            again
                .client_of(&token, ACCESS, NOW, &clients)
                .unwrap()
                .is_some()
        );
        let elsewhere = tempfile::tempdir().unwrap();
        let other = Tokens::new(elsewhere.path());
        assert!(
            other
                .client_of(&token, ACCESS, NOW, &clients)
                .unwrap()
                .is_none()
        );
        assert_ne!(
            tokens.organization().unwrap(),
            other.organization().unwrap()
        );
    }

    #[test]
    fn a_changed_token_is_not_valid() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::new(folder.path());
        let clients = [client("a", "one", None)];
        let token = tokens.issue("a", &clients[0].secret, ACCESS, NOW).unwrap();
        for place in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[place] = if bytes[place] == b'x' { b'y' } else { b'x' };
            let changed = String::from_utf8(bytes).unwrap();
            let found = tokens.client_of(&changed, ACCESS, NOW, &clients).unwrap();
            assert!(found.is_none(), "{changed}");
        }
        for text in ["", ".", "..", "a.b", "a.b.c"] {
            assert!(
                tokens
                    .client_of(text, ACCESS, NOW, &clients)
                    .unwrap()
                    .is_none()
            );
        }
    }

    #[test]
    fn a_live_till_takes_the_secret_for_tokens_alone() {
        let both = client("a", "one", Some("two"));
        let of = |mode| {
            let secrets = both.login_secrets(mode);
            secrets
                .map(|secret| secret.as_bytes().to_vec())
                .collect::<Vec<_>>()
        };
        assert_eq!(of(Mode::Live), [b"two".to_vec()]);
        assert_eq!(of(Mode::Test), [b"two".to_vec(), b"one".to_vec()]);
    }
}
