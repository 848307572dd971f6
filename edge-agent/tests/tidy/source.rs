//! A Rust source that is read once: its code without comments and strings, and its strings separately.

/// One breach of a rule.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) what: String,
}

/// The lines that a rule checks.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Lines {
    All,
    Product,
}

/// A Rust file: its code without comments and string contents, and its strings separately.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) code: Vec<String>,
    pub(crate) strings: Vec<(usize, String)>,
    pub(crate) test_lines: Vec<bool>,
}

impl Source {
    pub(crate) fn parse(path: &str, text: &str) -> Self {
        let (code, strings) = strip(text);
        let mut test_lines = vec![false; code.lines().count().max(1)];
        mark_tests(&code, &mut test_lines);
        Self {
            path: path.to_owned(),
            code: code.lines().map(str::to_owned).collect(),
            strings,
            test_lines,
        }
    }

    pub(crate) fn under(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path.starts_with(place))
    }

    /// True for integration tests, fuzz targets, benchmarks, the hardware suite, and modules that are compiled for tests only.
    pub(crate) fn is_test_file(&self) -> bool {
        let in_folder = |name: &str| self.path.split('/').any(|part| part == name);
        self.path.starts_with("hardware-tests/")
            || in_folder("tests")
            || in_folder("fuzz")
            || in_folder("benches")
            || self.path.ends_with("/tests.rs")
            || self.path.ends_with("_tests.rs")
    }

    pub(crate) fn finding(&self, line: usize, what: &str) -> Finding {
        Finding {
            path: self.path.clone(),
            line: line + 1,
            what: what.to_owned(),
        }
    }

    pub(crate) fn find_lines(
        &self,
        which: Lines,
        find: impl Fn(&str) -> Option<String>,
    ) -> Vec<Finding> {
        let lines = self.code.iter().enumerate();
        lines
            .filter(|(number, _)| which == Lines::All || !self.test_lines[*number])
            .filter_map(|(number, line)| Some(self.finding(number, &find(line)?)))
            .collect()
    }

    pub(crate) fn find_words(&self, wanted: impl Fn(&str) -> bool) -> Vec<Finding> {
        self.find_lines(Lines::All, |line| {
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            words.find(|word| wanted(word)).map(str::to_owned)
        })
    }
}

pub(crate) fn ends_in_word(text: &str) -> bool {
    text.ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Finds a number such as `1.5`, but not `tuple.0.1`, `1..5` or a method call on a number.
pub(crate) fn float_literal(line: &str) -> Option<String> {
    let bytes = line.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    (1..bytes.len()).find_map(|point| {
        if bytes[point] != b'.' || !digit(point - 1) || !digit(point + 1) {
            return None;
        }
        let number = line[..point].trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
        let part_of_something = ends_in_word(number) || number.ends_with('.');
        (!part_of_something).then(|| line[number.len()..].chars().take(8).collect())
    })
}

/// Removes comments and the contents of strings, keeps every line break, and returns the strings with their lines.
pub(crate) fn strip(text: &str) -> (String, Vec<(usize, String)>) {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let (mut code, mut strings) = (String::new(), Vec::new());
    let (mut index, mut line) = (0, 0);
    while index < chars.len() {
        let end = match (at(index), at(index + 1)) {
            ('/', '/') => skip_while(&chars, index, |c| c != '\n'),
            ('/', '*') => block_comment_end(&chars, index),
            ('"', _) => {
                let end = string_end(&chars, index, &code);
                let content = chars[index + 1..end.saturating_sub(1).max(index + 1)].iter();
                strings.push((line, content.collect()));
                code.push_str("\"\"");
                end
            }
            ('\'', _) => char_end(&chars, index),
            (other, _) => {
                code.push(other);
                line += usize::from(other == '\n');
                index += 1;
                continue;
            }
        };
        for breaks in chars[index..end].iter().filter(|c| **c == '\n') {
            code.push(*breaks);
            line += 1;
        }
        // The quote of a lifetime is dropped and its name is kept; a comment becomes a space.
        code.push(' ');
        index = end;
    }
    (code, strings)
}

pub(crate) fn skip_while(chars: &[char], from: usize, matches: impl Fn(char) -> bool) -> usize {
    let rest = chars[from..].iter();
    from + rest.take_while(|c| matches(**c)).count()
}

pub(crate) fn block_comment_end(chars: &[char], from: usize) -> usize {
    let (mut depth, mut index) = (0_usize, from);
    while index + 1 < chars.len() {
        match (chars[index], chars[index + 1]) {
            ('/', '*') => (depth, index) = (depth + 1, index + 2),
            ('*', '/') if depth == 1 => return index + 2,
            ('*', '/') => (depth, index) = (depth - 1, index + 2),
            _ => index += 1,
        }
    }
    chars.len()
}

/// The index after the end of a string that starts at `from`; `before` shows whether it is a raw string, and with how many
/// hashes.
pub(crate) fn string_end(chars: &[char], from: usize, before: &str) -> usize {
    let hashes = before.len() - before.trim_end_matches('#').len();
    let prefix = before.trim_end_matches('#');
    let raw = ["r", "br", "cr"].into_iter().any(|mark| {
        prefix
            .strip_suffix(mark)
            .is_some_and(|rest| !ends_in_word(rest))
    });
    let mut index = from + 1;
    while index < chars.len() {
        match chars[index] {
            '\\' if !raw => index += 2,
            '"' if !raw => return index + 1,
            '"' if chars[index + 1..].iter().take_while(|c| **c == '#').count() >= hashes => {
                return index + 1;
            }
            _ => index += 1,
        }
    }
    chars.len()
}

/// The index after a character literal, or after the quote of a lifetime.
pub(crate) fn char_end(chars: &[char], from: usize) -> usize {
    match (chars.get(from + 1), chars.get(from + 2)) {
        (Some('\\'), Some(_)) => {
            let end = skip_while(chars, from + 3, |c| c != '\'');
            (end + 1).min(chars.len())
        }
        (Some(_), Some('\'')) => from + 3,
        _ => from + 1,
    }
}

/// Marks the lines of every item that has `#[cfg(test)]`.
pub(crate) fn mark_tests(code: &str, test_lines: &mut [bool]) {
    for mark in ["#[cfg(test)]", "#[cfg(all(test"] {
        for (start, _) in code.match_indices(mark) {
            let (mut depth, mut end) = (0_usize, code.len());
            let body = code[start + mark.len()..].char_indices();
            for (offset, c) in body {
                match c {
                    '{' => depth += 1,
                    '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if depth == 0 && matches!(c, '}' | ';') {
                    end = start + mark.len() + offset;
                    break;
                }
            }
            let (first, last) = (line_of(code, start), line_of(code, end));
            let lines = last + 1 - first;
            for line in test_lines.iter_mut().skip(first).take(lines) {
                *line = true;
            }
        }
    }
}

pub(crate) fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count()
}
