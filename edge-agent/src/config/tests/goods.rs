//! Tests of `[[goods]]`: every fault is named with its place, and thousands of goods are found.

use std::fmt::Write as _;

use uuid::Uuid;

use super::{API, Config, DEVICE, TILL};
use crate::config::{ConfigError, ConfigFault};

fn read(serve: &str, goods: &str) -> Result<Config, ConfigError> {
    let text = format!("{TILL}[api]\n{serve}\n{API}{DEVICE}{goods}");
    Config::parse(&text, "t.toml")
}

fn faults(goods: &str) -> Vec<ConfigFault> {
    match read("serve = [\"fiscalcloud\"]", goods) {
        Err(ConfigError::Faulty { faults }) => faults,
        other => panic!("{other:?}"),
    }
}

fn good(number: u128, more: &str) -> String {
    let id = Uuid::from_u128(number);
    format!(
        "[[goods]]\ngood_id = \"{id}\"\nclass_code = \"01905001001000000\"\npackage_code = \"1282556\"\n{more}\n"
    )
}

#[test]
fn every_fault_of_the_goods_is_named_with_its_path() {
    let wrong = "[[goods]]\ngood_id = \"1\"\nclass_code = \"0190500 001000000\"\npackage_code = \"12a\"\nowner_type = 3\nunit = \"\\u0007\"\nprice = 1\n[[goods]]\nclass_code = 1905001001000000\n";
    let goods = format!("{0}{wrong}{0}", good(7, ""));
    let mut paths: Vec<String> = faults(&goods).into_iter().map(|fault| fault.key).collect();
    paths.sort();
    assert_eq!(
        paths,
        [
            "goods[1].class_code",
            "goods[1].good_id",
            "goods[1].owner_type",
            "goods[1].package_code",
            "goods[1].price",
            "goods[1].unit",
            "goods[2].class_code",
            "goods[2].good_id",
            "goods[2].package_code",
            "goods[3].good_id",
        ]
    );
}

#[test]
fn goods_without_the_api_that_needs_them_are_a_warning_and_need_a_fiscal_module() {
    let goods = good(7, "");
    let served = read("serve = [\"fiscalcloud\"]", &goods).unwrap();
    assert_eq!(served.warnings, []);
    assert!(served.check_goods(true).is_ok());
    let Err(ConfigError::Faulty { faults }) = served.check_goods(false) else {
        panic!("goods without a fiscal module are accepted");
    };
    assert_eq!(faults[0].key, "goods");
    let unserved = read("", &goods).unwrap();
    assert_eq!(unserved.warnings[0].key, "goods");
    assert!(read("", "").unwrap().check_goods(false).is_ok());
}

#[test]
fn thousands_of_goods_are_found_and_too_many_are_refused() {
    let mut text = String::new();
    // The ids are in no order.
    for number in (1..=2_000_u128).rev() {
        let _ = write!(text, "{}", good(number * 7 % 2_003, ""));
    }
    let config = read("serve = [\"fiscalcloud\"]", &text).unwrap();
    for number in 1..2_003_u128 {
        let found = config.goods.of(Uuid::from_u128(number));
        let is_in_table = (1..=2_000).any(|sold| sold * 7 % 2_003 == number);
        assert_eq!(found.is_some(), is_in_table, "{number}");
    }
    let found = config.goods.of(Uuid::from_u128(7)).unwrap();
    assert_eq!(found.class_digits(), "01905001001000000");
    assert_eq!((&*found.unit, found.owner_type), ("dona", 0));
    for number in 2_003..=20_003_u128 {
        let _ = write!(text, "{}", good(number, ""));
    }
    let faults = faults(&text);
    assert_eq!(faults[0].key, "goods[20000]");
}
