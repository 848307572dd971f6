//! What a module in software tells of its shifts and of itself.

use serde_json::{Value, json};

use super::memory::{ModuleMemory, ShiftFigures};
use super::software::{RECEIPTS_MAX, REPORTS_MAX, SoftwareModule, shown_time};
use super::statuses::Generation;

impl SoftwareModule {
    /// The figures of a shift.
    pub(super) fn figures(&self, memory: &ModuleMemory, shift: &ShiftFigures, open: bool) -> Value {
        let count = shift.sales.count.saturating_add(shift.refunds.count);
        let mut figures = json!({
            "applet_version": self.applet(),
            "terminal_id": memory.terminal,
            "number": shift.number,
            "count": count,
            "first_receipt_seq": shift.first,
            "last_receipt_seq": shift.last,
            "open_time": shift.open_time,
            "close_time": shift.close_time,
            "total_refund_vat": shift.refunds.vat,
            "total_refund_card": shift.refunds.card,
            "total_refund_cash": shift.refunds.cash,
            "total_refund_count": shift.refunds.count,
            "total_sale_vat": shift.sales.vat,
            "total_sale_card": shift.sales.card,
            "total_sale_cash": shift.sales.cash,
            "total_sale_count": shift.sales.count,
        });
        if self.generation() == Generation::Text
            && let Some(members) = figures.as_object_mut()
        {
            members.insert("shift_opened".to_owned(), open.into());
            members.insert("cash_desc_serial".to_owned(), Value::Null);
        }
        figures
    }

    /// What the module tells of itself.
    pub(super) fn info(&self, memory: &ModuleMemory) -> Value {
        let (_, now) = self.now();
        let last = if memory.last_time.is_empty() {
            String::new()
        } else {
            shown_time(&memory.last_time)
        };
        let is_new = self.generation() == Generation::Text;
        let only_new = |value: usize| if is_new { json!(value) } else { Value::Null };
        json!({
            "terminal_id": memory.terminal,
            "applet_version": self.applet(),
            "current_receipt_seq": memory.receipts.to_string(),
            "current_time": now,
            "last_operation_time": last,
            "receipt_count": memory.unsent.len(),
            "receipt_max_count": RECEIPTS_MAX,
            "zreport_count": memory.closed.len(),
            "zreport_max_count": REPORTS_MAX,
            "available_persistent_memory": 32_767,
            "available_reset_memory": 2_048,
            "available_deselect_memory": 2_048,
            "cashbox_number": "",
            "version_code": "1.15.24",
            "is_updated": true,
            "cash_accomulator": null,
            "card_accomulator": null,
            "vat_accomulator": null,
            "borrowed_receipt_files_count": only_new(0),
            "f_report_current_index": only_new(0),
            "first_unacknowledged_receipt_time": memory.unsent.first().map(|time| shown_time(time)),
            "receipt_current_index": only_new(usize::try_from(memory.receipts).unwrap_or(0)),
            "receipts_allocated": only_new(memory.unsent.len()),
            "receipts_capacity": only_new(RECEIPTS_MAX),
            "z_report_current_index": only_new(memory.closed.len()),
            "z_reports_allocated": only_new(memory.closed.len()),
            "z_reports_capacity": only_new(REPORTS_MAX),
        })
    }
}
