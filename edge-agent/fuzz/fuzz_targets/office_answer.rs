//! Answers of the tax office: any status and bytes are a verdict, and only a success status can be an acknowledgement.
#![no_main]

use ferrotill::authority::online_ecr::OnlineEcr;
use ferrotill::authority::{Authority, Verdict};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|answer: (u16, &[u8])| {
    let (status, body) = answer;
    let office = OnlineEcr::new(ferrotill::config::OnlineEcr::default());
    let verdict = office.decode(status, body);
    if verdict == Verdict::Acknowledged {
        assert!((200..300).contains(&status) && !body.is_empty());
    }
});
