//! Login and logout.

use super::answer::{Answered, child_text, read};
use super::{SESSION, Xml};
use crate::config::FinanzOnlineUser;

/// The request that begins a session.
#[must_use]
pub fn login(user: &FinanzOnlineUser, manufacturer_id: &str) -> String {
    let mut xml = Xml::default();
    xml.text("tid", &user.participant_id)
        .text("benid", &user.user_id)
        .text("pin", user.pin.as_text())
        .text("herstellerid", manufacturer_id);
    xml.in_envelope("loginRequest", SESSION)
}

/// The request that ends a session.
#[must_use]
pub fn logout(user: &FinanzOnlineUser, session: &str) -> String {
    let mut xml = Xml::default();
    xml.text("tid", &user.participant_id)
        .text("benid", &user.user_id)
        .text("id", session);
    xml.in_envelope("logoutRequest", SESSION)
}

/// What became of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginAnswer {
    /// The session has this id.
    Session(String),
    /// The service cannot say it now.
    Later(Answered),
    /// The user is refused. The same PIN must not be sent again: the service locks a user after several wrong ones.
    Refused(Answered),
}

/// Reads the answer to a login.
///
/// # Errors
///
/// What is wrong with the text.
pub fn login_answer(body: &str) -> Result<LoginAnswer, String> {
    read(body, "loginResponse", |root| {
        let code = child_text(root, "rc").ok_or("the answer has no rc")?;
        let answered = Answered {
            code: code.to_owned(),
            message: child_text(root, "msg").unwrap_or_default().to_owned(),
        };
        let session = child_text(root, "id").filter(|id| !id.is_empty());
        Ok(match (code, session) {
            ("0", Some(session)) => LoginAnswer::Session(session.to_owned()),
            ("0", None) => return Err("the answer says 0 and has no session".to_owned()),
            ("-1" | "-2" | "-3", _) => LoginAnswer::Later(answered),
            _ => LoginAnswer::Refused(answered),
        })
    })
}
