//! The billing of FiscalBox: a login that gives a token, and how many orders an owner has made in a time.
//!
//! The token is in a file of the data folder with mode 0600. It is asked for when there is none, and once more when the billing refuses it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use thiserror::Error;
use zeroize::Zeroizing;

use super::http::quick_agent;
use crate::config::BillingConfig;
use crate::secret_file::write_secret;

/// The billing, as a till reaches it.
#[derive(Debug)]
pub struct Billing {
    config: BillingConfig,
    token_file: PathBuf,
}

/// Why the billing has not done it.
#[derive(Debug, Error)]
pub enum BillingFault {
    /// The billing cannot be reached.
    #[error(
        "the billing at {url} cannot be reached: {reason}; check the connection to the internet"
    )]
    Unreachable {
        /// The address.
        url: String,
        /// Why.
        reason: String,
    },
    /// User or password are wrong.
    #[error(
        "the billing refuses user or password: {0}; correct user and password_file of [fiscalbox.billing]"
    )]
    WrongCredentials(String),
    /// The billing has refused the request.
    #[error("the billing answers {status}: {text}")]
    Refused {
        /// The status.
        status: u16,
        /// The text of the answer, shortened.
        text: String,
    },
    /// The answer has another form than the documents say.
    #[error("the billing has answered something else than its documents say: {0}")]
    Unreadable(String),
    /// The file of the token cannot be read or written.
    #[error("the token of the billing cannot be kept in {}: {source}", path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// An answer of the billing: status and JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct BillingAnswer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

/// The name of the token's file in the data folder.
const TOKEN_FILE: &str = "billing.token";
/// How long an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest answer, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1_024;
/// The longest token, in characters; the documents show 40.
const TOKEN_MAX: usize = 200;
/// How much of an answer stands in an error, in characters.
const SHOWN_MAX: usize = 200;

impl Billing {
    /// The billing of a configuration, with the token of a data folder.
    #[must_use]
    pub fn new(config: BillingConfig, data_dir: &Path) -> Self {
        Self {
            config,
            token_file: data_dir.join(TOKEN_FILE),
        }
    }

    /// How many orders there are, and over which sum, as the billing tells it. The query is that of the caller.
    ///
    /// # Errors
    ///
    /// [`BillingFault`].
    pub fn count(&self, query: &[(&str, String)]) -> Result<BillingAnswer, BillingFault> {
        let token = match self.stored_token()? {
            Some(token) => token,
            None => self.renewed()?,
        };
        let answer = self.ask_count(&token, query)?;
        if answer.status != 401 {
            return self.checked(answer);
        }
        // The token has ended, or was taken back.
        let token = self.renewed()?;
        self.ask_count(&token, query)
            .and_then(|answer| self.checked(answer))
    }

    /// Logs in with a caller's own user and password, and passes the answer on. Nothing is kept.
    ///
    /// # Errors
    ///
    /// [`BillingFault`].
    pub fn login(&self, username: &str, password: &str) -> Result<BillingAnswer, BillingFault> {
        let url = format!("{}/api/v1/login/", self.config.url);
        let body =
            Zeroizing::new(json!({ "username": username, "password": password }).to_string());
        let sent = quick_agent(TIMEOUT)
            .post(&url)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json")
            .send(body.as_bytes());
        self.read(sent)
    }

    /// Asks for another token and keeps it.
    ///
    /// # Errors
    ///
    /// [`BillingFault`]; the old token is kept then.
    pub fn rotate(&self) -> Result<(), BillingFault> {
        self.renewed().map(drop)
    }

    fn renewed(&self) -> Result<Zeroizing<String>, BillingFault> {
        let answer = self.login(&self.config.user, self.config.password.as_text())?;
        if answer.status == 400 || answer.status == 401 || answer.status == 403 {
            return Err(BillingFault::WrongCredentials(shown(&answer.body)));
        }
        let answer = self.checked(answer)?;
        let token = answer.body.get("token").and_then(Value::as_str);
        let is_token = |token: &&str| {
            let plain = token.bytes().all(|byte| byte.is_ascii_graphic());
            !token.is_empty() && plain && token.len() <= TOKEN_MAX
        };
        let token = token
            .filter(is_token)
            .ok_or_else(|| BillingFault::Unreadable("the login has no token".to_owned()))?;
        write_secret(&self.token_file, token.as_bytes()).map_err(|source| self.of_file(source))?;
        Ok(Zeroizing::new(token.to_owned()))
    }

    fn stored_token(&self) -> Result<Option<Zeroizing<String>>, BillingFault> {
        match fs::read_to_string(&self.token_file) {
            Ok(token) => {
                Ok(Some(Zeroizing::new(token.trim().to_owned())).filter(|it| !it.is_empty()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.of_file(error)),
        }
    }

    fn of_file(&self, source: io::Error) -> BillingFault {
        BillingFault::TokenFile {
            path: self.token_file.clone(),
            source,
        }
    }

    fn ask_count(
        &self,
        token: &str,
        query: &[(&str, String)],
    ) -> Result<BillingAnswer, BillingFault> {
        let url = format!("{}/api/v1/orders/count/", self.config.url);
        let authorization = Zeroizing::new(format!("Token {token}"));
        let query = query.iter().map(|(name, value)| (*name, value.as_str()));
        let sent = quick_agent(TIMEOUT)
            .get(&url)
            .query_pairs(query)
            .header("Accept", "application/json")
            .header("Authorization", authorization.as_str())
            .call();
        self.read(sent)
    }

    fn read(
        &self,
        sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<BillingAnswer, BillingFault> {
        let unreachable = |reason: String| BillingFault::Unreachable {
            url: self.config.url.clone(),
            reason,
        };
        let mut response = sent.map_err(|error| unreachable(error.to_string()))?;
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
        let body = body
            .read_to_vec()
            .map_err(|error| unreachable(error.to_string()))?;
        // A page of a proxy or of a hotel is no answer of the billing.
        let body = serde_json::from_slice(&body).map_err(|_| {
            BillingFault::Unreadable(format!("the answer with the status {status} is no JSON"))
        })?;
        Ok(BillingAnswer { status, body })
    }

    fn checked(&self, answer: BillingAnswer) -> Result<BillingAnswer, BillingFault> {
        match answer.status {
            200..=299 => Ok(answer),
            status => Err(BillingFault::Refused {
                status,
                text: shown(&answer.body),
            }),
        }
    }
}

fn shown(body: &Value) -> String {
    body.to_string().chars().take(SHOWN_MAX).collect()
}
