//! The decimal parser: any text is a number or an error, and a number that was written can be read again.
#![no_main]

use ferrotill_core::scale::{Decimal, parse, rescale};
use ferrotill_core::tax::TaxRate;
use ferrotill_core::{Currency, Quantity};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str)| {
    let (places, text) = input;
    if let Ok(value) = parse(text, places) {
        assert_eq!(rescale(value, places, places), Ok(value));
        // Printing is exact as long as the places fit into 64 bits.
        if places < 19 {
            let printed = Decimal::new(value, places).to_string();
            assert_eq!(parse(&printed, places), Ok(value), "{text} {printed}");
        }
        if let Some(wider) = places.checked_add(1)
            && let Ok(wide) = parse(text, wider)
        {
            assert_eq!(rescale(wide, wider, places), Ok(value));
        }
    }
    for said in [
        Currency::MDL
            .read(text)
            .map_err(|fault| fault.to_string())
            .err(),
        Quantity::read(text)
            .map_err(|fault| fault.to_string())
            .err(),
        TaxRate::read(text).map_err(|fault| fault.to_string()).err(),
    ]
    .into_iter()
    .flatten()
    {
        assert!(!said.is_empty() && said.chars().count() < 200);
    }
});
