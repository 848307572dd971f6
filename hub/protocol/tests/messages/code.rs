//! The one-time code: what is typed wrong is named.

use ferrotill_hub_protocol::{CodeError, OneTimeCode};
use proptest::prelude::*;
use uuid::Uuid;

const WRITTEN: &str = "17SGWV-JSM1FJ-MV0PY9-78FRX8-P6HB1W-900J66-HB7H61-NMSQM1-F04HMG-ASW9NV-F6Q6TS-BREHJB-PAVH0X-EDJP67-WK5EHC-SJ2K1E";

fn code() -> OneTimeCode {
    let till = Uuid::from_u128(0x0123_4567_89ab_4cde_8f01_2345_6789_abcd);
    OneTimeCode::new(b"an authority", till, *b"sixteen secrets!")
}

#[test]
fn a_code_is_read_as_it_was_written() {
    let written = code().to_string();
    assert_eq!(written, WRITTEN);
    let read = OneTimeCode::parse(&written).unwrap();
    assert_eq!(read, code());
    assert!(read.is_authority(b"an authority"));
    assert!(!read.is_authority(b"another authority"));
    assert_eq!(read.secret(), b"sixteen secrets!");
}

#[test]
fn a_code_may_be_typed_in_small_letters_and_without_hyphens() {
    let written = code().to_string();
    let small = written.to_lowercase().replace('-', "").replace('1', "l");
    assert_eq!(OneTimeCode::parse(&small).unwrap(), code());
    let spaced = written.replace('-', "  ").replace('0', "o");
    assert_eq!(OneTimeCode::parse(&spaced).unwrap(), code());
}

#[test]
fn every_single_mistake_is_found_in_its_group() {
    let written: Vec<char> = code().to_string().chars().collect();
    for at in 0..written.len() {
        if written[at] == '-' {
            continue;
        }
        for other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ".chars() {
            if other != written[at] {
                let mut typed = written.clone();
                typed[at] = other;
                let typed: String = typed.into_iter().collect();
                let error = OneTimeCode::parse(&typed).unwrap_err();
                let CodeError::Group { group, .. } = error else {
                    panic!("{typed}: {error:?}");
                };
                assert_eq!(group, at / 7 + 1);
            }
        }
        if at > 0 && written[at - 1] != '-' && written[at - 1] != written[at] {
            let mut typed = written.clone();
            typed.swap(at - 1, at);
            let typed: String = typed.into_iter().collect();
            let error = OneTimeCode::parse(&typed).unwrap_err();
            assert!(matches!(error, CodeError::Group { .. }), "{typed}");
        }
    }
}

#[test]
fn the_error_says_what_to_look_at() {
    let groups: Vec<String> = code().to_string().split('-').map(str::to_owned).collect();
    let says = |groups: &[String]| {
        OneTimeCode::parse(&groups.join("-"))
            .unwrap_err()
            .to_string()
    };
    let mut swapped = groups.clone();
    swapped.swap(2, 9);
    assert!(says(&swapped).contains("groups are swapped"));
    let mut short = groups.clone();
    short[4].pop();
    assert!(says(&short).contains("95 characters instead of 96: look at group 5"));
    assert!(says(&groups[..15]).contains("90 characters instead of 96: look at group 16"));
    let mut strange = groups.clone();
    strange[6] = "U00000".to_owned();
    assert!(says(&strange).contains("group 7 has the character 'U'"));
    assert!(OneTimeCode::parse("").is_err());
    assert!(OneTimeCode::parse(&"é".repeat(96)).is_err());
    assert!(OneTimeCode::parse(&"0".repeat(1_000_000)).is_err());
}

#[test]
fn nothing_shows_the_secret_by_accident() {
    assert_eq!(
        format!("{:?}", code()),
        "OneTimeCode for 01234567-89ab-4cde-8f01-23456789abcd"
    );
}

proptest! {
    #[test]
    fn any_code_is_read_as_it_was_written(authority: [u8; 8], till: u128, secret: [u8; 16]) {
        let code = OneTimeCode::new(&authority, Uuid::from_u128(till), secret);
        prop_assert_eq!(OneTimeCode::parse(&code.to_string()).unwrap(), code);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,120}") {
        let _ = OneTimeCode::parse(&text);
    }
}
