//! Line breaks in texts for a printer.

/// Text in lines of at most `width` bytes, broken at spaces if there are any; at least one line.
pub(super) fn wrapped(text: &[u8], width: usize) -> Vec<Vec<u8>> {
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
