//! What a sale, a receipt and a quiet till cost is within 5 % of what `hardware-tests/counts.txt` says.
//! `just counts` writes the file.
//!
//! This file has one test, because the SQL statements are counted for the whole process.

use ferrotill_hardware_tests::measure::counted::count;
use ferrotill_hardware_tests::measure::kept::KeptCounts;

#[test]
fn statements_syncs_bytes_and_printer_commands_are_those_that_are_kept() {
    let kept = KeptCounts::read().unwrap();
    let counted = count().unwrap();
    let mut complaints: Vec<String> = counted
        .iter()
        .filter_map(|count| kept.complaint(count))
        .collect();
    // Instructions and wake-ups are counted of the release program.
    let missing = kept.missing(&counted, |name| {
        !name.ends_with(".instructions") && !name.ends_with(".wake_ups")
    });
    complaints.extend(missing.iter().map(|name| format!("{name}: is not counted")));
    assert!(
        complaints.is_empty(),
        "{}\nIf the change is wanted, run `just counts` and commit the file.",
        complaints.join("\n")
    );
}
