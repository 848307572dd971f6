//! The operations of the API and their paths, with and without a slash at the end.

use axum::http::Method;

use crate::seal::fiscal_module::Operation;
use crate::seal::fiscal_module::provider::ProviderCall;

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// Makes a sale, or a refund.
    Order {
        /// True for a refund.
        refund: bool,
    },
    /// Closes the shift, or shows its figures.
    Close,
    /// Opens the shift.
    Open,
    /// What is only asked of the module.
    Ask(Operation),
    /// Prints a text that is no receipt.
    Banner,
    /// Checks marking codes.
    Marking,
    /// Asks a payment provider.
    Provider(ProviderCall),
    /// A person says what became of a payment.
    SettlePayment,
    /// Compares the module, the journal and the payments.
    Compare,
    /// Logs in at the billing.
    BillingLogin,
    /// Asks the billing how many orders there are.
    BillingCount,
}

/// Why a path is no operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoRoute {
    /// No operation has the path.
    UnknownPath,
    /// The path has other methods.
    WrongMethod(&'static str),
}

/// The operation of a method and a path.
pub(super) fn route(method: &Method, path: &str) -> Result<Route, NoRoute> {
    let path = path.strip_prefix(super::PREFIX).unwrap_or(path);
    let path = path.trim_start_matches('/').trim_end_matches('/');
    let (get, post) = (*method == Method::GET, *method == Method::POST);
    let (allowed, is_allowed, route) = match path {
        "order/create" => ("POST", post, Route::Order { refund: false }),
        "order/refuse" => ("POST", post, Route::Order { refund: true }),
        "order/print" => ("GET", get, Route::Ask(Operation::PrintLast)),
        "order/last" => ("GET", get, Route::Ask(Operation::Last)),
        "order/sendreceipt" => ("GET, POST", get || post, Route::Ask(Operation::SendReceipt)),
        "zreport/open" => ("GET", get, Route::Open),
        "zreport/close" => ("GET, POST", get || post, Route::Close),
        "zreport/info" => ("GET", get, Route::Ask(Operation::ShiftInfo)),
        "info" => ("GET", get, Route::Ask(Operation::Info)),
        "print/open_cash_drawer" => ("GET", get, Route::Ask(Operation::Drawer)),
        "print/banner" => ("POST", post, Route::Banner),
        "okm/validation" => ("POST", post, Route::Marking),
        "payment/settle" => ("POST", post, Route::SettlePayment),
        "sverka" => ("GET", get, Route::Compare),
        "api/v1/login" => ("POST", post, Route::BillingLogin),
        "api/v1/orders/count" => ("GET", get, Route::BillingCount),
        _ => match ProviderCall::of_path(path) {
            Some(call) if call.posts => ("POST", post, Route::Provider(call)),
            Some(call) => ("GET", get, Route::Provider(call)),
            None => return Err(NoRoute::UnknownPath),
        },
    };
    if is_allowed {
        Ok(route)
    } else {
        Err(NoRoute::WrongMethod(allowed))
    }
}

#[cfg(test)]
mod tests {
    use super::{NoRoute, Route, route};
    use axum::http::Method;

    #[test]
    fn paths_are_read_with_and_without_a_slash_at_the_end() {
        for path in ["/fiscalbox/order/create", "/fiscalbox/order/create/"] {
            let found = route(&Method::POST, path);
            assert_eq!(found, Ok(Route::Order { refund: false }));
        }
        let wrong = route(&Method::GET, "/fiscalbox/order/create");
        assert_eq!(wrong, Err(NoRoute::WrongMethod("POST")));
        let unknown = route(&Method::GET, "/fiscalbox/orders");
        assert_eq!(unknown, Err(NoRoute::UnknownPath));
    }
}
