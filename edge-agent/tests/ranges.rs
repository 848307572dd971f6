//! The numbers of alternative receipts belong to the data folder: whatever becomes of a device, a range or a configuration, no
//! number goes out twice, and the till starts.

mod shop;

use std::fs;
use std::path::Path;

use ferrotill_testkit::config::{Device, text};
use shop::folder;
use shop::till::{SALE, Till};
use shop::{DEVICE, configuration};

const OTHER: &str = "1875b8a5-0668-41a3-a3fa-8eeccf66d289";

/// Sells on a device and returns the number of the alternative receipt.
fn alternative(till: &Till, device: &'static str) -> String {
    let body = SALE.replacen('{', r#"{"receiptMode":"AlternativeReceiptOnly","#, 1);
    let sold = till.client().on(device).post("operations/sale", &body);
    assert_eq!(sold.status, 200, "{}", sold.text);
    sold.at("data.alternativeReceipt.seriesAndNumber")
}

/// Why the service does not start with a configuration.
fn refused(within: &Path, text: &str) -> String {
    let file = within.join("ferrotill.toml");
    fs::write(&file, text).unwrap();
    folder::refuses(&file, &[])
}

#[test]
fn a_till_lives_through_any_number_of_ranges() {
    let mut till = Till::open();
    for life in 0..20 {
        let series = format!("R{life}X");
        till.restart_with(|config| {
            config.change_device(0, |device| device.without_ranges().range(&series, 1, 2, 8))
        });
        assert_eq!(alternative(&till, DEVICE), format!("R{life}X00000001"));
        assert_eq!(alternative(&till, DEVICE), format!("R{life}X00000002"));
    }
    // A range of long ago is used up, and the till says so instead of giving its numbers again.
    till.restart_with(|config| {
        config.change_device(0, |device| device.without_ranges().range("R0X", 1, 3, 8))
    });
    assert_eq!(alternative(&till, DEVICE), "R0X00000003");
    assert_eq!(till.health().at("printers.0.alternative_numbers_left"), "0");
}

#[test]
fn a_device_with_another_id_goes_on_where_the_folder_has_arrived() {
    let mut till = Till::open();
    for expected in ["ABC00000001", "ABC00000002"] {
        assert_eq!(alternative(&till, DEVICE), expected);
    }
    till.restart_with(|config| config.change_device(0, |device| device.set("id", text(OTHER))));
    assert_eq!(alternative(&till, OTHER), "ABC00000003");
    till.restart_with(|config| config.change_device(0, |device| device.set("id", text(DEVICE))));
    assert_eq!(alternative(&till, DEVICE), "ABC00000004");
}

#[test]
fn a_series_that_prints_the_numbers_of_an_older_one_goes_on_after_them() {
    let mut till = Till::open_with(|config| {
        config.change_device(0, |device| {
            device
                .without_ranges()
                .range("ABC", 10_000_001, 10_000_009, 8)
        })
    });
    assert_eq!(alternative(&till, DEVICE), "ABC10000001");
    till.restart_with(|config| {
        config.change_device(0, |device| device.without_ranges().range("ABC1", 1, 5, 7))
    });
    assert_eq!(alternative(&till, DEVICE), "ABC10000002");
}

#[test]
fn two_devices_of_a_test_till_that_share_a_range_use_each_number_once() {
    let till = Till::open_with(|config| {
        let second = Device::new(OTHER, "Till 2", "datecs+tcp://127.0.0.1:1")
            .tax_group("A", "20.00")
            .range("ABC", 1, 500, 8);
        config.device(second)
    });
    for (device, expected) in [
        (DEVICE, "ABC00000001"),
        (OTHER, "ABC00000002"),
        (OTHER, "ABC00000003"),
        (DEVICE, "ABC00000004"),
        (OTHER, "ABC00000005"),
    ] {
        assert_eq!(alternative(&till, device), expected);
    }
}

#[test]
fn a_table_that_does_not_fit_is_a_fault_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let good = configuration(
        folder.path().join("books").to_str().unwrap(),
        "datecs+tcp://127.0.0.1:1",
        "http://127.0.0.1:1",
    );
    let list = |count: usize, item: &dyn Fn(usize) -> String| {
        (0..count).map(item).collect::<Vec<_>>().join(", ")
    };
    let range =
        |at: usize| format!(r#"{{ series = "S{at}X", start = 1, end = 5, number_length = 8 }}"#);
    let payment = |at: usize| format!(r#"{{ code = {at}, name = "Type {at}", cash = true }}"#);
    let cases = [
        ("alternative_receipts_ranges", list(9, &range), 8),
        ("payment_types", list(17, &payment), 16),
    ];
    for (table, items, most) in cases {
        let begin = good.find(&format!("{table} = [")).unwrap();
        let end = begin + good[begin..].find("]\n").unwrap() + 1;
        let text = format!("{}{table} = [ {items} ]{}", &good[..begin], &good[end..]);
        let said = refused(folder.path(), &text);
        let expected = format!(
            "device[0].{table}[{most}]: is one of {} tables, and there is room for {most}; write at most {most}",
            most + 1
        );
        assert!(said.contains(&expected), "{said}");
    }
    let twice = good.replace(
        r#"series = "ABC", start = 1, end = 500, number_length = 8 }"#,
        r#"series = "ABC", start = 10000001, end = 10000009, number_length = 8 }, { series = "ABC1", start = 1, end = 5, number_length = 7 }"#,
    );
    let said = refused(folder.path(), &twice);
    assert!(
        said.contains("ABC1 1 to 5 with 7 digits prints the same numbers as ABC 10000001 to 10000009 with 8 digits"),
        "{said}"
    );
}
