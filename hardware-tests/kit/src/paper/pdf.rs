//! What other people's programs read of a PDF. They belong to the Debian package `poppler-utils`.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// The lines of a PDF, placed as on its pages; `None` if there is no program here that reads a PDF, which is printed.
///
/// # Panics
///
/// The program cannot read the PDF.
#[must_use]
pub fn pdf_lines(file: &[u8]) -> Option<Vec<String>> {
    let read = read_by("pdftotext", &["-layout", "-enc", "UTF-8", "-", "-"], file)?;
    let text = String::from_utf8(read).expect("UTF-8");
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    Some(lines.map(str::to_owned).collect())
}

/// The first page of a PDF as a grey PNG of 200 dots per inch.
pub(super) fn picture_of_pdf(file: &[u8]) -> Option<Vec<u8>> {
    let arguments = ["-r", "200", "-gray", "-png", "-singlefile", "-"];
    read_by("pdftoppm", &arguments, file)
}

fn read_by(program: &str, arguments: &[&str], file: &[u8]) -> Option<Vec<u8>> {
    let mut command = Command::new(program);
    let command = command.args(arguments);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut reader) = command.spawn() else {
        eprintln!("SKIPPED: there is no {program} here (Debian: poppler-utils)");
        return None;
    };
    let mut input = reader.stdin.take().expect("a pipe");
    input.write_all(file).expect("the program reads the file");
    drop(input);
    let read = reader.wait_with_output().expect("an end of the program");
    assert!(read.status.success(), "{program}: {}", read.status);
    Some(read.stdout)
}
