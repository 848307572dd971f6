//! Writes the manual pages and the shell completions of a package into a folder:
//!
//! `cargo run -p ferrotill --example package_files -- DIR`

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use clap::CommandFactory as _;
use clap_complete::Shell;
use ferrotill::cli::Arguments;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or("name the folder to write to")?;
    fs::create_dir_all(&folder)?;
    clap_mangen::generate_to(Arguments::command(), &folder)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut Arguments::command(), "ferrotill", &folder)?;
    }
    Ok(())
}
