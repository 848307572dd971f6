//! The keys of `[[signature_unit]]`.

use super::SECRET_FILE;
use crate::config::key::{KeyRow, Preset, ValueKind, key};

pub(super) const SIGNATURE_UNIT: &[KeyRow] = &[
    key(
        "kind",
        ValueKind::Choice(KINDS),
        Preset::Required,
        "What the unit is: `software` is a private key in a file, `http` a signature service in the network (docs/protocols/signature-service.md), `pkcs11` a card or module behind a PKCS#11 library, which only a program that was built with `--features pkcs11` can load.",
    )
    .off("\"software\""),
    key(
        "id",
        ValueKind::Line(64),
        Preset::Required,
        "The name of the unit; in a closed system (`R1-AT0`) the id of the key as it is registered, such as `U:ATU12345678-K1`.",
    )
    .off("\"unit-1\""),
    key(
        "suite",
        ValueKind::Text("\"R1-AT\" and the number of the provider"),
        Preset::Required,
        "The suite of the unit. In software: `R1-AT9`, with a certificate of its own, on a TEST till only, or `R1-AT0`, a closed system. Otherwise `R1-AT` and the number of the provider of its certificate, or `R1-AT0`.",
    )
    .off("\"R1-AT9\""),
    key(
        "key_file",
        ValueKind::Path("the path of a file with mode 0600 that holds the encrypted private key"),
        Preset::Unset("a unit in software needs it"),
        "In software: the file with the private key, encrypted under the secret of `pin_file`. A TEST till makes it at its first start; `ferrotill rksv key` makes it for a LIVE till.",
    )
    .off("\"/etc/ferrotill/signature-unit.key\""),
    key(
        "pin_file",
        SECRET_FILE,
        Preset::Unset("pkcs11 and a LIVE till with a unit in software need it; a TEST till makes a secret beside `key_file`, with `.pin` at the end of its name"),
        "In software: the file with the secret under which the private key is encrypted, for example a credential of systemd. PKCS#11: the file with the PIN of the token; a wrong PIN is tried once.",
    )
    .off("\"/run/credentials/ferrotill.service/signature-unit.pin\""),
    key(
        "closed_system",
        ValueKind::Line(64),
        Preset::Unset("a LIVE till needs it with the suite R1-AT0"),
        "The number of the decision with which the tax authority has confirmed the closed system (Feststellungsbescheid).",
    )
    .off("\"123/2026\""),
    key(
        "certificate_file",
        ValueKind::Path("the path of the certificate of the unit, in PEM or DER"),
        Preset::Unset("http and pkcs11 need it"),
        "The certificate of the unit; with the suite `R1-AT0` its public key. A signature that does not fit it is none.",
    )
    .off("\"/etc/ferrotill/signature-unit.pem\""),
    key(
        "url",
        ValueKind::Text("an https url without user, query and fragment"),
        Preset::Unset("http needs it"),
        "http: the address of the signature service.",
    )
    .off("\"https://sign.example/v1\""),
    key(
        "token_file",
        SECRET_FILE,
        Preset::Unset("the service gets no secret"),
        "http: the file with the secret that the service gets as bearer token.",
    )
    .off("\"/run/credentials/ferrotill.service/signature-service.token\""),
    key(
        "ca_file",
        ValueKind::Path("the path of a file with certificates in PEM"),
        Preset::Unset("the certificate authorities that browsers trust"),
        "http: the certificates of the only certificate authorities that may have issued the certificate of the service.",
    )
    .off("\"/etc/ferrotill/signature-service-ca.pem\""),
    key(
        "timeout_ms",
        ValueKind::Integer(100, 30_000),
        Preset::Integer(3_000),
        "http: the longest wait for one answer of the service, in milliseconds. Then the receipt says that no unit works.",
    ),
    key(
        "library",
        ValueKind::Path("the path of the PKCS#11 library"),
        Preset::Unset("pkcs11 needs it"),
        "PKCS#11: the library of the card or module.",
    )
    .off("\"/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so\""),
    key(
        "module",
        ValueKind::Path("the path of the PKCS#11 library"),
        Preset::Unset("`library` names it"),
        "PKCS#11: another name of `library`; one of both is written.",
    )
    .off("\"/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so\""),
    key(
        "token_label",
        ValueKind::Line(32),
        Preset::Unset("pkcs11 needs it"),
        "PKCS#11: the label of the token.",
    )
    .off("\"kasse\""),
    key(
        "key_label",
        ValueKind::Line(64),
        Preset::Unset("pkcs11 needs it"),
        "PKCS#11: the label of the private key.",
    )
    .off("\"signatur\""),
    key(
        "form",
        ValueKind::Choice(&["card", "module"]),
        Preset::Text("card"),
        "PKCS#11: the kind of device that is registered with the tax authority: a card (SIGNATURKARTE) or a module of the owner (EIGENES_HSM).",
    ),
];

/// The kinds of units that the law and the configuration know.
pub(in crate::config) const KINDS: &[&str] = &["software", "pkcs11", "http"];
