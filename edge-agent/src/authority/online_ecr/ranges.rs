//! Reserved fiscal numbers in the Online-ECR form (GET_FISC_RANGES): the request, and the numbers in its answer.

use ferrotill_core::numbers::{GRANT_SPANS_MAX, Span};
use serde::Serialize;
use serde_json::Value;

use super::OnlineEcr;
use super::answer::{Answer, Sign};
use crate::authority::Identity;

impl OnlineEcr {
    /// The body of a request for fiscal numbers for a device.
    ///
    /// # Errors
    ///
    /// The body could not be written as JSON.
    pub fn encode_range_request(
        &self,
        message_number: u64,
        identity: Identity,
    ) -> Result<String, String> {
        let request = Request {
            message_number,
            count: self.form.numbers,
            identity,
        };
        serde_json::to_string(&request).map_err(|error| error.to_string())
    }

    /// The numbers in an answer that are higher than `highest`, in ascending order.
    ///
    /// # Errors
    ///
    /// Why the answer contains no numbers, as a text for the log.
    pub fn decode_ranges(
        &self,
        status: u16,
        body: &[u8],
        highest: Option<u64>,
    ) -> Result<Vec<Span>, String> {
        let Ok(Value::Object(answer)) = serde_json::from_slice::<Value>(body) else {
            return Err(format!(
                "the answer with HTTP status {status} is not a JSON object"
            ));
        };
        let answer = Answer(&answer);
        let sign = answer.sign(self.form.success_field.as_deref());
        // An answer with numbers needs no other sign of success.
        match numbers(&answer, &self.form.numbers_field) {
            Some(numbers) if (200..300).contains(&status) && sign != Sign::Failure => {
                let spans = spans(numbers, highest);
                if spans.is_empty() {
                    Err("the tax authority grants no numbers now".to_owned())
                } else {
                    Ok(spans)
                }
            }
            _ => Err(answer.message(status)),
        }
    }
}

/// The body of GET_FISC_RANGES.
#[derive(Serialize)]
struct Request {
    #[serde(rename = "msgID")]
    message_number: u64,
    #[serde(rename = "fiscalNumbersCnt")]
    count: u32,
    identity: Identity,
}

/// The numbers in an answer, as spans. The field is a list of numbers, or of objects with the first and last number of a range.
fn numbers(answer: &Answer<'_>, field: &str) -> Option<Vec<Span>> {
    let list = match answer.field(field) {
        Some(list) => list,
        None => {
            let data = answer.field("data").or_else(|| answer.field("object"))?;
            Answer(data.as_object()?).field(field)?
        }
    };
    list.as_array()?
        .iter()
        .map(|item| {
            if let Some(number) = item.as_u64() {
                return Some(Span {
                    first: number,
                    last: number,
                });
            }
            let range = Answer(item.as_object()?);
            let end = |names: &[&str]| {
                let values = names.iter().filter_map(|name| range.field(name));
                values.filter_map(Value::as_u64).next()
            };
            Some(Span {
                first: end(&["first", "from", "start", "min"])?,
                last: end(&["last", "to", "end", "max"])?,
            })
        })
        .collect()
}

/// The spans in ascending order, without numbers up to `highest`. At most [`GRANT_SPANS_MAX`] spans.
fn spans(mut numbers: Vec<Span>, highest: Option<u64>) -> Vec<Span> {
    numbers.retain(|span| span.first <= span.last);
    numbers.sort_by_key(|span| span.first);
    let mut spans: Vec<Span> = Vec::new();
    // The lowest number that may still be used. `None` after the largest number of all.
    let mut lowest = highest.map_or(Some(0), |highest| highest.checked_add(1));
    for span in numbers {
        let Some(from) = lowest else { break };
        if span.last < from {
            continue;
        }
        let first = span.first.max(from);
        match spans.last_mut() {
            Some(before) if before.last.checked_add(1) == Some(first) => before.last = span.last,
            _ => spans.push(Span {
                first,
                last: span.last,
            }),
        }
        lowest = span.last.checked_add(1);
    }
    spans.truncate(GRANT_SPANS_MAX);
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, highest: Option<u64>) -> Option<Vec<(u64, u64)>> {
        let Value::Object(answer) = serde_json::from_str(text).unwrap() else {
            panic!("{text}");
        };
        let found = numbers(&Answer(&answer), "fiscalNumbers")?;
        let ends = |span: Span| (span.first, span.last);
        Some(spans(found, highest).into_iter().map(ends).collect())
    }

    #[test]
    fn numbers_are_read_from_a_list_or_from_ranges_and_never_twice() {
        type Case = (&'static str, Option<u64>, Option<Vec<(u64, u64)>>);
        #[rustfmt::skip]
        let cases: &[Case] = &[
            (r#"{"fiscalNumbers":[7,8,9,12]}"#, None, Some(vec![(7, 9), (12, 12)])),
            (r#"{"fiscalNumbers":[12,9,8,9,7]}"#, Some(8), Some(vec![(9, 9), (12, 12)])),
            (r#"{"FISCALNUMBERS":[{"from":70113,"to":70212}]}"#, None, Some(vec![(70_113, 70_212)])),
            (r#"{"data":{"fiscalNumbers":[{"first":5,"last":9},{"first":8,"last":20}]}}"#, Some(6), Some(vec![(7, 20)])),
            (r#"{"fiscalNumbers":[{"first":9,"last":5}]}"#, None, Some(vec![])),
            (r#"{"fiscalNumbers":[18446744073709551615]}"#, Some(u64::MAX), Some(vec![])),
            (r#"{"fiscalNumbers":[]}"#, None, Some(vec![])),
            (r#"{"fiscalNumbers":[1.5]}"#, None, None),
            (r#"{"fiscalNumbers":["7"]}"#, None, None),
            (r#"{"fiscalNumbers":[-1]}"#, None, None),
            (r#"{"numbers":[7]}"#, None, None),
        ];
        for (text, highest, expected) in cases {
            assert_eq!(read(text, *highest), *expected, "{text}");
        }
        let far_apart: Vec<String> = (0..20).map(|number| (number * 10).to_string()).collect();
        let text = format!(r#"{{"fiscalNumbers":[{}]}}"#, far_apart.join(","));
        assert_eq!(read(&text, None).unwrap().len(), GRANT_SPANS_MAX);
    }

    #[test]
    fn the_request_has_exactly_these_bytes() {
        let request = Request {
            message_number: 17,
            count: 200,
            identity: Identity {
                device_token: "567765".to_owned(),
                tin: "1111111111".to_owned(),
                shop_name: "SHOP #1".to_owned(),
                shop_address: "Unknown st., 404".to_owned(),
            },
        };
        assert_eq!(
            serde_json::to_string(&request).unwrap(),
            r#"{"msgID":17,"fiscalNumbersCnt":200,"identity":{"fn":"567765","tin":"1111111111","shopName":"SHOP #1","shopAddress":"Unknown st., 404"}}"#
        );
    }
}
