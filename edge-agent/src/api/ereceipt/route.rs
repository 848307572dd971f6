//! The table of operations: method, path and the other paths that are taken for the same operation.
//!
//! Only the paths of authentication and of the creation of a receipt are confirmed by public clients. The others are our reading of the
//! vendor's texts (docs/api/ereceipt.md), so that this table is the only place that knows a path.

use axum::http::{Method, StatusCode};
use uuid::Uuid;

use super::PREFIX;
use super::problem::Failure;
use crate::api::dialect::operation_method;
use crate::config::{Mode, Permission};

/// An operation of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    LogIn,
    Receipts,
    Receipt,
    PutReceipt,
    Pdf,
    ReceiptLogo,
    Configuration,
    Revisions,
    Revision,
    RevisionLogo,
    AddLogo,
    SetSections,
    Dictionary,
    SetLabels,
    SetLanguage,
    PublicReceipt,
    Hospitality,
    PutHospitality,
    UploadMedia,
    Sections,
    Section,
    PutSection,
    StaticLink,
}

impl Operation {
    /// What a caller needs: `None` for the operations that everybody may call, else the permission, which reading does not need.
    pub(super) const fn access(self) -> Option<Option<Permission>> {
        match self {
            Self::LogIn | Self::PublicReceipt | Self::Hospitality | Self::PutHospitality => None,
            Self::PutReceipt
            | Self::AddLogo
            | Self::SetSections
            | Self::SetLabels
            | Self::SetLanguage
            | Self::UploadMedia
            | Self::PutSection
            | Self::StaticLink => Some(Some(Permission::Sell)),
            _ => Some(None),
        }
    }

    /// A body that is too large for its operation.
    pub(super) fn too_large(self) -> Failure {
        let (code, most) = match self {
            Self::AddLogo => ("E_LOGO_BODY_LIMIT_EXCEEDED", "2 MB"),
            Self::UploadMedia => ("E_PAYLOAD_TOO_LARGE", "2 MB"),
            _ => ("E_PAYLOAD_TOO_LARGE", "256 KiB"),
        };
        let message = format!("body: is larger than {most}");
        Failure::new(StatusCode::PAYLOAD_TOO_LARGE, code, message)
    }

    /// Whether the body may have an image.
    pub(super) const fn takes_image(self) -> bool {
        matches!(self, Self::AddLogo | Self::UploadMedia)
    }
}

/// A row of the table.
struct Row {
    operation: Operation,
    /// The methods; the first one is the documented one.
    methods: &'static [&'static str],
    /// The paths below the prefix; the first one is the documented one. A part in braces is a parameter.
    paths: &'static [&'static str],
}

const fn row(
    operation: Operation,
    methods: &'static [&'static str],
    paths: &'static [&'static str],
) -> Row {
    Row {
        operation,
        methods,
        paths,
    }
}

const ROWS: &[Row] = &[
    row(Operation::LogIn, &["POST"], &["/auth"]),
    row(Operation::Receipts, &["GET"], &["/receipt", "/receipts"]),
    row(
        Operation::Receipt,
        &["GET"],
        &["/receipt/{receipt_id}", "/receipts/{receipt_id}"],
    ),
    row(
        Operation::PutReceipt,
        &["PUT"],
        &["/receipt/{receipt_id}", "/receipts/{receipt_id}"],
    ),
    row(
        Operation::Pdf,
        &["GET"],
        &["/receipt/{receipt_id}/pdf", "/receipts/{receipt_id}/pdf"],
    ),
    row(
        Operation::ReceiptLogo,
        &["GET"],
        &["/receipt/{receipt_id}/logo", "/receipts/{receipt_id}/logo"],
    ),
    row(Operation::Configuration, &["GET"], &["/configuration"]),
    row(
        Operation::Revisions,
        &["GET"],
        &["/configuration/revisions", "/configuration/revision"],
    ),
    row(
        Operation::Revision,
        &["GET"],
        &[
            "/configuration/revisions/{revision}",
            "/configuration/revision/{revision}",
        ],
    ),
    row(
        Operation::RevisionLogo,
        &["GET"],
        &[
            "/configuration/revisions/{revision}/logo",
            "/configuration/revision/{revision}/logo",
        ],
    ),
    row(
        Operation::AddLogo,
        &["POST", "PUT"],
        &["/configuration/logo"],
    ),
    row(
        Operation::SetSections,
        &["PUT", "POST"],
        &[
            "/configuration/custom-section",
            "/configuration/custom-sections",
        ],
    ),
    row(
        Operation::Dictionary,
        &["GET"],
        &["/configuration/dictionary", "/dictionary"],
    ),
    row(
        Operation::SetLabels,
        &["PUT", "POST"],
        &["/configuration/dictionary", "/dictionary"],
    ),
    row(
        Operation::SetLanguage,
        &["PUT", "POST"],
        &["/configuration/language"],
    ),
    row(
        Operation::PublicReceipt,
        &["GET"],
        &["/public/{env}/receipt/{receipt_id}"],
    ),
    row(
        Operation::Hospitality,
        &["GET"],
        &[
            "/public/{env}/receipt/{receipt_id}/hospitality",
            "/{env}/receipt/{receipt_id}/hospitality",
            "/hospitality/{env}/{receipt_id}",
        ],
    ),
    row(
        Operation::PutHospitality,
        &["PUT"],
        &[
            "/public/{env}/receipt/{receipt_id}/hospitality",
            "/{env}/receipt/{receipt_id}/hospitality",
            "/hospitality/{env}/{receipt_id}",
        ],
    ),
    row(Operation::UploadMedia, &["POST"], &["/media"]),
    row(
        Operation::Sections,
        &["GET"],
        &["/custom-section", "/custom-sections"],
    ),
    row(
        Operation::Section,
        &["GET"],
        &[
            "/custom-section/{custom_section_id}",
            "/custom-sections/{custom_section_id}",
        ],
    ),
    row(
        Operation::PutSection,
        &["PUT"],
        &[
            "/custom-section/{custom_section_id}",
            "/custom-sections/{custom_section_id}",
        ],
    ),
    row(Operation::StaticLink, &["POST"], &["/static-link"]),
    // Its first part is a parameter, so that it stands behind all others.
    row(
        Operation::PublicReceipt,
        &["GET"],
        &["/{env}/receipt/{receipt_id}"],
    ),
];

/// An operation and what its path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) operation: Operation,
    names: Vec<(&'static str, String)>,
}

impl Found {
    fn named(&self, name: &str) -> &str {
        let found = self.names.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The receipt that the path names.
    pub(super) fn receipt(&self) -> Result<Uuid, Failure> {
        version_4(self.named("receipt_id")).ok_or_else(|| {
            Failure::bad(
                "E_RECEIPT_ID_INVALID",
                "params.receipt_id: is not a UUID of version 4; generate one at random",
            )
        })
    }

    /// The custom section that the path names.
    pub(super) fn section(&self) -> Result<Uuid, Failure> {
        version_4(self.named("custom_section_id"))
            .ok_or_else(|| Failure::invalid("params.custom_section_id: is not a UUID of version 4"))
    }

    /// The revision that the path names.
    pub(super) fn revision(&self) -> Result<u32, Failure> {
        let text = self.named("revision");
        if text.is_empty() {
            return Err(Failure::bad(
                "E_REVISION_ID_MISSING",
                "params.revision: is missing",
            ));
        }
        text.parse()
            .ok()
            .filter(|revision| *revision > 0)
            .ok_or_else(|| Failure::invalid("params.revision: should be integer from 1"))
    }

    /// Checks the environment in a path of everybody's.
    pub(super) fn check_environment(&self, mode: Mode) -> Result<(), Failure> {
        // The claims of a token and `_env` write it in capital letters.
        let env = self.named("env").to_ascii_lowercase();
        match (env.as_str(), mode) {
            ("test", Mode::Test) | ("live", Mode::Live) => Ok(()),
            ("test" | "live", _) => Err(Failure::no_receipt()),
            _ => Err(Failure::invalid("params.env: should be test or live")),
        }
    }
}

/// A UUID of version 4, with or without hyphens.
pub(super) fn version_4(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text)
        .ok()
        .filter(|id| id.get_version_num() == 4 && id.get_variant() == uuid::Variant::RFC4122)
}

/// Why a method and a path are no operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoOperation {
    /// No operation has this path.
    UnknownPath,
    /// Operations with this path have these methods.
    WrongMethod(&'static str),
}

/// The operation of a method and path.
pub(super) fn find(method: &Method, path: &str) -> Result<Found, NoOperation> {
    let rest = path.strip_prefix(PREFIX).ok_or(NoOperation::UnknownPath)?;
    let rest = if rest.ends_with("//") {
        rest
    } else {
        rest.strip_suffix('/').unwrap_or(rest)
    };
    let mut methods: Vec<&str> = Vec::new();
    for row in ROWS {
        let names = row.paths.iter().find_map(|pattern| names(pattern, rest));
        let Some(names) = names else { continue };
        if row.methods.contains(&operation_method(method)) {
            return Ok(Found {
                operation: row.operation,
                names,
            });
        }
        methods.extend(row.methods);
    }
    let has = |method: &str| methods.contains(&method);
    Err(NoOperation::WrongMethod(
        match (has("GET"), has("PUT"), has("POST")) {
            (false, false, false) => return Err(NoOperation::UnknownPath),
            (true, true, true) => "GET, PUT, POST",
            (true, true, false) => "GET, PUT",
            (false, true, true) => "POST, PUT",
            (true, false, _) => "GET",
            (false, true, false) => "PUT",
            (false, false, true) => "POST",
        },
    ))
}

/// What a path names, if it has the form of a pattern.
fn names(pattern: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut names = Vec::new();
    let (mut own, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (own.next(), given.next()) {
            (None, None) => return Some(names),
            (Some(own), Some(given)) => match own.strip_prefix('{') {
                Some(name) => names.push((name.trim_end_matches('}'), given.to_owned())),
                None if own == given => {}
                None => return None,
            },
            _ => return None,
        }
    }
}

/// The methods and the paths of each operation, the documented ones first.
#[cfg(test)]
pub(super) fn documented_rows() -> Vec<(&'static [&'static str], Vec<&'static str>)> {
    let mut all: Vec<(Operation, &[&str], Vec<&str>)> = Vec::new();
    for row in ROWS {
        match all.iter_mut().find(|(known, ..)| *known == row.operation) {
            Some((_, _, paths)) => paths.extend(row.paths),
            None => all.push((row.operation, row.methods, row.paths.to_vec())),
        }
    }
    let rows = all.into_iter().map(|(_, methods, paths)| (methods, paths));
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1c81cb86-c2e8-4074-afc3-a0601b2bf063";

    fn of(method: &str, path: &str) -> Result<Operation, NoOperation> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        find(&method, &format!("{PREFIX}{path}")).map(|found| found.operation)
    }

    #[test]
    fn every_path_of_the_table_finds_its_operation() {
        for row in ROWS {
            for pattern in row.paths {
                let path = pattern
                    .replace("{receipt_id}", ID)
                    .replace("{custom_section_id}", ID)
                    .replace("{revision}", "1")
                    .replace("{env}", "test");
                for method in row.methods {
                    assert_eq!(of(method, &path), Ok(row.operation), "{method} {path}");
                }
            }
        }
        assert_eq!(of("GET", "/nothing"), Err(NoOperation::UnknownPath));
        let wrong = of("DELETE", &format!("/receipt/{ID}"));
        assert_eq!(wrong, Err(NoOperation::WrongMethod("GET, PUT")));
    }

    #[test]
    fn an_id_must_be_random_and_a_revision_must_be_there() {
        let receipt = |id: &str| {
            let path = format!("{PREFIX}/receipt/{id}");
            find(&Method::GET, &path).unwrap().receipt()
        };
        assert!(receipt(ID).is_ok());
        assert!(receipt(&ID.replace('-', "")).is_ok());
        for id in [
            "x",
            "00000000-0000-0000-0000-000000000000",
            "1c81cb86-c2e8-1074-afc3-a0601b2bf063",
        ] {
            assert_eq!(receipt(id).unwrap_err().code, "E_RECEIPT_ID_INVALID");
        }
        let missing = find(
            &Method::GET,
            &format!("{PREFIX}/configuration/revisions//logo"),
        );
        let missing = missing.unwrap().revision().unwrap_err();
        assert_eq!(missing.code, "E_REVISION_ID_MISSING");
        let environment = |env: &str| {
            let path = format!("{PREFIX}/public/{env}/receipt/{ID}");
            let found = find(&Method::GET, &path).unwrap();
            found
                .check_environment(Mode::Test)
                .map_err(|failure| failure.code)
        };
        assert_eq!(environment("test"), Ok(()));
        assert_eq!(environment("TEST"), Ok(()));
        assert_eq!(environment("LIVE"), Err("E_RECEIPT_NOT_FOUND"));
        assert_eq!(environment("prod"), Err("E_REQUEST_INVALID"));
    }
}
