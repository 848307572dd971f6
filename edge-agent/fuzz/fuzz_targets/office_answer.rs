//! Fuzzes answers of the authority: any status and any bytes give a verdict, and only an answer with a success status can be an
//! acknowledgement.
#![no_main]

use ferrotill::authority::online_ecr::OnlineEcr;
use ferrotill::authority::{Authority, Verdict};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|answer: (u16, &[u8])| {
    let (status, body) = answer;
    let authority = OnlineEcr::new(ferrotill::config::OnlineEcr::default());
    let verdict = authority.decode(status, body);
    if verdict == Verdict::Acknowledged {
        assert!((200..300).contains(&status) && !body.is_empty());
    }
});
