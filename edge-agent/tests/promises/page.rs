//! The page `docs/PROMISES.md`, made from the table of the tests.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::{CELLS, PROMISES, Sealer, Trouble};

/// Further tests of the promises: file and test.
const FURTHER: &[(&str, &str, &str)] = &[
    (
        "edge-agent/tests/day.rs",
        "a_day_of_trouble_ends_with_every_document_in_its_place_once",
        "200 sales through outages, faults of the printer and kills",
    ),
    (
        "edge-agent/tests/crash.rs",
        "a_killed_agent_sells_everything_once",
        "an agent that is killed again and again",
    ),
    (
        "edge-agent/tests/fiscal_numbers.rs",
        "an_authority_with_every_fault_has_each_document_once_in_the_end",
        "reserved numbers and an authority that lies, drips, refuses",
    ),
    (
        "edge-agent/tests/nobody_to_ask.rs",
        "another_family_never_settles_a_document",
        "a printer that cannot judge a document",
    ),
    (
        "edge-agent/tests/settlement.rs",
        "an_operator_declares_over_http_what_the_printer_cannot_prove",
        "an outcome that only the paper proves",
    ),
    (
        "edge-agent/tests/daisy.rs",
        "a_close_that_a_power_cut_divides_from_its_answer_is_registered_once",
        "another family of printers",
    ),
    (
        "edge-agent/tests/tremol.rs",
        "a_sale_whose_command_or_close_was_executed_without_an_answer_is_printed_once",
        "another family of printers",
    ),
    (
        "edge-agent/tests/call_without_id.rs",
        "a_restart_forgets_no_answer",
        "calls without an id",
    ),
    (
        "edge-agent/tests/api.rs",
        "a_bad_body_is_refused_with_the_path_of_every_fault",
        "every fault of a body",
    ),
    (
        "hardware-tests/tests/powercut.rs",
        "what_was_acknowledged_survives_every_power_cut",
        "the power of the machine fails at every write",
    ),
    (
        "hardware-tests/tests/powercut.rs",
        "every_power_cut_of_a_till_with_signed_receipts_leaves_whole_protocols",
        "the same for a till whose receipts are signed",
    ),
    (
        "hardware-tests/tests/simulation.rs",
        "every_answer_is_true_and_all_totals_agree_whatever_goes_wrong",
        "shops of one seed each, all troubles mixed",
    ),
];

#[test]
fn the_page_of_promises_is_made_from_these_tests() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/PROMISES.md");
    let made = page();
    if std::env::var_os("WRITE_PROMISES").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap();
    assert!(
        committed == made,
        "run `WRITE_PROMISES=1 cargo test -p ferrotill --test promises page`"
    );
}

fn page() -> String {
    let mut page = String::from(HEAD);
    for (promise, check) in PROMISES {
        write!(page, "\n## {promise}\n\nChecked by `{check}`.\n\n| Trouble").unwrap();
        for (_, sealer) in Sealer::ALL {
            write!(page, " | `fiscalcloud`, {sealer}").unwrap();
        }
        page.push_str(" |\n| --- | --- | --- | --- |\n");
        for (trouble, says) in Trouble::ALL {
            write!(page, "| {says}").unwrap();
            for (sealer, _) in Sealer::ALL {
                write!(page, " | `{}`", cell(sealer, trouble)).unwrap();
            }
            page.push_str(" |\n");
        }
    }
    page.push_str("\n## Further tests\n\n| Test | File | What goes wrong |\n| --- | --- | --- |\n");
    for (file, test, says) in FURTHER {
        writeln!(page, "| `{test}` | `{file}` | {says} |").unwrap();
    }
    page
}

const HEAD: &str = "# Promises and their tests

Made by `edge-agent/tests/promises/`; a test compares this page with the tests, and fails if a cell has no test.
Each cell names the test that tries the promise through the API, with a document that becomes legal in this way, while this goes wrong.
The request that ends `not_registered` and the request with faults are sent after the trouble; only the authority is still away then.
An agent that is killed has the document in its journal already; `hardware-tests/acceptance/kills.py` kills it at random moments.
This build has one compatible API, `fiscalcloud`; a further API adds its columns.
The printer is the emulated one, and the authority is the simulator: no real printer and no real tax authority was ever tried.
`ferrotill demo --prove` tries three of the cells with programs that anybody can start.
";

/// The test of a cell.
fn cell(sealer: Sealer, trouble: Trouble) -> &'static str {
    let mut cells = CELLS
        .iter()
        .filter(|(_, of, under)| (*of, *under) == (sealer, trouble));
    let (name, _, _) = cells.next().expect("every cell has a test");
    assert!(cells.next().is_none(), "a cell has one test");
    name
}

#[test]
fn every_further_test_of_the_page_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (file, test, _) in FURTHER {
        let source = fs::read_to_string(root.join(file)).unwrap();
        assert!(
            source.contains(&format!("fn {test}()")),
            "{file} has no {test}"
        );
    }
    // Every check that the page names is a function of the tests, and is called.
    let own = include_str!("main.rs");
    for (_, check) in PROMISES {
        assert!(
            own.contains(&format!("fn {check}(")) && own.contains(&format!("    {check}(&stage")),
            "{check}"
        );
    }
}
