//! Reads `multipart/form-data`.

use crate::api::json::shortened;

/// A part of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part<'b> {
    pub(super) name: String,
    pub(super) data: &'b [u8],
}

/// The largest number of parts.
const PARTS_MAX: usize = 16;

/// The parts of a body; `content_type` is the header of the request.
pub(super) fn parts<'b>(content_type: &str, body: &'b [u8]) -> Result<Vec<Part<'b>>, String> {
    let boundary = boundary_of(content_type)?;
    let delimiter = format!("--{boundary}");
    let mut parts = Vec::new();
    let Some(start) = find(body, delimiter.as_bytes()) else {
        return Err("does not have the boundary that Content-Type names".to_owned());
    };
    let begin = start.saturating_add(delimiter.len());
    let mut rest = body.get(begin..).unwrap_or_default();
    let next = format!("\r\n{delimiter}");
    while !rest.starts_with(b"--") {
        if parts.len() >= PARTS_MAX {
            return Err(format!("has more than {PARTS_MAX} parts"));
        }
        let inner = rest
            .strip_prefix(b"\r\n")
            .ok_or("has a part without a line break after the boundary")?;
        let end = find(inner, next.as_bytes()).ok_or("ends within a part")?;
        let part = inner.get(..end).unwrap_or_default();
        let after = inner.get(end..).unwrap_or_default();
        parts.push(read_part(part)?);
        rest = after.get(next.len()..).unwrap_or_default();
    }
    Ok(parts)
}

fn read_part(part: &[u8]) -> Result<Part<'_>, String> {
    let blank = find(part, b"\r\n\r\n").ok_or("has a part without an empty line below its head")?;
    let head = part.get(..blank).unwrap_or_default();
    let data = part.get(blank..).unwrap_or_default();
    let head = std::str::from_utf8(head).map_err(|_| "has a part whose head is not UTF-8")?;
    let disposition = head.lines().find(|line| {
        line.split_once(':')
            .is_some_and(|(name, _)| name.eq_ignore_ascii_case("content-disposition"))
    });
    let name = disposition.and_then(|line| {
        line.split(';')
            .map(str::trim)
            .find_map(|pair| pair.strip_prefix("name="))
    });
    let name = name.ok_or("has a part without a name")?;
    Ok(Part {
        name: name.trim_matches('"').to_owned(),
        data: data.get(4..).unwrap_or_default(),
    })
}

fn boundary_of(content_type: &str) -> Result<String, String> {
    let pairs = content_type.split(';').map(str::trim);
    let boundary = pairs
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("boundary"))
        .map(|(_, value)| value.trim_matches('"'));
    let boundary = boundary.filter(|boundary| (1..=70).contains(&boundary.len()));
    boundary.map(str::to_owned).ok_or_else(|| {
        format!(
            "Content-Type {:?} names no boundary",
            shortened(content_type)
        )
    })
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(at) = text.get(from..)?.iter().position(|byte| *byte == first) {
        let place = from.saturating_add(at);
        if text.get(place..)?.starts_with(wanted) {
            return Some(place);
        }
        from = place.saturating_add(1);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_or_refused() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"media_type\"\r\n\r\nimage\r\n--x\r\nContent-Disposition: form-data; name=\"data\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\x89P\r\n--y\r\n--x--\r\n";
        let read = parts("multipart/form-data; boundary=x", body).unwrap();
        let names: Vec<&str> = read.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names, ["media_type", "data"]);
        assert_eq!(read[0].data, b"image");
        assert_eq!(read[1].data, b"\x89P\r\n--y");
        for (kind, body) in [
            ("multipart/form-data", &b"--x--"[..]),
            ("multipart/form-data; boundary=x", b"no"),
            ("multipart/form-data; boundary=x", b"--x\r\n\r\n"),
            (
                "multipart/form-data; boundary=x",
                b"--x\r\nA: b\r\n\r\nc\r\n--x--",
            ),
        ] {
            assert!(parts(kind, body).is_err(), "{kind}");
        }
        let many = [
            &b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n".repeat(17),
            &b"--x--"[..],
        ]
        .concat();
        assert!(parts("multipart/form-data; boundary=x", &many).is_err());
    }
}
