use super::{FAULTS_MAX, FaultList, Fields, JsonValue, LIST_ITEMS_MAX, RequestFault};
use crate::api::lanes::WorkThread;
use crate::object;

#[test]
fn a_number_keeps_its_digits_in_both_directions() {
    let text = br#"{"a":[8.10,1e2,-0.000,12345678901234567890.123],"b":null,"c":"\u0103\n","d":{"e":true}}"#;
    let node = JsonValue::parse(text).unwrap();
    assert_eq!(
        node.to_string(),
        "{\"a\":[8.10,1e2,-0.000,12345678901234567890.123],\"b\":null,\"c\":\"ă\\n\",\"d\":{\"e\":true}}"
    );
}

#[test]
fn malformed_and_deep_texts_are_refused() {
    for text in [
        "",
        "{",
        "{\"a\":}",
        "[1,]",
        "{\"a\":1}x",
        "NaN",
        "'a'",
        "{\"a\":01}",
    ] {
        assert!(JsonValue::parse(text.as_bytes()).is_err(), "{text}");
    }
    assert!(JsonValue::parse("[".repeat(40).as_bytes()).is_err());
    let deep = format!("{}{}", "[".repeat(17), "]".repeat(17));
    assert!(
        JsonValue::parse(deep.as_bytes())
            .unwrap_err()
            .contains("16 levels")
    );
}

/// Every text that differs from a body in one place is JSON for the reader if it is for the library, and has the same words otherwise.
#[test]
fn the_reader_accepts_what_the_library_accepts() {
    let body = r#" {"id":"a-1","n":[-0.5e+10, 12,0,1.0E-2],"t":"ă\u0103\n\"x","e":{},"l":[ ],"b":[true,false,null],"o":{"x":[[{}]]}} "#;
    let mut count = 0;
    let mut check = |text: &[u8]| {
        let expected: Result<Box<serde_json::value::RawValue>, _> = serde_json::from_slice(text);
        let found = JsonValue::parse(text);
        let shown = String::from_utf8_lossy(text);
        match (expected, found) {
            (Ok(raw), Ok(value)) => {
                // The library writes the same value, whatever the white space and the escapes are.
                let read = |text: &str| serde_json::from_str::<serde_json::Value>(text);
                match (read(&value.to_string()), read(raw.get())) {
                    (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{shown}"),
                    // A float of the library cannot have the number.
                    (ours, theirs) => assert!(ours.is_err() && theirs.is_err(), "{shown}"),
                }
                count += 1;
            }
            // The library finds an escape that is no character only when it reads the text.
            (Ok(raw), Err(_)) => {
                assert!(
                    serde_json::from_str::<serde_json::Value>(raw.get()).is_err(),
                    "{shown}"
                );
            }
            (Err(error), found) => {
                assert_eq!(found, Err(super::syntax::in_words(&error, text)), "{shown}");
            }
        }
    };
    let body = body.as_bytes();
    check(body);
    for place in 0..body.len() {
        let mut without = body.to_vec();
        without.remove(place);
        check(&without);
        check(&body[..place]);
        for byte in (0..=0x7f).chain([0x80, 0xc3, 0xff]) {
            let mut changed = body.to_vec();
            changed[place] = byte;
            check(&changed);
            let mut longer = body.to_vec();
            longer.insert(place, byte);
            check(&longer);
        }
    }
    assert!(count > 1_000, "{count}");
}

#[test]
fn names_match_in_any_case_and_every_fault_has_its_path() {
    let node = JsonValue::parse(
        br#"{"Name":1,"PRICE":8.105,"price":1,"flag":"x","id":"no","mode":"bypercent","what":0,"count":3.5}"#,
    )
    .unwrap();
    let mut faults = FaultList::default();
    let mut fields = Fields::of(&node, "items[0]", &mut faults);
    assert_eq!(fields.text("name"), None);
    assert_eq!(fields.decimal("price", 2), Some(100));
    assert_eq!(fields.boolean("flag"), None);
    assert_eq!(fields.uuid("id"), None);
    assert_eq!(fields.choice("mode", &[("ByPercent", 1)]), Some(1));
    assert_eq!(fields.integer("count"), None);
    fields.finish();
    let found: Vec<String> = faults
        .iter()
        .map(|fault| format!("{} {}", fault.path, fault.code))
        .collect();
    assert_eq!(
        found,
        [
            "items[0].name WrongType",
            "items[0].price GivenTwice",
            "items[0].flag WrongType",
            "items[0].id NotAUuid",
            "items[0].count TooManyDecimals",
            "items[0].what UnknownField",
        ]
    );
}

#[test]
fn a_list_of_a_body_is_kept_up_to_one_item_above_the_limit() {
    let list = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
    for (count, kept, cut) in [
        (LIST_ITEMS_MAX, LIST_ITEMS_MAX, false),
        (LIST_ITEMS_MAX + 1, LIST_ITEMS_MAX + 1, true),
        (80_000, LIST_ITEMS_MAX + 1, true),
    ] {
        let body = format!("{{\"a\":[{}]}}", list(count));
        let node = JsonValue::of_body(body.as_bytes(), &WorkThread::without_connections()).unwrap();
        let inner = node.get("a").and_then(|list| list.at(0)).unwrap();
        let JsonValue::Array(items) = inner else {
            panic!("{inner:?}");
        };
        assert_eq!((items.len(), node.is_cut()), (kept, cut), "{count}");
    }
    // The items after the limit are not kept, but they must still be valid JSON.
    let broken = list(80_000).replacen("{}]", "{]", 1);
    assert_eq!(
        JsonValue::of_body(broken.as_bytes(), &WorkThread::without_connections())
            .unwrap_err()
            .code,
        "MalformedJson"
    );
}

#[test]
fn each_fault_is_named_once_and_the_hundred_and_first_is_counted() {
    let mut faults = FaultList::default();
    for index in [0].into_iter().chain(0..FAULTS_MAX + 7) {
        faults.push(RequestFault {
            path: format!("items[{index}]"),
            code: "WrongType",
            sentence: "is a number; an object is needed".to_owned(),
        });
    }
    let message = faults.message();
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines.len(), FAULTS_MAX + 1);
    assert_eq!(lines[99], "items[99]: is a number; an object is needed");
    assert_eq!(lines[100], "body: has 7 more faults");
}

#[test]
fn an_object_is_written_in_its_order() {
    let out = object! { "b" => 1_u32, "a" => Option::<u32>::None, "list" => vec!["x"] };
    assert_eq!(out.to_string(), "{\"b\":1,\"a\":null,\"list\":[\"x\"]}");
    assert_eq!(JsonValue::Number("1.10".into()).to_string(), "1.10");
}

#[test]
fn a_text_that_is_no_json_is_explained_with_its_place_in_plain_words() {
    for (text, words) in [
        ("", "it is empty; send a JSON object"),
        (" \n", "it is empty; send a JSON object"),
        (
            "{\"a\":1",
            "it ends at line 1, column 6, before its last text, list or object is closed",
        ),
        (
            "{\"a\":\"b",
            "it ends at line 1, column 7, before its last text, list or object is closed",
        ),
        ("{\"a\" 1}", "line 1, column 6: a colon is needed here"),
        (
            "{\"a\":1\n\"b\":2}",
            "line 2, column 1: a comma or } is needed here",
        ),
        ("[1 2]", "line 1, column 4: a comma or ] is needed here"),
        (
            "{'a':1}",
            "line 1, column 2: the name of a field is needed here, in double quotes",
        ),
        (
            "{\"a\":1,}",
            "line 1, column 8: the name of a field is needed here, in double quotes",
        ),
        (
            "{}x",
            "there is more text behind the end of the JSON; remove it",
        ),
        (
            "nonsense",
            "only true, false, null, numbers and texts in double quotes are values",
        ),
        (
            "{\"a\":01}",
            "this is no number; write digits with a point, such as 8.10",
        ),
        (
            "{\"a\":\"\\x\"}",
            "there is no such escape in a text; a backslash is written as \\\\",
        ),
        (
            "<html>",
            "a value is needed here: a text in double quotes, a number, a list, an object, true, false or null",
        ),
        (
            "[\"a\nb\"]",
            "a line break or another control character stands inside a text; write it as \\n",
        ),
    ] {
        let said = JsonValue::parse(text.as_bytes()).unwrap_err();
        assert!(said.ends_with(words), "{text}: {said}");
    }
    let latin = JsonValue::parse(b"{\"a\":\"\xe9\"}").unwrap_err();
    assert!(latin.ends_with("send the text in UTF-8"), "{latin}");
}

#[test]
fn a_text_is_read_in_one_go_whatever_stands_between_its_parts() {
    for text in [
        r#"{}"#,
        r#"[]"#,
        r#"[[],[[]],{},[{}],{"a":[]}]"#,
        r#"{"a":{"b":[1,-2.50,1e5,true,false,null,"x"],"c":{}},"d":"e"}"#,
        r#"["[","]","{","}",","," : ","","a b"]"#,
        r#"{"[":"]","}":"{",",":":"}"#,
        r#""ț€ 1""#,
        r#"0.10"#,
    ] {
        let read = JsonValue::parse(text.as_bytes()).unwrap();
        assert_eq!(read.to_string(), text);
    }
    let spaced =
        " \r\n{ \"a\" : [ 1 , -2.50\t, [ ] ,\n{ } , \"x y\" ] , \"b\" : { \"c\" : null } } ";
    assert_eq!(
        JsonValue::parse(spaced.as_bytes()).unwrap().to_string(),
        r#"{"a":[1,-2.50,[],{},"x y"],"b":{"c":null}}"#
    );
    for (text, read) in [
        (r#""\u0103\"\\\n""#, "ă\"\\\n"),
        (r#""\\""#, "\\"),
        (r#""\"""#, "\""),
    ] {
        assert_eq!(
            JsonValue::parse(text.as_bytes()).unwrap(),
            JsonValue::from(read)
        );
    }
    // The rest of a list that is cut is skipped, whatever it holds.
    let long = format!(
        "{{\"a\":[{}[\"]\",{{\"}}\":[]}}],1.5,\"x\"],\"b\":2}}",
        "0,".repeat(LIST_ITEMS_MAX + 1)
    );
    let read = JsonValue::of_short_body(long.as_bytes()).unwrap();
    assert_eq!(read.get("b"), Some(&JsonValue::from(2)));
    assert!(read.is_cut());
}
