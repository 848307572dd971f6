//! docs/api/ereceipt.md says what the API does: its tables are compared with those of the program, so that the page does not fall behind.

use std::collections::BTreeSet;

use ferrotill_render::Barcode;

use super::described::TABLE;
use super::ekabs::LANGUAGES;
use super::route::documented_rows;
use super::sections::{ALIGNMENTS, ORIENTATIONS, POSITIONS, TYPES};
use super::{PREFIX, ekabs};

const PAGE: &str = include_str!("../../../../docs/api/ereceipt.md");

/// The cells of the rows of the tables between a heading and the next one, without the head of each table.
fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let start = format!("\n{heading}\n");
    let (_, part) = PAGE.split_once(&start).unwrap();
    let end = part.find("\n#").unwrap_or(part.len());
    let lines: Vec<&str> = part[..end].lines().collect();
    let is_ruled = |place: usize| {
        lines
            .get(place)
            .is_some_and(|line| line.starts_with("| ---"))
    };
    let rows = lines
        .iter()
        .enumerate()
        .filter(|(place, line)| line.starts_with('|') && !is_ruled(*place) && !is_ruled(place + 1));
    rows.map(|(_, line)| {
        let cells = line.trim_matches('|').split(" | ");
        cells.map(str::trim).collect()
    })
    .collect()
}

/// The parts of a text that are code.
fn codes(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The operations of the vendor's text of version 1.12.3. `Add Logo` is named in it and has no section of its own there.
const OPERATIONS: [&str; 22] = [
    "Authenticate API",
    "List all receipts",
    "Retrieve a receipt",
    "Create a receipt",
    "Retrieve current Configuration",
    "Set Configuration custom sections",
    "GetDefaultDictionary",
    "Update labels on the receipt",
    "Add or Update language configuration",
    "Retrieve all revisions of the Configuration",
    "Retrieve Configuration by revision",
    "Retrieve a PDF",
    "Retrieve Logo from Configuration",
    "Retrieve a Logo from Receipt",
    "Retrieve hospitality receipt information (public)",
    "Create or update hospitality receipt information (public)",
    "Upload media",
    "List all custom section",
    "Retrieve a customSection",
    "Create or update custom section",
    "createStaticLink",
    "Add Logo",
];

#[test]
fn the_page_has_every_operation_with_all_its_paths() {
    let rows = rows("## Operations");
    let known = documented_rows();
    let names: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    for operation in OPERATIONS {
        assert!(
            names.contains(&operation),
            "{operation} is not in {names:?}"
        );
    }
    let of_page: BTreeSet<_> = rows
        .iter()
        .map(|row| {
            let call = codes(row[1]).next().unwrap();
            let (method, path) = call.split_once(' ').unwrap();
            let path = path.split(['?', ' ']).next().unwrap();
            let (paths, methods): (Vec<&str>, Vec<&str>) =
                codes(row[3]).partition(|code| code.starts_with('/'));
            let all = |first: &str, others: Vec<&str>| {
                let all = std::iter::once(first).chain(others).map(str::to_owned);
                all.collect::<BTreeSet<_>>()
            };
            ((method, path), all(method, methods), all(path, paths))
        })
        .collect();
    let of_program: BTreeSet<_> = known
        .iter()
        .map(|(methods, paths)| {
            let all = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
            ((methods[0], paths[0]), all(methods), all(paths))
        })
        .collect();
    assert_eq!(of_page, of_program);
    let described: BTreeSet<_> = TABLE
        .operations
        .iter()
        .filter_map(|operation| Some((operation.method, operation.path.strip_prefix(PREFIX)?)))
        .map(|(method, path)| {
            (
                method,
                path.replace("Id}", "_id}")
                    .replace("customS", "custom_s")
                    .replace("Section_id", "section_id"),
            )
        })
        .collect();
    let firsts: BTreeSet<_> = of_page
        .iter()
        .map(|((method, path), ..)| (*method, (*path).to_owned()))
        .collect();
    assert_eq!(firsts, described);
}

/// The codes of the vendor's text.
const VENDOR_CODES: [(u16, &str); 15] = [
    (400, "E_REQUEST_INVALID"),
    (400, "E_INVALID_FILTER_VALUES"),
    (400, "E_RECEIPT_ID_INVALID"),
    (400, "E_MASKED_CARD_NUMBER_NON_CARD_PAYMENT"),
    (400, "E_REVISION_ID_MISSING"),
    (400, "E_INVALID_LIMIT_FILTER"),
    (401, "E_AUTHENTICATION"),
    (401, "E_TOKEN_MISSING"),
    (404, "E_RECEIPT_NOT_FOUND"),
    (404, "E_PDF_NOT_FOUND"),
    (404, "E_CONFIGURATION_NOT_FOUND"),
    (404, "E_LOGO_NOT_FOUND"),
    (404, "E_PUBLIC_ACCESS_EXPIRED"),
    (404, "E_ROUTE_NOT_FOUND"),
    (413, "E_LOGO_BODY_LIMIT_EXCEEDED"),
];
/// The codes of a connection that has not read the path, which are of no API.
const OF_CONNECTIONS: [&str; 2] = ["TlsNeeded", "Overloaded"];

#[test]
fn the_page_has_every_error_with_its_status() {
    let mut of_page = BTreeSet::new();
    for row in rows("## Errors") {
        let status: u16 = row[0].parse().unwrap();
        let code = codes(row[1]).next().unwrap();
        let mark = if VENDOR_CODES.contains(&(status, code)) {
            "S"
        } else {
            "ours"
        };
        assert_eq!(row[2], mark, "{status} {code}");
        assert!(
            of_page.insert((status, code)),
            "{status} {code} stands twice"
        );
    }
    for vendor in VENDOR_CODES {
        assert!(of_page.contains(&vendor), "{vendor:?}");
    }
    let refusals = TABLE
        .operations
        .iter()
        .flat_map(|operation| operation.refusals);
    let mut described: BTreeSet<_> = refusals
        .filter(|refusal| refusal.name.starts_with("EReceipt"))
        .flat_map(|refusal| refusal.errors.iter().map(|code| (refusal.status, *code)))
        .filter(|(_, code)| !OF_CONNECTIONS.contains(code))
        .collect();
    // Every path has it, for all methods that no operation of the path has.
    described.insert((405, "E_METHOD_NOT_ALLOWED"));
    assert_eq!(of_page, described);

    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/api/ereceipt");
    let mut in_sources = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_owned();
        if path.is_file() && !["described.rs", "tests.rs"].map(Into::into).contains(&name) {
            let text = std::fs::read_to_string(&path).unwrap();
            let words = text.split('"').map(str::to_owned);
            in_sources.extend(words.filter(|word| {
                let rest = word.strip_prefix("E_").unwrap_or_default();
                !rest.is_empty()
                    && rest
                        .bytes()
                        .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
            }));
        }
    }
    in_sources.insert("TEMPORARILY_UNAVAILABLE".to_owned());
    let names: BTreeSet<_> = of_page.iter().map(|(_, code)| (*code).to_owned()).collect();
    assert_eq!(names, in_sources);
}

/// A list as the page writes it: `A, B or C`.
fn listed(names: &[&str]) -> String {
    let (last, others) = names.split_last().unwrap();
    format!("{} or {last}", others.join(", "))
}

#[test]
fn the_page_has_every_value_of_every_enumeration() {
    for list in [POSITIONS, ORIENTATIONS, ALIGNMENTS] {
        assert!(PAGE.contains(&listed(list)), "{}", listed(list));
    }
    for list in [
        Barcode::ALL.map(Barcode::name).join(", "),
        LANGUAGES.join(", "),
    ] {
        assert!(PAGE.contains(&list), "{list}");
    }
    let sections = rows("### Custom sections and media");
    let types: BTreeSet<&str> = sections.iter().flat_map(|row| codes(row[0])).collect();
    assert_eq!(types, TYPES.iter().copied().collect());
    for list in [&["ASC", "DESC"], &["TEST", "LIVE"], &["test", "live"]] {
        for value in list {
            assert!(codes(PAGE).any(|code| code == *value), "{value}");
        }
    }
}

#[test]
fn the_page_has_every_member_of_requests_and_answers() {
    let examples: Vec<&str> = PAGE.split("```json\n").skip(1).collect();
    let is_in = |name: &str| {
        let in_code = codes(PAGE).any(|code| {
            code.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
                .any(|word| word == name)
        });
        in_code
            || examples
                .iter()
                .any(|example| example.contains(&format!("\"{name}\":")))
    };
    let members = TABLE
        .schemas
        .lines()
        .filter_map(|line| line.strip_prefix("  "));
    let mut count = 0;
    for member in members {
        let name = member
            .trim_start_matches(['!', '~'])
            .split(' ')
            .next()
            .unwrap();
        assert!(is_in(name), "{name}");
        count += 1;
    }
    assert!(count > 60, "{count}");
}

#[test]
fn the_page_has_every_member_of_a_receipt() {
    let expected = ekabs::documented_members();
    let of_page: Vec<String> = rows("#### All members")
        .iter()
        .map(|row| format!("| {} |", row.join(" | ")))
        .collect();
    assert_eq!(
        of_page,
        expected,
        "the page should have\n{}",
        expected.join("\n")
    );
}
