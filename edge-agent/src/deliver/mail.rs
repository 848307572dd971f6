//! Mail over SMTP.
//!
//! TLS is used from the first byte on port 465, and begun with STARTTLS on any other port. Without it nothing is sent, unless the
//! server is on this machine. The check of certificates cannot be switched off.

use std::time::Duration;

use ferrotill_render::MailPage;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    Certificate, CertificateStore, SmtpConnection, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::{Address, Message};

use super::letter::Letter;
use super::{Carrier, CarrierFault};
use crate::config::{MailConfig, Trust};

/// A mail server that takes mail from the till.
pub(super) struct MailServer(MailConfig);

/// A mail that is ready to be sent.
struct ReadyMail {
    from: Address,
    to: Address,
    message: Vec<u8>,
}

impl MailServer {
    pub(super) const fn new(config: MailConfig) -> Self {
        Self(config)
    }

    /// The mail of a letter: its text, its page, and a PDF.
    fn ready(&self, letter: &Letter) -> Result<ReadyMail, String> {
        let from = self.0.from.parse::<Mailbox>();
        let from = from.map_err(|error| format!("the sender cannot be used: {error}"))?;
        let to: Address = letter.address.parse().map_err(unusable)?;
        let sender = from.email.clone();
        let name = format!("<{}@{}>", letter.name, sender.domain());
        let page = letter
            .page(sender.domain())
            .map_err(|fault| format!("the page cannot be made: {fault}"))?;
        let content = MultiPart::alternative()
            .singlepart(SinglePart::plain(letter.text.clone()))
            .multipart(with_pictures(page)?);
        // A mail without its PDF is better than none: it has the whole receipt as text and as a page.
        let content = match letter.pdf() {
            Ok(pdf) => {
                let kind = ContentType::parse("application/pdf");
                let kind = kind.map_err(|error| format!("the PDF cannot be added: {error}"))?;
                let pdf = Attachment::new("receipt.pdf".to_owned()).body(pdf, kind);
                MultiPart::mixed().multipart(content).singlepart(pdf)
            }
            Err(fault) => {
                tracing::error!("{fault}; the mail is sent without a PDF");
                content
            }
        };
        let message = Message::builder()
            .message_id(Some(name))
            .from(from)
            .to(Mailbox::new(None, to.clone()))
            .subject(&letter.subject)
            .multipart(content)
            .map_err(|error| format!("the mail cannot be made: {error}"))?;
        Ok(ReadyMail {
            from: sender,
            to,
            message: message.formatted(),
        })
    }

    fn tls(&self) -> Result<TlsParameters, SmtpError> {
        let builder = TlsParameters::builder(self.0.host.clone());
        let builder = match &self.0.trust {
            Trust::BuiltIn => builder.certificate_store(CertificateStore::WebpkiRoots),
            Trust::Only(authorities) => authorities.iter().try_fold(
                builder.certificate_store(CertificateStore::None),
                |builder, authority| {
                    let authority = Certificate::from_der(authority.to_vec())?;
                    Ok::<_, SmtpError>(builder.add_root_certificate(authority))
                },
            )?,
        };
        builder.build_rustls()
    }

    /// A connection on which the server accepts mail from the till.
    fn connect(&self) -> Result<SmtpConnection, CarrierFault> {
        let config = &self.0;
        let away = |error: SmtpError| self.away(&error);
        let tls = self.tls().map_err(away)?;
        let hello = ClientId::default();
        let address = (config.host.as_str(), config.port);
        let at_once = (config.port == SMTPS).then_some(&tls);
        let mut connection =
            SmtpConnection::connect(address, Some(TIMEOUT), &hello, at_once, None).map_err(away)?;
        if at_once.is_none() {
            if connection.can_starttls() {
                connection.starttls(&tls, &hello).map_err(away)?;
            } else if !config.is_this_machine() {
                let _ = connection.quit();
                return Err(CarrierFault::Away(format!(
                    "{}:{} offers no TLS, and receipts are not sent without it over a network",
                    config.host, config.port
                )));
            }
        }
        if let Some((user, password)) = &config.login {
            let password = String::from_utf8_lossy(password.as_bytes()).into_owned();
            let credentials = Credentials::new(user.clone(), password);
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&mechanisms, &credentials).map_err(away)?;
        }
        Ok(connection)
    }

    /// The server does not work for any mail.
    fn away(&self, error: &SmtpError) -> CarrierFault {
        CarrierFault::Away(format!("{}:{}: {error}", self.0.host, self.0.port))
    }

    /// The server has not taken this mail.
    fn not_taken(&self, error: &SmtpError) -> CarrierFault {
        let is_closing = error
            .status()
            .is_some_and(|code| code.to_string() == CLOSING);
        if error.is_permanent() {
            CarrierFault::Never(error.to_string())
        } else if error.is_transient() && !is_closing {
            CarrierFault::Later(error.to_string())
        } else {
            self.away(error)
        }
    }

    /// Hands over a mail. What the server says to the sender concerns all mails, the rest this one.
    fn hand_over(
        &self,
        connection: &mut SmtpConnection,
        mail: ReadyMail,
    ) -> Result<(), CarrierFault> {
        let mut parameters = Vec::new();
        if [&mail.to, &mail.from]
            .into_iter()
            .any(|address| !AsRef::<str>::as_ref(address).is_ascii())
        {
            if !connection
                .server_info()
                .supports_feature(Extension::SmtpUtfEight)
            {
                let error = "the server takes no address with letters beyond ASCII";
                return Err(CarrierFault::Never(error.to_owned()));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        connection
            .command(Mail::new(Some(mail.from), parameters))
            .map_err(|error| self.away(&error))?;
        connection
            .command(Rcpt::new(mail.to, Vec::new()))
            .and_then(|_| connection.command(Data))
            .and_then(|_| connection.message(&mail.message))
            .map_err(|error| self.not_taken(&error))?;
        Ok(())
    }
}

/// The page with its pictures beside it.
fn with_pictures(page: MailPage) -> Result<MultiPart, String> {
    let kind = ContentType::parse("image/png");
    let kind = kind.map_err(|error| format!("a picture cannot be added: {error}"))?;
    let whole = MultiPart::related().singlepart(SinglePart::html(page.html));
    let pictures = page.pictures.into_iter();
    Ok(pictures.fold(whole, |whole, picture| {
        let picture = Attachment::new_inline(picture.content_id).body(picture.png, kind.clone());
        whole.singlepart(picture)
    }))
}

fn unusable(error: lettre::address::AddressError) -> String {
    format!("the address of the buyer cannot be used: {error}")
}

impl Carrier for MailServer {
    fn send(&self, letter: &Letter) -> Result<(), CarrierFault> {
        let mail = self.ready(letter).map_err(CarrierFault::Never)?;
        let mut connection = self.connect()?;
        let sent = self.hand_over(&mut connection, mail);
        // The mail is with the server, or is not: how the connection ends changes nothing of it, and must not hold up the note of it.
        let _ = connection.set_timeout(Some(QUIT_TIMEOUT));
        let _ = connection.quit();
        sent
    }
}

/// The port on which TLS begins with the first byte (RFC 8314).
const SMTPS: u16 = 465;
/// The status of a server that closes the connection (RFC 5321, 3.8).
const CLOSING: &str = "421";
/// The longest wait for one answer of the server.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The longest wait for the server's farewell.
const QUIT_TIMEOUT: Duration = Duration::from_secs(1);
