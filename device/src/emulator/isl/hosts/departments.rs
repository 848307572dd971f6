//! Sales by department, and what a department has sold.

use crate::emulator::isl::memory::{BookedSale, FiscalReceipt};
use crate::emulator::isl::printer::{Answered, Printer, written};
use crate::wire::isl_receipt::{Sale, TAB};

/// What a department has sold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sold {
    /// The number of sales.
    pub(super) sales: i64,
    /// The sum of the quantities in thousandths.
    pub(super) quantity: i64,
    /// The sum of the amounts in minor units.
    pub(super) amount: i64,
}

impl Sold {
    /// What these sales of a department add up to; a void takes back what it voids. `None` means the sales without a department.
    pub(super) fn in_sales<'a>(
        sales: impl IntoIterator<Item = &'a BookedSale>,
        department: Option<u32>,
    ) -> Self {
        let of_department = sales
            .into_iter()
            .filter(|sale| sale.department == department);
        of_department.fold(Self::default(), |sum, sale| {
            let (one, quantity) = if sale.price < 0 {
                (-1, sale.quantity.saturating_neg())
            } else {
                (1, sale.quantity)
            };
            Self {
                sales: sum.sales.saturating_add(one),
                quantity: sum.quantity.saturating_add(quantity),
                amount: sum.amount.saturating_add(sale.amount),
            }
        })
    }

    /// What these receipts have of a department.
    pub(super) fn in_receipts<'a>(
        receipts: impl IntoIterator<Item = &'a FiscalReceipt>,
        department: Option<u32>,
    ) -> Self {
        let sales = receipts
            .into_iter()
            .flat_map(|receipt| receipt.sales.iter());
        Self::in_sales(sales, department)
    }
}

/// 31h and 34h with `Dept TAB Price` instead of a tax group.
pub(in crate::emulator::isl) fn sale(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let [department @ b'1'..=b'8', TAB, ..] = data.split_at_checked(tab_of(data)?)?.1 else {
        return None;
    };
    let department = u32::from(department.wrapping_sub(b'0'));
    let sale = Sale::parse(data)?;
    Some(sold_by(printer, department, &sale))
}

/// Where the figures begin, behind the first TAB.
fn tab_of(data: &[u8]) -> Option<usize> {
    let tab = data.iter().position(|byte| *byte == TAB)?;
    tab.checked_add(1)
}

/// Executes a sale and notes its department.
pub(super) fn sold_by(printer: &mut Printer, department: u32, sale: &Sale) -> Answered {
    let reply = printer.sale(sale);
    let open = printer.memory.open.as_mut().filter(|_| reply.is_ok());
    if let Some(booked) = open.and_then(|open| open.sales.last_mut()) {
        booked.department = Some(department);
    }
    written(reply, |_| Vec::new())
}
