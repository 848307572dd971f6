//! The program `ferrotill`: one binary, one verb for each thing one does with a till.

use std::process::ExitCode;

use clap::Parser;
use ferrotill::cli::{Arguments, run};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code.into(),
        Err(failure) => {
            failure.tell();
            failure.code.into()
        }
    }
}
