//! The addresses of receipts and images.

use axum::http::request::Parts;
use uuid::Uuid;

use crate::api::service::Service;

/// The address under which a buyer reads an uploaded receipt: below `public_url`, or, without it, below the address that the caller has
/// called.
pub(super) fn public_link(service: &Service, parts: &Parts, receipt: Uuid) -> String {
    let token = service.links.token_of_upload(receipt);
    format!("{}/r/{token}", base(service, parts))
}

fn base(service: &Service, parts: &Parts) -> String {
    if let Some(url) = &service.settings.ereceipt.public_url {
        return url.clone();
    }
    let host = parts
        .headers
        .get("Host")
        .and_then(|host| host.to_str().ok());
    let scheme = if service.settings.has_tls {
        "https"
    } else {
        "http"
    };
    // Only hosts of this machine have passed the check of the origin.
    format!("{scheme}://{}", host.unwrap_or("localhost"))
}

/// The address under which everybody who knows it reads an image.
pub(super) fn image_link(service: &Service, parts: &Parts, image: Uuid) -> String {
    let token = service.links.token_of_image(image);
    format!("{}/r/i/{token}", base(service, parts))
}
