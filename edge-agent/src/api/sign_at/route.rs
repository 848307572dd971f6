//! Finds the operation for a method and a path.

use axum::http::Method;
use uuid::Uuid;

use super::PREFIX;
use crate::api::dialect::operation_method;
use crate::config::Permission;

/// An operation of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// Gets tokens.
    LogIn,
    /// Reads, or replaces, the user at the tax office.
    TaxOfficeUser,
    PutTaxOfficeUser,
    /// A signature unit.
    PutUnit(Uuid),
    Unit(Uuid),
    PatchUnit(Uuid),
    Units,
    /// A cash register.
    PutRegister(Uuid),
    Register(Uuid),
    PatchRegister(Uuid),
    Registers,
    /// Signs a receipt.
    SignReceipt {
        register: Uuid,
        receipt: Uuid,
    },
    /// Signs a receipt whose id is no UUID, which is refused.
    SignUnnamed,
    /// Reads a receipt by its id or its number.
    Receipt {
        register: Uuid,
        receipt: String,
    },
    Receipts(Uuid),
    /// Has the tax office check a receipt.
    Validate {
        register: Uuid,
        receipt: String,
    },
    /// The protocol of a register.
    Export(Uuid),
    /// The data that a caller keeps with a resource.
    Metadata(MetadataOf),
    PatchMetadata(MetadataOf),
    /// The settings that callers may change.
    Settings,
    PatchSettings,
}

/// Whose metadata are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MetadataOf {
    /// A signature unit's.
    Unit(Uuid),
    /// A cash register's.
    Register(Uuid),
    /// A receipt's.
    Receipt { register: Uuid, receipt: String },
}

impl Operation {
    /// The permission that a client needs for the operation; `None` if the operation only reads.
    pub(super) const fn permission(&self) -> Option<Permission> {
        match self {
            Self::SignReceipt { .. }
            | Self::SignUnnamed
            | Self::PutTaxOfficeUser
            | Self::PutUnit(_)
            | Self::PatchUnit(_)
            | Self::PutRegister(_)
            | Self::PatchRegister(_)
            | Self::PatchMetadata(_)
            | Self::PatchSettings
            | Self::Validate { .. } => Some(Permission::Sell),
            _ => None,
        }
    }
}

/// Why a method and a path are no operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoOperation {
    /// No operation has this path.
    UnknownPath,
    /// Operations with this path have these methods.
    WrongMethod(&'static str),
}

/// The operation of a method and path. An id that is no UUID is that of no resource.
pub(super) fn route(method: &Method, path: &str) -> Result<Operation, NoOperation> {
    let rest = path
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.strip_prefix('/'))
        .ok_or(NoOperation::UnknownPath)?;
    let parts: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
    let allowed: Vec<&'static str> = METHODS
        .iter()
        .copied()
        .filter(|method| operation(method, &parts).is_some())
        .collect();
    if let Some(operation) = operation(operation_method(method), &parts) {
        return Ok(operation);
    }
    match allowed.as_slice() {
        [] => Err(NoOperation::UnknownPath),
        ["GET", "PUT", "PATCH"] => Err(NoOperation::WrongMethod("GET, PUT, PATCH")),
        ["GET", "PUT"] => Err(NoOperation::WrongMethod("GET, PUT")),
        ["GET", "PATCH"] => Err(NoOperation::WrongMethod("GET, PATCH")),
        ["POST"] => Err(NoOperation::WrongMethod("POST")),
        _ => Err(NoOperation::WrongMethod("GET")),
    }
}

const METHODS: [&str; 4] = ["GET", "PUT", "PATCH", "POST"];

fn operation(method: &str, parts: &[&str]) -> Option<Operation> {
    match (method, parts) {
        ("POST", ["auth"]) => Some(Operation::LogIn),
        ("GET", ["fon", "auth"]) => Some(Operation::TaxOfficeUser),
        ("PUT", ["fon", "auth"]) => Some(Operation::PutTaxOfficeUser),
        ("GET", ["configuration"]) => Some(Operation::Settings),
        ("PATCH", ["configuration"]) => Some(Operation::PatchSettings),
        (method, ["signature-creation-unit", rest @ ..]) => unit(method, rest),
        (method, ["cash-register", rest @ ..]) => register(method, rest),
        _ => None,
    }
}

fn unit(method: &str, rest: &[&str]) -> Option<Operation> {
    Some(match (method, rest) {
        ("GET", []) => Operation::Units,
        ("PUT", [id]) => Operation::PutUnit(uuid(id)?),
        ("GET", [id]) => Operation::Unit(uuid(id)?),
        ("PATCH", [id]) => Operation::PatchUnit(uuid(id)?),
        ("GET", [id, "metadata"]) => Operation::Metadata(MetadataOf::Unit(uuid(id)?)),
        ("PATCH", [id, "metadata"]) => Operation::PatchMetadata(MetadataOf::Unit(uuid(id)?)),
        _ => return None,
    })
}

fn register(method: &str, rest: &[&str]) -> Option<Operation> {
    let metadata = |register, receipt: &str| MetadataOf::Receipt {
        register,
        receipt: receipt.to_owned(),
    };
    Some(match (method, rest) {
        ("GET", []) => Operation::Registers,
        ("PUT", [id]) => Operation::PutRegister(uuid(id)?),
        ("GET", [id]) => Operation::Register(uuid(id)?),
        ("PATCH", [id]) => Operation::PatchRegister(uuid(id)?),
        ("GET", [id, "metadata"]) => Operation::Metadata(MetadataOf::Register(uuid(id)?)),
        ("PATCH", [id, "metadata"]) => Operation::PatchMetadata(MetadataOf::Register(uuid(id)?)),
        ("GET", [id, "export"]) => Operation::Export(uuid(id)?),
        ("GET", [id, "receipt"]) => Operation::Receipts(uuid(id)?),
        ("PUT", [id, "receipt", receipt]) => {
            let register = uuid(id)?;
            match uuid(receipt) {
                Some(receipt) => Operation::SignReceipt { register, receipt },
                None => Operation::SignUnnamed,
            }
        }
        ("GET", [id, "receipt", receipt]) => Operation::Receipt {
            register: uuid(id)?,
            receipt: (*receipt).to_owned(),
        },
        ("GET", [id, "receipt", receipt, "metadata"]) => {
            Operation::Metadata(metadata(uuid(id)?, receipt))
        }
        ("PATCH", [id, "receipt", receipt, "metadata"]) => {
            Operation::PatchMetadata(metadata(uuid(id)?, receipt))
        }
        ("POST", [id, "receipt", receipt, "validation"]) => Operation::Validate {
            register: uuid(id)?,
            receipt: (*receipt).to_owned(),
        },
        _ => return None,
    })
}

/// A UUID, with or without hyphens.
fn uuid(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|id| !id.is_nil())
}
