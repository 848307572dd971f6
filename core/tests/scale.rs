//! Tests of reading and writing numbers: the message for a number that does not fit, and that a written number can be read again.
#![allow(clippy::unwrap_used)]

use ferrotill_core::scale::ScaleFault;
use ferrotill_core::tax::TaxRate;
use ferrotill_core::{Amount, Currency, Quantity};

#[test]
fn a_scale_fault_names_what_was_given_and_what_would_fit() {
    let said = |fault: ScaleFault<'_>| fault.to_string();
    let long = "9".repeat(100);
    for (sentence, words) in [
        (
            Currency::MDL.read("8.105").map_err(said).unwrap_err(),
            "8.105 has three decimals; MDL allows two",
        ),
        (
            Currency::MDL.amount_of(8105, 3).map_err(said).unwrap_err(),
            "8.105 has three decimals; MDL allows two",
        ),
        (
            Currency::EUR.read("8,10").map_err(said).unwrap_err(),
            "8,10 is not a decimal number; EUR is written like 8.10",
        ),
        (
            Currency::UAH.read("").map_err(said).unwrap_err(),
            "an empty text is not a decimal number; UAH is written like 8.10",
        ),
        (
            Quantity::read("0.12345").map_err(said).unwrap_err(),
            "0.12345 has five decimals; a quantity allows three",
        ),
        (
            TaxRate::read("-1").map_err(said).unwrap_err(),
            "-1 is out of range; a rate goes from 0.0000 to 100.0000",
        ),
        (
            TaxRate::read("4.90001").map_err(said).unwrap_err(),
            "4.90001 has five decimals; a rate allows four",
        ),
        (
            Quantity::from_thousandths(1)
                .scaled(2)
                .map_err(said)
                .unwrap_err(),
            "0.001 has three decimals; the scale asked for allows two",
        ),
        (
            Currency::MDL.read(&long).map_err(said).unwrap_err(),
            "9999999999999999999999999999999999999999… is out of range; \
             MDL goes from -92233720368547758.08 to 92233720368547758.07",
        ),
    ] {
        assert_eq!(sentence, words);
    }
}

#[test]
fn every_written_number_can_be_read_again() {
    for minor in [0, 1, -1, 99, 810, -1500, i64::MAX, i64::MIN] {
        let amount = Amount::from_minor(minor);
        let text = amount.display(Currency::MDL).to_string();
        assert_eq!(Currency::MDL.read(&text), Ok(amount));
        if let Ok(wide) = amount.scaled(Currency::MDL, 3) {
            assert_eq!(Currency::MDL.amount_of(wide, 3), Ok(amount));
        }
    }
    for rate in [0, 1, 49_000, 200_000, 1_000_000] {
        let rate = TaxRate::from_ten_thousandths(rate).unwrap();
        assert_eq!(TaxRate::read(&rate.display().to_string()), Ok(rate));
    }
    assert_eq!(TaxRate::from_scaled(2000, 2), TaxRate::read("20.00"));
    assert_eq!(TaxRate::read("20").unwrap().scaled(2), Ok(2000));
}
