//! TLS to the tax office: whom the till believes, and what is wrong with a server that it does not believe.
//!
//! The verification cannot be switched off: there is no key for it, and nothing here calls for it.
//! Times are compared with the machine's own clock, because whoever checks a certificate has no other witness yet; a clock that
//! is wrong shows as [`TlsFault::Expired`] or [`TlsFault::NotYetValid`], and the till sells on without the office meanwhile.

use std::fmt;

use rustls::CertificateError;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

use crate::config::Trust;

/// The rustls form of the configured trust.
pub(super) fn tls_config(trust: &Trust) -> TlsConfig {
    let roots = match trust {
        Trust::BuiltIn => RootCerts::WebPki,
        Trust::Only(authorities) => authorities
            .iter()
            .map(|authority| Certificate::from_der(authority).to_owned())
            .into(),
    };
    TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(roots)
        .build()
}

/// What is wrong with a server that was asked over TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// Its certificate has expired.
    Expired,
    /// Its certificate is not valid yet.
    NotYetValid,
    /// Its certificate is for another name.
    WrongName,
    /// No authority that the till trusts stands behind its certificate; one that is signed by itself is of this kind, too.
    UnknownAuthority,
    /// Its certificate is none that a server may show, or was taken back.
    BadCertificate,
    /// It does not speak TLS.
    NoTls,
    /// It speaks TLS, but no agreement was found, or the connection was tampered with.
    NoAgreement,
}

impl TlsFault {
    /// What the error says about TLS, if it does.
    pub(super) fn of(error: &ureq::Error) -> Option<Self> {
        match error {
            ureq::Error::Rustls(error) => Some(Self::of_rustls(error)),
            // The handshake runs as input and output, and its errors come wrapped as such.
            ureq::Error::Io(error) => error
                .get_ref()?
                .downcast_ref::<rustls::Error>()
                .map(Self::of_rustls),
            ureq::Error::Tls(_) | ureq::Error::TlsRequired => Some(Self::NoAgreement),
            _ => None,
        }
    }

    fn of_rustls(error: &rustls::Error) -> Self {
        use CertificateError as Wrong;
        match error {
            rustls::Error::InvalidCertificate(wrong) => match wrong {
                Wrong::Expired | Wrong::ExpiredContext { .. } => Self::Expired,
                Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => Self::NotYetValid,
                Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => Self::WrongName,
                // One that names an authority of ours and was not signed by it is no better than one that names another.
                Wrong::UnknownIssuer | Wrong::BadSignature => Self::UnknownAuthority,
                _ => Self::BadCertificate,
            },
            rustls::Error::InvalidMessage(_) => Self::NoTls,
            _ => Self::NoAgreement,
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Expired | Self::NotYetValid => {
                "check this machine's clock; if it is right, tell the tax office"
            }
            Self::WrongName => "correct [upstream] url: the server is not the one that it names",
            Self::UnknownAuthority => {
                "if the server is the tax office's, write its authority into [upstream] ca_file; else somebody stands between"
            }
            Self::BadCertificate | Self::NoAgreement => "tell whoever runs the server",
            Self::NoTls => "correct [upstream] url: what answers there is no https server",
        }
    }
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "the server's certificate has expired",
            Self::NotYetValid => "the server's certificate is not valid yet",
            Self::WrongName => "the server's certificate is for another name",
            Self::UnknownAuthority => "the server's certificate is of an unknown authority",
            Self::BadCertificate => "the server's certificate is not one for a server",
            Self::NoTls => "the server does not speak TLS",
            Self::NoAgreement => "the server and the till found no common TLS",
        })
    }
}
