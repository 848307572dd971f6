//! `/sim/clock`: moves the till's clock.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use axum::routing::put;

use super::{done, read, refuse};
use crate::time::clock::Clock;

/// The routes of `/sim/clock`.
pub fn router(clock: Arc<Clock>) -> Router {
    Router::new()
        .route("/sim/clock", put(set_clock))
        .with_state(clock)
}

/// How far the clock may be moved: a farther time cannot be written in every country's documents.
const OFFSET_S_MAX: u64 = 630_720_000;

async fn set_clock(State(clock): State<Arc<Clock>>, body: Bytes) -> Response {
    read(&body, |fields| {
        if fields.member("offset_s").is_none() {
            fields.fault("offset_s", "Missing", "is needed");
        }
        let offset_s = fields.decimal("offset_s", 0);
        if offset_s.is_some_and(|offset_s| offset_s.unsigned_abs() > OFFSET_S_MAX) {
            let sentence = format!(
                "is too large; at most {OFFSET_S_MAX} seconds, which are twenty years, are allowed"
            );
            fields.fault("offset_s", "NumberTooLarge", sentence);
        }
        offset_s
    })
    .map_or_else(
        |faults| refuse(&faults),
        |offset| {
            clock.set_offset(offset.unwrap_or(0));
            done()
        },
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Clock, router};
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use tower::ServiceExt as _;

    #[tokio::test]
    async fn the_clock_is_moved_by_at_most_twenty_years() {
        let clock = Arc::new(Clock::by_hand("UTC", 1_800_000_000_000).unwrap());
        for (offset_s, status) in [
            ("99999999999999999", StatusCode::BAD_REQUEST),
            ("-630720001", StatusCode::BAD_REQUEST),
            ("\"x\"", StatusCode::BAD_REQUEST),
        ] {
            let body = Body::from(format!("{{\"offset_s\":{offset_s}}}"));
            let call = Request::put("/sim/clock").body(body).unwrap();
            let answer = router(Arc::clone(&clock)).oneshot(call).await.unwrap();
            assert_eq!(answer.status(), status, "{offset_s}");
            assert_eq!(clock.now().utc_ms, 1_800_000_000_000, "{offset_s}");
        }
        let body = Body::from("{\"offset_s\":630720000}");
        let call = Request::put("/sim/clock").body(body).unwrap();
        let answer = router(Arc::clone(&clock)).oneshot(call).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(clock.now().utc_ms, 1_800_000_000_000 + 630_720_000_000);
    }
}
