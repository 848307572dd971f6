use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::{CommandForm, FormSource, command_forms, of};
use crate::emulator::isl::Printer;
use crate::emulator::isl::memory::Memory;
use crate::family::{self, FAMILIES, Protocol};
use crate::wire::cause::Cause;
use crate::wire::framing::Request;

const DEVICE: &str = env!("CARGO_MANIFEST_DIR");

fn printer(family: &'static Protocol) -> Printer {
    let mut rates = [None; 8];
    rates[0] = Some(2_000);
    rates[1] = Some(800);
    Printer::new(Memory::new(rates), Arc::new(|| 1_795_221_330)).of_family(family)
}

fn text_of(source: FormSource) -> &'static str {
    match source {
        FormSource::Manual(text)
        | FormSource::MakersCode(text)
        | FormSource::Trace(text)
        | FormSource::OtherDriver(text)
        | FormSource::Inference(text) => text,
    }
}

#[test]
fn every_family_has_forms_and_every_form_has_a_family() {
    for family in FAMILIES {
        let forms = command_forms().filter(|form| form.families.contains(&family.name));
        assert!(forms.count() > 40, "{}", family.name);
    }
    for form in command_forms() {
        assert!(!form.families.is_empty(), "{:02X}", form.command);
        for name in form.families {
            assert!(family::of_name(name).is_some(), "{name}");
        }
    }
}

#[test]
fn no_form_of_the_emulator_has_our_driver_as_its_source() {
    for form in command_forms() {
        let text = text_of(form.source).to_lowercase();
        assert!(text.len() > 10, "{:02X} {}", form.command, form.syntax);
        for ours in ["ferrotill", "our driver", "isl_receipt", "driver/isl"] {
            assert!(
                !text.contains(ours),
                "{:02X} {}: {text}",
                form.command,
                form.syntax
            );
        }
    }
}

#[test]
fn every_inference_stands_in_the_list_of_inferences() {
    let readme = std::fs::read_to_string(Path::new(DEVICE).join("README.md")).unwrap();
    let (_, inferences) = readme.split_once("## Inferences").unwrap();
    let (inferences, _) = inferences
        .split_once("\n## What the emulator decides")
        .unwrap();
    for form in command_forms() {
        if let FormSource::Inference(text) = form.source {
            assert!(inferences.contains(text), "{:02X} {text}", form.command);
        }
    }
}

#[test]
fn the_sample_of_every_form_is_understood() {
    for form in command_forms() {
        for name in form.families {
            let family = family::of_name(name).unwrap();
            if let Some(row) = &family.others.device_info_bare
                && row.command == form.command
                && (row.ask.parse)(form.sample).is_some()
            {
                // The answer has no error code in front, so the printer writes it before it looks at its commands.
                continue;
            }
            let mut printer = printer(family);
            let answer = printer.execute(form.command, form.sample);
            let cause = answer.err().map(|(cause, _)| cause);
            assert!(
                !matches!(cause, Some(Cause::Syntax | Cause::UnknownCommand)),
                "{name} {:02X} {:?}: {cause:?}",
                form.command,
                String::from_utf8_lossy(form.sample)
            );
        }
    }
}

#[test]
fn a_command_without_a_source_is_not_known() {
    for family in FAMILIES {
        for command in 0x20..=0xFF {
            let known = of(family.name, command).next().is_some();
            let cause = printer(family)
                .execute(command, b"")
                .err()
                .map(|(cause, _)| cause);
            assert_eq!(
                cause != Some(Cause::UnknownCommand),
                known,
                "{} {command:02X}",
                family.name
            );
        }
    }
}

/// The data without their values: a number becomes `0`, a word `a`, everything else stays. A text becomes `t`.
fn shape(command: u8, data: &[u8]) -> String {
    let fields: Vec<&[u8]> = data.split(|byte| *byte == b'\t').collect();
    let mut shapes = Vec::new();
    for (place, field) in fields.iter().enumerate() {
        // The first field of a sale, of a payment of group A and of a line of text is text, also if it looks like a number.
        let is_text =
            place == 0 && matches!(command, 0x2A | 0x31 | 0x34 | 0x36 | 0x37) && !field.is_empty();
        shapes.push(if is_text {
            "t".to_owned()
        } else {
            shape_of_field(field)
        });
    }
    shapes.join("\t")
}

fn shape_of_field(field: &[u8]) -> String {
    let mut shape = String::new();
    for byte in field {
        let kind = match byte {
            b'0'..=b'9' => '0',
            b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => 'a',
            other => char::from(*other),
        };
        if !(shape.ends_with(kind) && matches!(kind, '0' | 'a')) {
            shape.push(kind);
        }
    }
    shape
}

/// The requests of the recorded conversations with our driver, by family.
fn requests() -> Vec<(&'static Protocol, Request)> {
    let folder = Path::new(DEVICE).join("tests/transcripts/conversations");
    let mut requests = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let family = text
            .lines()
            .find_map(|line| line.strip_prefix("% family "))
            .and_then(|line| family::of_name(line.split(' ').next()?));
        let Some(family) = family else { continue };
        for frame in text.lines().filter_map(|line| line.strip_prefix("> ")) {
            let bytes: Vec<u8> = frame
                .split_whitespace()
                .map(|digits| u8::from_str_radix(digits, 16).unwrap())
                .collect();
            // "Are you ready?" of ZFP is one byte and no request.
            if bytes.len() > 1 {
                requests.push((family, Request::parse(&family.framing, &bytes).unwrap()));
            }
        }
    }
    requests
}

#[test]
fn every_request_of_our_driver_has_a_form_that_others_describe() {
    let requests = requests();
    assert!(requests.len() > 500, "{}", requests.len());
    let mut without = BTreeSet::new();
    for (family, request) in requests {
        let shape_of_form = |form: &CommandForm| shape(form.command, form.sample);
        let asked = shape(request.command, &request.data);
        if !of(family.name, request.command).any(|form| shape_of_form(form) == asked) {
            without.insert(format!("{} {:02X} {asked:?}", family.name, request.command));
        }
    }
    assert!(without.is_empty(), "{without:#?}");
}
