//! `print`: prints a paper for an installer through the running agent, as a non-fiscal receipt.

use anyhow::anyhow;
use clap::{Args, Subcommand};
use ferrotill_device::DriverUri;
use ferrotill_device::driver::{self, as_printed, code_pages};

use super::ordering::{Counter, TillArguments, field, refused};
use super::{CliFailure, CliOutput, Exit};
use crate::api::fiscalcloud::OrderPreview;
use crate::api::json::JsonValue;
use crate::config::{Device, NO_PRINTER, Permission, without_password};
use crate::object;

/// The arguments of `print`.
#[derive(Debug, Args)]
pub struct PrintArguments {
    #[command(subcommand)]
    task: PrintTask,
}

#[derive(Debug, Subcommand)]
enum PrintTask {
    /// Prints the name and the address of the till, the letters of all supported alphabets, and a ruler as wide as a line.
    Test(PaperArguments),
    /// Prints the letters of the printer's code page, eight in a row with the first one's byte, so that wrong letters are seen.
    Codepage(PaperArguments),
}

/// The arguments of a paper.
#[derive(Debug, Args)]
struct PaperArguments {
    #[command(flatten)]
    till: TillArguments,
}

/// The path of non-fiscal receipts in the API.
const OPERATION: &str = "nonfiscalreceipts";

pub(super) fn run(arguments: &PrintArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    let (till, is_test) = match &arguments.task {
        PrintTask::Test(arguments) => (&arguments.till, true),
        PrintTask::Codepage(arguments) => (&arguments.till, false),
    };
    let counter = Counter::at(till)?;
    let uri = printer_of(&counter.device)?;
    let lines = match is_test {
        true => test_paper(&counter, &uri),
        false => letters(&uri),
    };
    let text = lines.join("\n");
    let body = object! { "id" => counter.id, "text" => text.as_str() }.to_string();
    if till.dry_run {
        let paper = lines.iter().map(|line| as_printed(&uri, line)).collect();
        // The preview of the order checks the body as the agent does.
        let preview = OrderPreview {
            paper,
            ..counter.preview(OPERATION, &body)?
        };
        let says = "this would be printed as a non-fiscal receipt, below the heading of the shop";
        return counter.show((OPERATION, &body), says, &preview, output);
    }
    let reply = counter.post((Permission::Sell, OPERATION, &body), output)?;
    if reply.status != 200 {
        return Err(refused(counter.id, &reply));
    }
    let data = reply.body.get("data").cloned().unwrap_or(JsonValue::Null);
    let reason = field(&data, "printErrorMessage");
    if !matches!(reason, "" | "null") {
        let text = anyhow!("the paper is not printed: {reason}");
        return Err(CliFailure::new(Exit::NotPrinted, text));
    }
    output.text(&format!(
        "the paper is printed, as the non-fiscal receipt {}; compare it with what --dry-run shows",
        field(&data, "number")
    ));
    output.json(&data);
    Ok(Exit::Done)
}

/// The address of the device's printer; the error says why there is none for such a paper.
fn printer_of(device: &Device) -> Result<DriverUri, CliFailure> {
    let name = &device.name;
    if device.uri == NO_PRINTER {
        let text = anyhow!(
            "{name} has no printer; write its address with `ferrotill ports assign`, and restart the till"
        );
        return Err(CliFailure::new(Exit::NotPrinted, text));
    }
    if device.uri.starts_with("fiscalbox+") || device.uri.starts_with("module:") {
        let text = anyhow!(
            "{name} has a fiscal module, which prints its own receipts and no other text; print a test page with the module's own program"
        );
        return Err(CliFailure::new(Exit::Refused, text));
    }
    DriverUri::parse(&device.uri).map_err(|error| {
        let text = anyhow!("{name}: {}: {error}", without_password(&device.uri));
        CliFailure::new(Exit::Configuration, text)
    })
}

/// The test paper, in lines.
fn test_paper(counter: &Counter, uri: &DriverUri) -> Vec<String> {
    let owner = &counter.config.till.owner;
    let device = &counter.device;
    let columns = driver::open(uri).text_paper().columns;
    let mut lines = vec![
        "TEST PAPER".to_owned(),
        format!("Ferrotill {}", env!("CARGO_PKG_VERSION")),
    ];
    let address = device.address.as_ref().or(owner.address.as_ref());
    let shop = [owner.organization_name.as_ref(), address];
    lines.extend(shop.into_iter().flatten().cloned());
    lines.push(device.name.clone());
    lines.push(device.id.to_string());
    lines.push(without_password(&device.uri));
    lines.push(String::new());
    lines.extend(ALPHABETS.map(str::to_owned));
    lines.push(String::new());
    lines.push(format!("{columns} letters a line:"));
    lines.push(ruler(columns));
    lines
        .iter()
        .flat_map(|line| wrapped(line, columns))
        .collect()
}

/// The line in parts that fit the paper, so that the rows of the paper are those that are shown.
fn wrapped(line: &str, columns: usize) -> Vec<String> {
    let letters: Vec<char> = line.chars().collect();
    if letters.is_empty() {
        return vec![String::new()];
    }
    let parts = letters.chunks(columns.max(1));
    parts.map(|part| part.iter().collect()).collect()
}

/// The letters of every language of the till's papers that other languages do not have.
const ALPHABETS: [&str; 10] = [
    "RO: ă â î ș ț  Ă Â Î Ș Ț",
    "RU: абвгдеёжзийклмноп",
    "RU: рстуфхцчшщъыьэюя",
    "RU: АБВГДЕЁЖЗИЙКЛМНОП",
    "RU: РСТУФХЦЧШЩЪЫЬЭЮЯ",
    "UK: ґ є і ї  Ґ Є І Ї",
    "UZ: oʻ gʻ ʼ  Oʻ Gʻ",
    "UZ: ў қ ғ ҳ  Ў Қ Ғ Ҳ",
    "DE: ä ö ü ß  Ä Ö Ü",
    "€ № « » „ ” – … ° × ½",
];

/// A line of this width that counts its letters: `....:....1....:....2`.
fn ruler(columns: usize) -> String {
    (1..=columns)
        .map(|column| match (column % 10, column % 5) {
            (0, _) => {
                char::from_digit(u32::try_from(column / 10 % 10).unwrap_or(0), 10).unwrap_or('0')
            }
            (_, 0) => ':',
            _ => '.',
        })
        .collect()
}

/// The letters of a row.
const ROW: usize = 8;
/// The first byte of a code page that is no ASCII.
const FIRST: u8 = 0x80;

/// The letters of the printer's code pages, in lines. A letter that an earlier page has is left out, because it is printed from there.
fn letters(uri: &DriverUri) -> Vec<String> {
    let mut lines = Vec::new();
    let mut known = Vec::new();
    for page in code_pages(uri) {
        lines.push(format!("CODE PAGE {}", page.name));
        let bytes: Vec<u8> = (FIRST..=u8::MAX).collect();
        for row in bytes.chunks(ROW) {
            let cells = row.iter().map(|byte| {
                let letter = page.letters.iter().find(|(other, _)| other == byte);
                letter.map(|(_, letter)| *letter)
            });
            let cells: Vec<Option<char>> = cells
                .map(|letter| letter.filter(|letter| !known.contains(letter)))
                .collect();
            if cells.iter().all(Option::is_none) {
                continue;
            }
            let mut line = format!("{:02X}", row.first().copied().unwrap_or(FIRST));
            for cell in &cells {
                line.push(' ');
                line.push(cell.unwrap_or(' '));
            }
            lines.push(line.trim_end().to_owned());
        }
        known.extend(page.letters.iter().map(|(_, letter)| *letter));
    }
    lines
}

#[cfg(test)]
mod tests {
    use ferrotill_core::document::NONFISCAL_BYTES_MAX;
    use ferrotill_device::DriverUri;
    use ferrotill_device::driver::as_printed;
    use ferrotill_device::wire::escpos_profile::EscposProfile;

    use super::{letters, ruler};

    #[test]
    fn a_ruler_counts_its_letters() {
        assert_eq!(ruler(12), "....:....1..");
        assert_eq!(ruler(0), "");
        assert!(ruler(100).ends_with("9....:....0"));
    }

    #[test]
    fn the_letters_of_a_page_are_printed_as_they_are() {
        let uri = DriverUri::parse("datecs+tcp://127.0.0.1:1").unwrap();
        let lines = letters(&uri);
        assert_eq!(lines.len(), 17);
        assert_eq!(lines[9], "C0 А Б В Г Д Е Ж З");
        for line in &lines {
            assert_eq!(as_printed(&uri, line), *line);
        }
    }

    /// A profile with many pages fits one receipt, whose lines and bytes are limited.
    #[test]
    fn the_pages_of_every_receipt_printer_fit_a_receipt() {
        for profile in EscposProfile::ALL {
            let uri = format!("escpos+tcp://127.0.0.1:1?profile={}", profile.name);
            let uri = DriverUri::parse(&uri).unwrap();
            let lines = letters(&uri);
            assert!(lines.len() <= 100, "{}: {}", profile.name, lines.len());
            let text = lines.join("\n");
            assert!(text.len() <= NONFISCAL_BYTES_MAX, "{}", profile.name);
            for line in &lines {
                assert_eq!(as_printed(&uri, line), *line, "{}", profile.name);
            }
        }
    }
}
