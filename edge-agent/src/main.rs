//! The program `ferrotill`: one binary with a command for each thing that people do with a till.

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
