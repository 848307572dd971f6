//! What the clerk says of an order that has no document in the journal yet.

use ferrotill_core::Amount;
use ferrotill_core::document::DocumentKind;
use ferrotill_core::receipt::{LineTotals, Rules};
use ferrotill_core::refusal::IgnoreFaults;
use ferrotill_core::till::Wish;
use uuid::Uuid;

use super::super::answer::{QueuedOrderSummary, WaitingOrder};
use super::super::devices::DevicePlace;
use super::Tills;
use crate::order::{OrderForm, OrderKind, WishRoom};

impl Tills {
    /// The order with this request id, if it waits in a queue or its document is being sealed.
    pub(super) fn waiting_order(&self, id: Uuid) -> Option<WaitingOrder> {
        let waiting = self.devices.places().find_map(|index| {
            let device_state = &self.devices[index];
            if device_state
                .sealing()
                .is_some_and(|sealing| sealing.id == id)
            {
                return Some(WaitingOrder::BeingSealed);
            }
            let device = device_state.device;
            let form = &device_state.queue.order(id)?.form;
            let (kind, amount) = self.kind_and_amount(index, form);
            Some(WaitingOrder::Queued(QueuedOrderSummary {
                device,
                kind,
                amount,
            }))
        });
        waiting.or_else(|| self.order_at_terminal(id))
    }

    /// The order with this request id, if it waits for a bank terminal, or if the money of its card has moved or may have moved.
    fn order_at_terminal(&self, id: Uuid) -> Option<WaitingOrder> {
        let card = self.card_orders.iter().find(|card| card.id == id);
        let held = card.and_then(|card| card.held.as_ref());
        let mut reports = self.held_reports.iter().map(|report| &report.order);
        let held = held.or_else(|| reports.find(|order| order.form.id == id));
        if let Some(order) = held {
            let index = self.devices.places().find(|index| {
                let device = self.devices[*index].device;
                order.fingerprint.is_of(&order.form, device)
            })?;
            let (kind, amount) = self.kind_and_amount(index, &order.form);
            return Some(WaitingOrder::Queued(QueuedOrderSummary {
                device: self.devices[index].device,
                kind,
                amount,
            }));
        }
        let may_be_registered = card.is_some_and(|card| !card.gives_back);
        may_be_registered.then_some(WaitingOrder::AtTerminal)
    }

    /// The kind of the document that an order would get now, and its amount. A report has no amount, and neither has a return
    /// without payments.
    fn kind_and_amount(
        &self,
        index: DevicePlace,
        form: &OrderForm,
    ) -> (DocumentKind, Option<Amount>) {
        match &form.kind {
            OrderKind::Sale { .. } => {
                let alternative = self.wants_alternative(index, form);
                let kind = if alternative {
                    DocumentKind::AlternativeSale
                } else {
                    DocumentKind::Sale
                };
                (kind, self.total_of_sale(index, form))
            }
            OrderKind::Refund { draft, .. } => {
                let mut payments = draft.payments.iter().map(|(_, amount)| *amount);
                let sum = payments.try_fold(Amount::ZERO, |sum, amount| sum.checked_add(amount));
                // The payments of a return are exactly its amount.
                (DocumentKind::Refund, sum.filter(|sum| !sum.is_zero()))
            }
            OrderKind::Cash(amount) if amount.is_negative() => {
                (DocumentKind::CashOut, Some(*amount))
            }
            OrderKind::Cash(amount) => (DocumentKind::CashIn, Some(*amount)),
            OrderKind::Report { z: true } => (DocumentKind::ZReport, None),
            OrderKind::Report { z: false } => (DocumentKind::XReport, None),
            OrderKind::Nonfiscal { .. } => (DocumentKind::NonfiscalReceipt, None),
            OrderKind::Amounts(receipt) => (DocumentKind::AmountsReceipt, receipt.total()),
        }
    }

    fn total_of_sale(&self, index: DevicePlace, form: &OrderForm) -> Option<Amount> {
        let configuration = self.devices[index].current_till().configuration();
        let rules = Rules {
            facts: self.settings.profile.facts(),
            taxes: &configuration.taxes,
            payments: &configuration.payments,
            day: self.settings.guard.now().local_day(),
        };
        let mut room = WishRoom::default();
        let Wish::Sale(draft) = form.wish(false, &mut room) else {
            return None;
        };
        let mut computed = vec![LineTotals::default(); draft.lines.len()];
        draft
            .compute_sums(None, rules, &mut computed, &mut IgnoreFaults)
            .map(|sums| sums.total)
            .ok()
    }
}
