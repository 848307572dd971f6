//! The program `ferrotill-hub`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ferrotill_hub::cli::main()
}
