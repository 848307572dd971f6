//! TLS to the authority: which servers are trusted, and what is wrong with a server that is not.
//!
//! The check of certificates cannot be switched off; no configuration key exists for that.
//! The times in a certificate are compared with the machine's own clock, not with the guarded clock.
//! If that clock is wrong, the result is [`TlsFault::Expired`] or [`TlsFault::NotYetValid`], and the till goes on selling offline.

use std::fmt;

use rustls::CertificateError;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

use crate::config::Trust;

/// The TLS configuration for the configured trust.
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

/// Why a TLS connection to a server is not trusted or not possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// The server's certificate has expired.
    Expired,
    /// The server's certificate is not valid yet.
    NotYetValid,
    /// The server's certificate is for another name.
    WrongName,
    /// The server's certificate is not signed by a certificate authority that the till trusts. A self-signed certificate is of this kind too.
    UnknownAuthority,
    /// The server's certificate is not valid for a server, or was revoked.
    BadCertificate,
    /// The server does not use TLS.
    NoTls,
    /// The server uses TLS, but server and till have no version or cipher in common, or the connection was tampered with.
    NoAgreement,
}

impl TlsFault {
    /// The TLS fault behind an error, if there is one.
    pub(super) fn of(error: &ureq::Error) -> Option<Self> {
        match error {
            ureq::Error::Rustls(error) => Some(Self::of_rustls(error)),
            // The handshake is input and output, so its errors are wrapped in input and output errors.
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
                // A certificate that names a trusted certificate authority but is not signed by it counts as one of an unknown authority.
                Wrong::UnknownIssuer | Wrong::BadSignature => Self::UnknownAuthority,
                _ => Self::BadCertificate,
            },
            rustls::Error::InvalidMessage(_) => Self::NoTls,
            _ => Self::NoAgreement,
        }
    }

    /// What a person can do about the fault.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Expired | Self::NotYetValid => {
                "check this machine's clock; if the clock is right, inform the tax authority"
            }
            Self::WrongName => "correct [upstream] url: its name is not the name of this server",
            Self::UnknownAuthority => {
                "if the server is the tax authority's, put the certificate of the body that issued its certificate into the file of [upstream] ca_file; otherwise the connection is intercepted"
            }
            Self::BadCertificate | Self::NoAgreement => "inform the operator of the server",
            Self::NoTls => "correct [upstream] url: the server there is not an https server",
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
            Self::BadCertificate => "the server's certificate is not valid for a server",
            Self::NoTls => "the server does not use TLS",
            Self::NoAgreement => "the server and the till have no TLS version or cipher in common",
        })
    }
}
