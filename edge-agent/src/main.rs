//! The program `ferrotill`: one binary, whose commands run, test and check a till.

use std::process::ExitCode;

use ferrotill::cli::{arguments, run};

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let json = arguments.json;
    match run(arguments) {
        Ok(code) => code.into(),
        Err(failure) => {
            failure.print(json);
            failure.code.into()
        }
    }
}
