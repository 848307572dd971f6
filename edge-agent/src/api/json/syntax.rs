//! What is wrong with a text that is no JSON, in words.

use serde_json::Error;
use serde_json::error::Category;

/// What is wrong with a text that is no JSON, and where: line and column are counted from 1, the column in bytes.
pub(super) fn in_words(error: &Error, text: &[u8]) -> String {
    if text.iter().all(u8::is_ascii_whitespace) {
        return "it is empty; send a JSON object".to_owned();
    }
    let place = format!("line {}, column {}", error.line(), error.column());
    match error.classify() {
        Category::Eof => {
            format!("it ends at {place}, before its last text, list or object is closed")
        }
        Category::Io | Category::Syntax | Category::Data => {
            format!("{place}: {}", meaning(&error.to_string()))
        }
    }
}

/// The meaning of a message of the JSON parser.
fn meaning(message: &str) -> &'static str {
    let found = MEANINGS
        .iter()
        .find(|(beginning, _)| message.starts_with(beginning));
    found.map_or("this character cannot stand there", |(_, meaning)| meaning)
}

/// The beginnings of the parser's messages, and what they mean.
const MEANINGS: [(&str, &str); 15] = [
    ("expected `,` or `}`", "a comma or } is needed here"),
    ("expected `,` or `]`", "a comma or ] is needed here"),
    ("expected `:`", "a colon is needed here"),
    (
        "key must be a string",
        "the name of a field is needed here, in double quotes",
    ),
    (
        "trailing characters",
        "there is more text behind the end of the JSON; remove it",
    ),
    (
        "control character",
        "a line break or another control character stands inside a text; write it as \\n",
    ),
    (
        "invalid number",
        "this is no number; write digits with a point, such as 8.10",
    ),
    (
        "invalid escape",
        "there is no such escape in a text; a backslash is written as \\\\",
    ),
    (
        "invalid unicode code point",
        "these bytes are not UTF-8; send the text in UTF-8",
    ),
    (
        "lone leading surrogate",
        "an escape with \\u is half of a character; write both halves",
    ),
    (
        "unexpected end of hex escape",
        "an escape with \\u is half of a character; write both halves",
    ),
    (
        "recursion limit",
        "there are too many lists and objects inside each other",
    ),
    (
        "expected ident",
        "only true, false, null, numbers and texts in double quotes are values",
    ),
    (
        "expected value",
        "a value is needed here: a text in double quotes, a number, a list, an object, true, false or null",
    ),
    ("number out of range", "this number is too large"),
];
