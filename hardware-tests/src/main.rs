//! Runs the suite on a real printer: `FERROTILL_PORT` is its address, `FERROTILL_RIG` the file that lists the printers that may be
//! used.
//!
//! Exit codes: 0 all cases passed, 1 a case failed, 2 used wrongly, 4 no printer, 7 a printer that must not be printed on.

use std::io::Write as _;
use std::process::ExitCode;

use ferrotill_device::{DriverUri, driver};
use ferrotill_hardware_tests::{NoSwitches, RigFile, admit, run};

fn main() -> ExitCode {
    let (code, text) = match play() {
        Ok(text) => (0, text),
        Err(failure) => failure,
    };
    // If there is no standard output, only the exit code remains.
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
    ExitCode::from(code)
}

fn play() -> Result<String, (u8, String)> {
    let port = variable("FERROTILL_PORT")?;
    let file = variable("FERROTILL_RIG")?;
    let usage = |text: String| (2, text);
    let uri = DriverUri::parse(&port)
        // The address may contain a password, so the error message leaves the address out.
        .map_err(|error| usage(format!("FERROTILL_PORT: {error}")))?;
    let text = std::fs::read_to_string(&file)
        .map_err(|error| usage(format!("FERROTILL_RIG is {file:?}: {error}")))?;
    let rig = RigFile::parse(&text).map_err(|error| usage(error.to_string()))?;
    let mut printer = driver::open(&uri);
    let connected = printer
        .connect()
        .map_err(|fault| (4, format!("{uri}: {fault}")))?;
    admit(&connected, &rig).map_err(|refusal| (7, refusal.to_string()))?;
    if connected.receipt_open {
        return Err((
            4,
            "a fiscal receipt is open on the printer; end it first".to_owned(),
        ));
    }
    let report = run(&mut *printer, &connected, &mut NoSwitches);
    if report.passed() {
        Ok(report.to_string())
    } else {
        Err((1, report.to_string()))
    }
}

fn variable(name: &str) -> Result<String, (u8, String)> {
    std::env::var(name).map_err(|_| {
        (
            2,
            format!("{name} is not set; see hardware-tests/README.md"),
        )
    })
}
