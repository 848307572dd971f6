//! Texts for a printer, in lines that it does not cut.

use super::command::Command;
use crate::family::{Protocol, TextWidths};
use crate::wire::codepage;

/// The commands that print a text on a fiscal receipt. Only this function makes such commands, so that no line is cut.
pub(super) fn on_receipt(protocol: &Protocol, widths: TextWidths, text: &str) -> Vec<Command> {
    wrapped(&codepage::encode(text), widths.receipt.sent)
        .iter()
        .map(|line| Command::of(&protocol.text, line))
        .collect()
}

/// The commands that print a text on a non-fiscal slip.
pub(super) fn on_slip(protocol: &Protocol, widths: TextWidths, text: &str) -> Vec<Command> {
    wrapped(&codepage::encode(text), widths.slip.sent)
        .iter()
        .map(|line| Command::of(&protocol.slip_text, line))
        .collect()
}

/// The lines of a sale's name, and the commands that print the rest of a name that is too long for them.
pub(super) fn name_of_sale(
    protocol: &Protocol,
    widths: TextWidths,
    name: &str,
) -> (Vec<Vec<u8>>, Vec<Command>) {
    let mut lines = wrapped(&codepage::encode(name), widths.name.sent);
    let rest = lines.split_off(widths.name_lines.min(lines.len()));
    let rest = rest
        .iter()
        .flat_map(|line| wrapped(line, widths.receipt.sent))
        .map(|line| Command::of(&protocol.text, &line));
    (lines, rest.collect())
}

/// Text in lines of at most `width` bytes, broken at spaces if there are any; at least one line.
fn wrapped(text: &[u8], width: usize) -> Vec<Vec<u8>> {
    // Each line needs at least one byte, or the loop would not end.
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut rest = text.trim_ascii_end();
    while rest.len() > width {
        let window = rest.get(..=width).unwrap_or(rest);
        let cut = window
            .iter()
            .rposition(|byte| *byte == b' ')
            .filter(|cut| *cut > 0)
            .unwrap_or(width);
        let (line, tail) = rest.split_at_checked(cut).unwrap_or((rest, &[]));
        lines.push(line.trim_ascii_end().to_vec());
        rest = tail.trim_ascii_start();
    }
    // A command without text would be a syntax error.
    lines.push(if rest.is_empty() {
        b" ".to_vec()
    } else {
        rest.to_vec()
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_broken_at_spaces() {
        let lines = wrapped(
            b"A name that is rather longer than one line of the printer can be",
            42,
        );
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0], b"A name that is rather longer than one line");
        assert_eq!(wrapped(&[b'x'; 90], 42).len(), 3);
        assert_eq!(wrapped(b"", 42), [b" ".to_vec()]);
    }
}
