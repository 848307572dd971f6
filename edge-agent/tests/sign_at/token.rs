//! A token behind a PKCS#11 library: SoftHSM of Debian (`softhsm2`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ferrotill_rksv::SoftwareUnit;

use super::api::{Api, judged, receipt, secret, standard, till_with_units};
use super::shop::outside::{Process, program, program_path, until};

const LIBRARIES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
];

/// A folder with tokens of SoftHSM.
struct Tokens {
    library: &'static str,
    config: PathBuf,
    store: PathBuf,
}

impl Tokens {
    /// `None`, with a line that says so, if SoftHSM is not installed.
    fn new(folder: &Path) -> Option<Self> {
        let library = LIBRARIES.into_iter().find(|path| Path::new(path).exists());
        let Some(library) = library else {
            println!(
                "SKIPPED: SoftHSM is not installed (apt-get install softhsm2), so that no PKCS#11 token was tried"
            );
            return None;
        };
        let store = folder.join("tokens");
        fs::create_dir(&store).unwrap();
        let config = folder.join("softhsm2.conf");
        let text = format!(
            "directories.tokendir = {}\nlog.level = ERROR\n",
            store.display()
        );
        fs::write(&config, text).unwrap();
        Some(Self {
            library,
            config,
            store,
        })
    }

    fn tool(&self, arguments: &[&str]) {
        let mut tool = Command::new("softhsm2-util");
        let tool = tool.env("SOFTHSM2_CONF", &self.config).args(arguments);
        let output = tool.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// Makes a token with a key. Returns the key's certificate in PEM.
    fn add(&self, folder: &Path, token: &str, key: &str) -> String {
        self.tool(&[
            "--init-token",
            "--free",
            "--label",
            token,
            "--so-pin",
            "12345678",
            "--pin",
            "123456",
        ]);
        let private = SoftwareUnit::new_key().unwrap();
        let certificate = SoftwareUnit::with_certificate(9, &private)
            .unwrap()
            .key()
            .to_der();
        let file = folder.join("private.pem");
        fs::write(&file, pem("PRIVATE KEY", &private)).unwrap();
        let file = file.to_str().unwrap();
        self.tool(&[
            "--import", file, "--token", token, "--label", key, "--id", "01", "--pin", "123456",
        ]);
        pem("CERTIFICATE", &certificate)
    }

    fn agent(&self, file: &Path) -> Process {
        Process::shell(&format!(
            "exec env SOFTHSM2_CONF={} {} --json run --config {}",
            self.config.display(),
            program_path().display(),
            file.display()
        ))
    }

    /// Exit code and messages of a start that ends by itself.
    fn refused(&self, file: &Path) -> (Option<i32>, String) {
        let mut command = program();
        let command = command.env("SOFTHSM2_CONF", &self.config);
        let output = command
            .args(["run", "--config"])
            .arg(file)
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    }
}

fn pem(name: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {name}-----\n{}\n-----END {name}-----\n",
        lines.join("\n")
    )
}

fn table(folder: &Path, tokens: &Tokens) -> String {
    let pin = secret(folder, "token.pin", "123456\n");
    format!(
        "\n[[signature_unit]]\nkind = \"pkcs11\"\nid = \"unit-1\"\nsuite = \"R1-AT9\"\nlibrary = {:?}\ntoken_label = \"kasse\"\n\
         key_label = \"signatur\"\npin_file = {pin:?}\ncertificate_file = {:?}\n",
        tokens.library,
        folder.join("unit.pem"),
    )
}

#[test]
fn a_token_signs_fails_when_it_is_taken_out_and_signs_again() {
    let folder = tempfile::tempdir().unwrap();
    let Some(tokens) = Tokens::new(folder.path()) else {
        return;
    };
    let certificate = tokens.add(folder.path(), "kasse", "signatur");
    fs::write(folder.path().join("unit.pem"), certificate).unwrap();
    let file = till_with_units(folder.path(), &table(folder.path(), &tokens));
    let mut agent = tokens.agent(&file);
    let api = Api::log_in(&agent.client);
    api.set_up();
    let body = standard("NORMAL", "STANDARD", "2.00");
    let sold = api.put(&receipt(1), &body);
    assert_eq!(sold.at("signed"), "true", "{}", sold.text);
    let token = api.token.clone();
    agent.stop();
    // The token is absent at the start: the till sells without it, and uses it when it is back at the next start.
    let away = folder.path().join("away");
    fs::rename(&tokens.store, &away).unwrap();
    fs::create_dir(&tokens.store).unwrap();
    let mut agent = tokens.agent(&file);
    let api = Api {
        client: agent.client.clone(),
        token,
    };
    let sold = api.put(&receipt(2), &body);
    assert_eq!(sold.at("signed"), "false", "{}", sold.text);
    agent.stop();
    fs::remove_dir(&tokens.store).unwrap();
    fs::rename(&away, &tokens.store).unwrap();
    let agent = tokens.agent(&file);
    let api = Api {
        client: agent.client.clone(),
        token: api.token,
    };
    let mut number = 3;
    until("the token signs again", || {
        number += 1;
        api.put(&receipt(number), &body).at("signed") == "true"
    });
    judged(&file, Some(&api));
}

#[test]
fn a_token_that_does_not_fit_stops_the_start_and_a_wrong_pin_is_tried_once() {
    let folder = tempfile::tempdir().unwrap();
    let Some(tokens) = Tokens::new(folder.path()) else {
        return;
    };
    let files = folder.path();
    let other = tokens.add(files, "other", "signatur");
    let certificate = tokens.add(files, "kasse", "signatur");
    fs::write(files.join("unit.pem"), certificate).unwrap();
    fs::write(files.join("other.pem"), other).unwrap();
    let right = table(files, &tokens);
    let wrong_pin = secret(files, "wrong.pin", "654321\n");
    let wrong_pin = wrong_pin.display().to_string();
    for (units, words) in [
        (
            right.replace("unit.pem", "other.pem"),
            "is not that of the certificate",
        ),
        (
            right.replace("\"signatur\"", "\"siegel\""),
            "it has no private key of an elliptic curve with the label \"siegel\"",
        ),
        (
            right.replace(tokens.library, "/usr/lib/missing.so"),
            "the PKCS#11 library cannot be used",
        ),
        (
            right.replace(tokens.library, "/etc/hostname"),
            "the PKCS#11 library cannot be used",
        ),
        (
            right.replace(&files.join("token.pin").display().to_string(), &wrong_pin),
            "it refuses the PIN",
        ),
        (
            right.replace(&files.join("token.pin").display().to_string(), &wrong_pin),
            "it has refused this PIN before",
        ),
    ] {
        let file = till_with_units(files, &units);
        let (code, said) = tokens.refused(&file);
        assert_eq!(code, Some(3), "{words}: {said}");
        assert!(said.contains(words), "{words}: {said}");
    }
    let file = till_with_units(files, &right);
    let agent = tokens.agent(&file);
    let api = Api::log_in(&agent.client);
    api.set_up();
    let sold = api.put(&receipt(1), &standard("NORMAL", "STANDARD", "2.00"));
    assert_eq!(sold.at("signed"), "true", "{}", sold.text);
}
