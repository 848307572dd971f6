//! The questions of `init`: what the flags do not say is asked, each question with a default, until the answers are a configuration.

use std::io::{BufRead as _, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use ferrotill_core::facts::Facts;
use ferrotill_core::profile::{self, Profile, SealPlan};
use ferrotill_device::driver::DriverUri;

use super::{InitArguments, NewTill, Owner};
use crate::cli::demo::{COUNTRY_DEFAULT, countries};
use crate::cli::ports::{self, FoundPrinter};
use crate::cli::words::counted;
use crate::cli::{CliFailure, CliOutput};

/// The longest answer, in bytes.
const ANSWER_BYTES_MAX: u64 = 4_096;
/// The name of the file that is written if no other one is given.
const FILE: &str = "ferrotill.toml";
/// An address as an example where no printer was found.
const PRINTER: &str = "datecs+serial:///dev/ttyUSB0";
/// The printers that were found are numbered from here.
const FIRST_CHOICE: usize = 1;

/// Asks questions on standard input.
pub(super) struct Questions {
    output: CliOutput,
    /// The printers that have answered; `None` before the first search.
    printers: Option<Vec<FoundPrinter>>,
}

impl Questions {
    pub(super) const fn new(output: CliOutput) -> Self {
        Self {
            output,
            printers: None,
        }
    }

    /// The till as the flags and the answers describe it. `before` has the answers of the last time, which are the defaults now.
    pub(super) fn till(
        &mut self,
        flags: &InitArguments,
        before: Option<&NewTill>,
    ) -> Result<NewTill, CliFailure> {
        let profile = match &flags.country {
            Some(country) => super::profile_of(country)?,
            None => {
                let default = before.map_or(COUNTRY_DEFAULT, |till| till.profile.facts().code);
                let text = format!("Country of the shop ({})", countries());
                self.ask(&text, default, country)?
            }
        };
        let mode = match &flags.mode {
            Some(mode) => mode.clone(),
            None => {
                let default = before.map_or("TEST", |till| till.mode.as_str());
                self.ask("Mode, TEST to practise or LIVE to sell", default, mode)?
            }
        };
        let device = match &flags.device {
            Some(device) => device.clone(),
            None => self.device(profile.facts(), before)?,
        };
        let owner = match &flags.from_fiscalcloud {
            Some(_) => Owner::default(),
            None => self.owner(before)?,
        };
        Ok(NewTill {
            profile,
            mode,
            device,
            owner,
            listen: self.listen(flags, before)?,
            data: self.data(flags, before)?,
            upstream: self.upstream(flags, before)?,
            out: self.out(flags, before)?,
        })
    }

    fn listen(
        &self,
        flags: &InitArguments,
        before: Option<&NewTill>,
    ) -> Result<String, CliFailure> {
        if let Some(listen) = &flags.listen {
            return Ok(listen.clone());
        }
        let default = before.map_or(super::LISTEN, |till| till.listen.as_str());
        let text = "Address and port on which the till serves";
        self.ask(text, default, address)
    }

    fn data(&self, flags: &InitArguments, before: Option<&NewTill>) -> Result<PathBuf, CliFailure> {
        if let Some(data) = &flags.data {
            return Ok(super::absolute(data));
        }
        let default = before.map_or(Path::new(super::DATA), |till| &till.data);
        self.ask("Data folder", &default.display().to_string(), folder)
    }

    fn upstream(
        &self,
        flags: &InitArguments,
        before: Option<&NewTill>,
    ) -> Result<Option<String>, CliFailure> {
        if let Some(upstream) = &flags.upstream {
            return Ok(Some(upstream.clone()));
        }
        let default = before.and_then(|till| till.upstream.as_deref());
        let text = "URL of the tax authority's server, or - for none";
        self.ask(text, default.unwrap_or("-"), url)
    }

    fn out(&self, flags: &InitArguments, before: Option<&NewTill>) -> Result<PathBuf, CliFailure> {
        if let Some(out) = &flags.out {
            return Ok(out.clone());
        }
        let default = before.map_or(Path::new(FILE), |till| &till.out);
        let text = "File to write";
        self.ask(text, &default.display().to_string(), new_file)
    }

    /// Whether the configuration is written.
    pub(super) fn agrees(&self, till: &NewTill) -> Result<bool, CliFailure> {
        let text = format!("Write {} (yes or no)", till.out.display());
        self.ask(&text, "yes", yes_or_no)
    }

    /// Says why the answers are no configuration.
    pub(super) fn reject(&self, faults: &str) {
        self.output.text(&format!(
            "{faults}\nThe answers are no configuration yet, and nothing is written. The questions come again with your answers as defaults."
        ));
    }

    fn owner(&self, before: Option<&NewTill>) -> Result<Owner, CliFailure> {
        let ask = |text: &str, last: fn(&Owner) -> &str| {
            let default = before.map_or("", |till| last(&till.owner));
            let default = if default.is_empty() { "-" } else { default };
            self.ask(&format!("{text}, or - for none"), default, printed)
        };
        Ok(Owner {
            organization_name: ask("Name of the owner, as it is printed", |owner| {
                &owner.organization_name
            })?,
            idnx: ask("Tax number of the owner", |owner| &owner.idnx)?,
            address: ask("Address of the shop", |owner| &owner.address)?,
        })
    }

    /// The address of the printer or of what is in its place.
    fn device(&mut self, facts: &Facts, before: Option<&NewTill>) -> Result<String, CliFailure> {
        let last = before.map(|till| till.device.as_str());
        if facts.seal_plan == SealPlan::FiscalModule {
            let text = "Fiscal module: fiscalbox+http://HOST:PORT, or module:software in TEST";
            return self.ask(text, last.unwrap_or("module:software"), module);
        }
        if self.printers.is_none() {
            self.output
                .text("Looking for printers at the serial ports, ten seconds at most.");
            let found = ports::found_printers()?;
            let count = counted(found.len(), "printer");
            self.output.text(&format!("{count} found."));
            self.printers = Some(found);
        }
        let printers = self.printers.as_deref().unwrap_or_default();
        for (number, printer) in (FIRST_CHOICE..).zip(printers) {
            self.output
                .text(&format!("  {number}: {printer}, {}", printer.uri));
        }
        let is_needed = facts.seal_plan == SealPlan::Printer;
        let (text, first) = match (printers.is_empty(), is_needed) {
            (true, true) => ("Printer: its address", PRINTER),
            (true, false) => ("Printer: its address, or none", "none"),
            (false, true) => ("Printer: a number of the list, or an address", "1"),
            (false, false) => ("Printer: a number of the list, an address, or none", "1"),
        };
        self.ask(text, last.unwrap_or(first), |answer| {
            let chosen = printer(answer, printers)?;
            if is_needed && chosen == "none" {
                return Err("the law needs a fiscal printer; write its address".to_owned());
            }
            Ok(chosen)
        })
    }

    /// Asks until an answer is right. An empty answer is the default.
    fn ask<T>(
        &self,
        text: &str,
        default: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, CliFailure> {
        loop {
            self.output.prompt(&format!("{text} [{default}]: "));
            let answer = next_line()?;
            let answer = match answer.trim() {
                "" => default,
                answer => answer,
            };
            match read(answer) {
                Ok(value) => return Ok(value),
                Err(fault) => self.output.text(&fault),
            }
        }
    }
}

/// A line of standard input. Its end ends `init`.
fn next_line() -> Result<String, CliFailure> {
    let mut line = String::new();
    let mut input = std::io::stdin().lock().take(ANSWER_BYTES_MAX);
    let read = input
        .read_line(&mut line)
        .map_err(|error| CliFailure::failed(anyhow!("the answer cannot be read: {error}")))?;
    if read == 0 || !line.ends_with('\n') {
        return Err(CliFailure::failed(anyhow!(
            "the input ended before the last answer; nothing is written. Call it again, or give --no-input and the answers as flags"
        )));
    }
    Ok(line)
}

fn country(answer: &str) -> Result<&'static dyn Profile, String> {
    let profile = profile::by_code(&answer.to_uppercase());
    profile.ok_or_else(|| {
        format!(
            "{answer:?} is no country of this till; write one of {}",
            countries()
        )
    })
}

fn mode(answer: &str) -> Result<String, String> {
    let mode = answer.to_uppercase();
    if ["TEST", "LIVE"].contains(&mode.as_str()) {
        Ok(mode)
    } else {
        Err(format!("{answer:?} is no mode; write TEST or LIVE"))
    }
}

fn printer(answer: &str, found: &[FoundPrinter]) -> Result<String, String> {
    if let Ok(number) = answer.parse::<usize>() {
        let chosen = number
            .checked_sub(FIRST_CHOICE)
            .and_then(|place| found.get(place));
        return chosen.map(|printer| printer.uri.clone()).ok_or_else(|| {
            format!("{number} is not in the list; write a number of the list, an address, or none")
        });
    }
    if answer.eq_ignore_ascii_case("none") {
        return Ok("none".to_owned());
    }
    match DriverUri::parse(answer) {
        Ok(_) => Ok(answer.to_owned()),
        Err(fault) => Err(format!("{answer:?} is no address of a printer: {fault}")),
    }
}

fn module(answer: &str) -> Result<String, String> {
    let is_module = answer.starts_with("fiscalbox+http://") || answer.starts_with("module:");
    if is_module {
        Ok(answer.to_owned())
    } else {
        Err(format!(
            "{answer:?} is no fiscal module; write fiscalbox+http://HOST:PORT or module:software"
        ))
    }
}

/// A text of the papers; `-` is none.
fn printed(answer: &str) -> Result<String, String> {
    if answer.contains(char::is_control) {
        return Err("write one line without control characters".to_owned());
    }
    Ok(if answer == "-" { "" } else { answer }.to_owned())
}

fn address(answer: &str) -> Result<String, String> {
    match answer.parse::<SocketAddr>() {
        Ok(_) => Ok(answer.to_owned()),
        Err(_) => Err(format!(
            "{answer:?} is no address and port; write one such as {}",
            super::LISTEN
        )),
    }
}

fn folder(answer: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(answer);
    if path.exists() && !path.is_dir() {
        return Err(format!("{answer} is no folder; write the path of one"));
    }
    Ok(super::absolute(&path))
}

fn url(answer: &str) -> Result<Option<String>, String> {
    if answer == "-" {
        return Ok(None);
    }
    let rest = answer
        .strip_prefix("http://")
        .or_else(|| answer.strip_prefix("https://"));
    match rest {
        Some(rest) if !rest.is_empty() && !answer.contains(char::is_whitespace) => {
            Ok(Some(answer.to_owned()))
        }
        _ => Err(format!(
            "{answer:?} is no URL; write one that begins with https:// or http://, or -"
        )),
    }
}

fn new_file(answer: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(answer);
    let folder = super::absolute(&path);
    let folder = folder.parent().unwrap_or(Path::new("/"));
    if path.exists() {
        Err(format!(
            "{answer} exists already and is left as it is; write another name"
        ))
    } else if folder.is_dir() {
        Ok(path)
    } else {
        Err(format!(
            "the folder {} does not exist; write a file in a folder that does",
            folder.display()
        ))
    }
}

fn yes_or_no(answer: &str) -> Result<bool, String> {
    match answer.to_lowercase().as_str() {
        "yes" | "y" => Ok(true),
        "no" | "n" => Ok(false),
        _ => Err("write yes or no".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printer_is_chosen_by_its_number_or_its_address() {
        let found = [FoundPrinter::example(
            "datecs+serial:///dev/ttyUSB0?baud=9600",
        )];
        assert_eq!(
            printer("1", &found).unwrap(),
            "datecs+serial:///dev/ttyUSB0?baud=9600"
        );
        assert_eq!(printer("NONE", &found).unwrap(), "none");
        assert_eq!(
            printer("escpos+tcp://10.0.0.9:9100", &found).unwrap(),
            "escpos+tcp://10.0.0.9:9100"
        );
        for wrong in [
            "0",
            "2",
            "99999999999999999999",
            "ttyUSB0",
            "datecs+serial://",
        ] {
            assert!(printer(wrong, &found).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_answer_that_cannot_be_used_says_what_to_write() {
        assert!(
            address("localhost")
                .unwrap_err()
                .contains(super::super::LISTEN)
        );
        assert!(url("ftp://a").is_err() && url("https://").is_err() && url("http://a b").is_err());
        assert_eq!(url("-").unwrap(), None);
        assert_eq!(printed("-").unwrap(), "");
        assert!(printed("a\u{7}").is_err());
        assert!(
            new_file("/nonsense/a.toml")
                .unwrap_err()
                .contains("does not exist")
        );
        assert!(folder("/dev/null").is_err());
        assert!(mode("live").is_ok() && mode("play").is_err());
        assert!(yes_or_no("Y").unwrap() && !yes_or_no("no").unwrap() && yes_or_no("1").is_err());
    }
}
