//! What stands before every page and every change: a session, a right, and the token of a form.

use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;

use super::super::Dashboard;
use super::super::form::PageForm;
use super::super::session::PageSession;
use super::super::visitor::Visitor;
use super::frame::{self, Frame};
use crate::people::Right;

impl Visitor {
    /// The session of a person who may do something, or the page that says why not.
    ///
    /// # Errors
    ///
    /// The answer: the page for signing in, or the refusal.
    pub fn needs(
        &self,
        dashboard: &Dashboard,
        right: Right,
    ) -> Result<&PageSession, Box<Response>> {
        let Some(session) = &self.session else {
            return Err(Box::new(frame::redirect("/")));
        };
        let must_change = session.person.first_pin && dashboard.is_live();
        if must_change {
            return Err(Box::new(frame::redirect("/pin")));
        }
        if session.person.may(right) {
            return Ok(session);
        }
        Err(Box::new(self.refusal(
            dashboard,
            StatusCode::FORBIDDEN,
            self.words.no_right,
        )))
    }

    /// The fields of a form that the person's own page has sent.
    ///
    /// # Errors
    ///
    /// The answer to a form that comes from elsewhere, is too old, or cannot be read.
    pub fn posted(&self, dashboard: &Dashboard, body: &Bytes) -> Result<PageForm, Box<Response>> {
        let refuse = |says| {
            Err(Box::new(self.refusal(
                dashboard,
                StatusCode::FORBIDDEN,
                says,
            )))
        };
        let Some(form) = PageForm::read(body) else {
            return Err(Box::new(self.refusal(
                dashboard,
                StatusCode::BAD_REQUEST,
                self.words.faulty,
            )));
        };
        if self.is_foreign {
            return refuse(self.words.form_old);
        }
        match &self.session {
            Some(session) if session.has_form(form.text("token")) => Ok(form),
            _ => refuse(self.words.form_old),
        }
    }

    /// A page that says why something was not done.
    #[must_use]
    pub fn refusal(&self, dashboard: &Dashboard, status: StatusCode, says: &str) -> Response {
        let body = format!("<h1>{}</h1>\n", self.words.attention)
            + &frame::notice("bad", says)
            + &format!("<p><a class=button href=\"/\">{}</a></p>", self.words.back);
        Frame::new(self, dashboard, self.words.attention).page(status, &body)
    }
}
