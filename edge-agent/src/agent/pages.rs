//! The listener for buyers, and the links that lead to it.

use std::net::TcpListener;
use std::sync::Arc;

use ferrotill_render::PageLink;
use uuid::Uuid;

use super::StartError;
use crate::api::ereceipt::public_router;
use crate::api::service::Service;
use crate::config::Config;
use crate::listener::{self, CertificateInUse, ConnectionLimits};
use crate::receipt_link::ReceiptLinks;

/// The most open connections of buyers, so that the callers of the till keep enough.
const CONNECTIONS_MAX: usize = 64;
/// The largest body of a buyer in bytes: the form of a business meal.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// The links of the data folder, and the listener for buyers. The papers of the till get links, if `public_url` is set.
pub(super) fn open(config: &mut Config) -> Result<(ReceiptLinks, Option<TcpListener>), StartError> {
    let folder = &config.till.data_dir;
    let links = ReceiptLinks::new(|purpose| ferrotill_store::derived_key(folder, purpose))?;
    let listener = bind(config)?;
    config.till.owner.paper.page_link = link_of(config, &links);
    Ok((links, listener))
}

/// Opens the listener of `[ereceipt] listen`; `None` if there is none.
fn bind(config: &Config) -> Result<Option<TcpListener>, StartError> {
    let Some(address) = config.ereceipt.listen else {
        return Ok(None);
    };
    let failed = |source| StartError::PageListener { address, source };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    if let Ok(address) = listener.local_addr() {
        tracing::info!("buyers read their receipts at {address}");
    }
    Ok(Some(listener))
}

/// The links of the till's own receipts, if `public_url` is set.
fn link_of(config: &Config, links: &ReceiptLinks) -> Option<PageLink> {
    let url = config.ereceipt.public_url.clone()?;
    let links = links.clone();
    Some(PageLink::new(move |document| {
        let token = links.token_of_document(Uuid::from_bytes(document));
        format!("{url}/r/{token}")
    }))
}

/// Serves the pages for ever, or waits for ever without a listener.
pub(super) async fn serve(
    listener: Option<TcpListener>,
    service: Arc<Service>,
    certificate: Option<CertificateInUse>,
) {
    let listener = listener.map(tokio::net::TcpListener::from_std);
    match listener {
        Some(Ok(listener)) => {
            let limits = ConnectionLimits {
                connections: CONNECTIONS_MAX,
                body_bytes: BODY_BYTES_MAX,
                ..ConnectionLimits::default()
            };
            let router = public_router(service);
            let never = std::future::pending();
            listener::serve_secured(listener, router, limits, certificate, never).await;
        }
        Some(Err(error)) => {
            tracing::error!("the listener for buyers cannot be used: {error}");
            std::future::pending().await
        }
        None => std::future::pending().await,
    }
}
