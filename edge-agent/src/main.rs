//! The program `ferrotill`: one binary, whose commands run, test and check a till.

use std::process::ExitCode;

use clap::Parser;
use ferrotill::cli::{Arguments, run};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code.into(),
        Err(failure) => {
            failure.print();
            failure.code.into()
        }
    }
}
