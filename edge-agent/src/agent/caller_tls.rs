//! TLS to callers: the certificate at the start, new files while the agent runs, and what health says about them.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::StartError;
use crate::config::{CallerCertificate, Config};
use crate::explanation::{Explanation, why_of};
use crate::listener::{CertificateFault, CertificateInUse, ServerCertificate, made_certificate};
use crate::status::problems::{HealthProblem, ProblemKind, Problems};
use crate::time::clock::iso_utc;

/// The certificate that callers get, and where it comes from.
#[derive(Debug)]
pub(super) struct CallerTls {
    in_use: CertificateInUse,
    source: CertificateSource,
    ends_ms: i64,
    /// The files as they were at the last two looks, and those that were read last.
    seen: FileMarks,
    read: FileMarks,
}

#[derive(Debug)]
enum CertificateSource {
    Files {
        certificate: PathBuf,
        key: PathBuf,
    },
    Made {
        folder: PathBuf,
        listen: SocketAddr,
        names: Vec<String>,
    },
}

/// What changes when a file is written or replaced, for the certificate and the key.
type FileMarks = [Option<(u64, i64, i64, u64)>; 2];

impl CertificateSource {
    fn files(&self) -> (PathBuf, PathBuf) {
        match self {
            Self::Files { certificate, key } => (certificate.clone(), key.clone()),
            Self::Made { folder, .. } => made_certificate::made_files(folder),
        }
    }

    fn marks(&self) -> FileMarks {
        let (certificate, key) = self.files();
        [certificate, key].map(|path| {
            let data = fs::metadata(path).ok()?;
            Some((data.ino(), data.mtime(), data.mtime_nsec(), data.len()))
        })
    }

    fn read(&self) -> Result<ServerCertificate, CertificateFault> {
        let (certificate, key) = self.files();
        ServerCertificate::read(&certificate, &key)
    }

    /// Makes the certificate if the till makes its own and needs another one.
    fn make(&self, now_ms: i64) -> std::io::Result<()> {
        let Self::Made {
            folder,
            listen,
            names,
        } = self
        else {
            return Ok(());
        };
        if made_certificate::make_if_needed(folder, *listen, names, now_ms)? {
            let (certificate, _) = self.files();
            tracing::warn!(
                event = "certificate",
                "the till has made a certificate for callers over TLS: {}; callers must trust this file",
                certificate.display()
            );
        }
        Ok(())
    }
}

impl CallerTls {
    /// Reads or makes the certificate; `None` if TLS is not configured.
    pub(super) fn start(config: &Config, now_ms: i64) -> Result<Option<Self>, StartError> {
        let Some(tls) = &config.api.tls else {
            return Ok(None);
        };
        let source = match &tls.certificate {
            CallerCertificate::Files { certificate, key } => CertificateSource::Files {
                certificate: certificate.clone(),
                key: key.clone(),
            },
            CallerCertificate::Made => CertificateSource::Made {
                folder: config.till.data_dir.clone(),
                listen: config.api.listen,
                names: tls.names.clone(),
            },
        };
        source.make(now_ms).map_err(|error| {
            let folder = config.till.data_dir.display().to_string();
            unusable(
                &folder,
                why_of(&error),
                "correct the data folder, or name a certificate in api.tls_certificate",
            )
        })?;
        let read = source.marks();
        let found = source.read().map_err(|fault| {
            unusable(
                &fault.path.display().to_string(),
                fault.why.clone(),
                fault.fix,
            )
        })?;
        Ok(Some(Self {
            in_use: CertificateInUse::new(&found),
            source,
            ends_ms: found.valid_ms.1,
            seen: read,
            read,
        }))
    }

    /// What the listener needs.
    pub(super) fn in_use(&self) -> CertificateInUse {
        self.in_use.clone()
    }

    /// Looks for new files, and for the end of the certificate.
    pub(super) fn look(&mut self, problems: &Problems, now_ms: i64) {
        if self.ends_ms.saturating_sub(now_ms) < made_certificate::RENEWED_BEFORE_MS
            && let Err(error) = self.source.make(now_ms)
        {
            let (certificate, _) = self.source.files();
            self.keep_old(problems, now_ms, &certificate, &why_of(&error));
        }
        let marks = self.source.marks();
        // Certificate and key are two files, so a person or a program writes one after the other: they are read when both have
        // stayed as they are for a second.
        if marks != self.read && marks == self.seen {
            self.read = marks;
            match self.source.read() {
                Ok(found) => {
                    self.in_use.replace(&found);
                    self.ends_ms = found.valid_ms.1;
                    problems.clear(ProblemKind::CERTIFICATE_UNUSABLE, None);
                    tracing::info!(
                        event = "certificate",
                        "callers over TLS get the new certificate"
                    );
                }
                Err(fault) => {
                    self.keep_old(problems, now_ms, &fault.path, &fault.why);
                }
            }
        }
        self.seen = marks;
        self.note_end(problems, now_ms);
    }

    fn keep_old(&self, problems: &Problems, now_ms: i64, path: &Path, why: &str) {
        problems.raise(HealthProblem {
            kind: ProblemKind::CERTIFICATE_UNUSABLE,
            device: None,
            since_ms: now_ms,
            says: format!(
                "the new certificate for callers cannot be used, and they get the old one: {}: {why}",
                path.display()
            ),
            fix: "write the certificate and its key into their files again".to_owned(),
        });
    }

    fn note_end(&self, problems: &Problems, now_ms: i64) {
        let left_ms = self.ends_ms.saturating_sub(now_ms);
        if left_ms > WARNED_BEFORE_MS {
            problems.clear(ProblemKind::CERTIFICATE_ENDS, None);
            return;
        }
        let ends = iso_utc(self.ends_ms);
        let says = if left_ms > 0 {
            format!("the certificate for callers over TLS ends at {ends}")
        } else {
            format!(
                "the certificate for callers over TLS has ended at {ends}: callers refuse the connection"
            )
        };
        let fix = match &self.source {
            CertificateSource::Files { .. } => {
                "write a new certificate and its key into the files of api.tls_certificate and api.tls_key"
            }
            CertificateSource::Made { .. } => {
                "the till makes the next one seven days before the end; give it to the callers that know only this certificate"
            }
        };
        problems.raise(HealthProblem {
            kind: ProblemKind::CERTIFICATE_ENDS,
            device: None,
            since_ms: now_ms,
            says,
            fix: fix.to_owned(),
        });
    }
}

fn unusable(place: &str, why: impl Into<String>, fix: &str) -> StartError {
    StartError::Certificate(Box::new(Explanation::new(
        "the certificate for callers cannot be used",
        place,
        why,
        fix,
    )))
}

/// How long before its end health names the certificate: 30 days.
const WARNED_BEFORE_MS: i64 = 30 * 86_400_000;
