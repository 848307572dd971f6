//! Routes that are put together beside the start.
//!
//! The APIs have more than a hundred routes, and a start needs one of them. So a thread puts them together, and a request that comes
//! before the thread is ready does it itself.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use tower::Service;

use crate::locked::Locked;

/// Serves the routes that a function makes. The function is called once.
#[derive(Clone)]
pub(super) struct LateRouter(Arc<Late>);

struct Late {
    make: Locked<Option<Box<dyn FnOnce() -> Router + Send>>>,
    made: OnceLock<Router>,
}

impl LateRouter {
    /// Begins to put the routes together on a thread of its own.
    pub(super) fn begin(make: impl FnOnce() -> Router + Send + 'static) -> Self {
        let router = Self(Arc::new(Late {
            make: Locked::new(Some(Box::new(make))),
            made: OnceLock::new(),
        }));
        let late = router.clone();
        // Without the thread the first request makes the routes.
        let _ = std::thread::Builder::new()
            .name("routes".to_owned())
            .spawn(move || drop(late.routes()));
        router
    }

    fn routes(&self) -> Router {
        let make = || {
            let make = self.0.make.lock().take();
            // `get_or_init` calls this once.
            make.map_or_else(Router::new, |make| make())
        };
        self.0.made.get_or_init(make).clone()
    }
}

impl Service<Request> for LateRouter {
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.routes().call(request)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::routing::get;

    use super::*;

    #[tokio::test]
    async fn the_routes_are_made_once_however_many_requests_come_first() {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let mut late = LateRouter::begin(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Router::new().route("/here", get(|| async { "here" }))
        });
        for (path, status) in [("/here", StatusCode::OK), ("/not", StatusCode::NOT_FOUND)] {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            assert_eq!(late.call(request).await.unwrap().status(), status, "{path}");
        }
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }
}
