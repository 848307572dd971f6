//! The forms of Eltrade printers.
//!
//! The manual lists fewer commands than that of Datecs group A; what it does not list is not known.

use super::FormSource::{Inference, Manual, OtherDriver};
use super::{CommandForm, FormSource, form};
use crate::emulator::isl::hosts::{classic as host, opening};

const E: &[&str] = &["eltrade"];

const MANUAL: FormSource = Manual("Eltrade, fiscal printers, 1.1.6 of 16.04.2019");
const FPGATE: FormSource = OtherDriver("edabg/fpgate, DeviceEltradeV1");
const PROTOCOL: FormSource = OtherDriver("Ethno2405/EltradeProtocol");

/// Every form of Eltrade.
pub(super) const FORMS: &[CommandForm] = &[
    // Receipts.
    form(
        E,
        0x90,
        "OperName,UNP",
        b"Ivan,DT700001-0001-0000001",
        PROTOCOL,
    ),
    form(
        E,
        0x90,
        "OperName,",
        b"1,",
        Inference(
            "90h with the operator's number as its name, an empty unique sale number, and no password",
        ),
    ),
    form(E, 0x90, "OperName", b"Ivan", MANUAL).by(opening::open),
    form(
        E,
        0x90,
        "OperName,UNP,",
        b"Operator: 1,ED000001-0001-0000001,",
        FPGATE,
    )
    .by(opening::open),
    form(
        E,
        0x90,
        "OperName,UNP,,I",
        b"Operator: 1,ED000001-0001-0000001,,I",
        FPGATE,
    )
    .by(opening::open),
    form(
        E,
        0x90,
        "OperName,UNP,I",
        b"Ivan,ED000001-0001-0000001,I",
        MANUAL,
    ),
    form(
        E,
        0x90,
        "OperName,UNP,S,FM,Reason,No[,Time[,Inv]]",
        b"Ivan,ED000001-0001-0000001,S,44123456,R,12,2026-11-21T10:30:00",
        MANUAL,
    ),
    form(
        E,
        0x90,
        "OperName,,S,FM,Reason,No,Time",
        b"1,,S,44123456,R,12,2026-11-21T10:30:00",
        Inference(
            "90h with the operator's number as its name, an empty unique sale number, and no password",
        ),
    ),
    form(
        E,
        0x31,
        "[L1][LF L2] TAB Tax Price",
        b"Paine\tA12.50",
        MANUAL,
    ),
    form(
        E,
        0x31,
        "L1 TAB Tax Price*Qty",
        b"Paine\tB3.00*2.000",
        MANUAL,
    ),
    form(
        E,
        0x31,
        "L1 TAB Tax -Price*Qty",
        b"Paine\tB-3.00*2.000",
        MANUAL,
    ),
    form(
        E,
        0x31,
        "L1 TAB Tax Price*Qty,Perc",
        b"Paine\tA12.00*1.000,-10.00",
        MANUAL,
    ),
    form(
        E,
        0x31,
        "L1 TAB Tax Price*Qty;Abs",
        b"Paine\tA12.00*1.000;-1.00",
        MANUAL,
    ),
    form(
        E,
        0x31,
        "L1 TAB Tax Price*Qty;Abs",
        b"Paine\tA12.00*1.000;1.00",
        MANUAL,
    ),
    form(E, 0x34, "as 31h", b"Paine\tA12.50", MANUAL),
    form(E, 0x33, "Print Display[,Perc|;Abs]", b"11", MANUAL),
    form(E, 0x33, "Print Display,Perc", b"10,-10.00", MANUAL),
    form(E, 0x33, "Print Display;Abs", b"11;-2.50", MANUAL),
    form(
        E,
        0x35,
        "[L1][LF L2] TAB [Mode Amount]",
        b"\tP20.00",
        MANUAL,
    ),
    form(E, 0x35, "TAB Mode+Amount", b"\tP+20.00", MANUAL),
    form(E, 0x35, "TAB", b"\t", MANUAL),
    form(E, 0x36, "Text", b"Text", MANUAL),
    form(E, 0x38, "", b"", MANUAL),
    form(E, 0x3C, "", b"", MANUAL),
    form(
        E,
        0x39,
        "[#]Bulstat[TAB Seller[TAB …]]",
        b"#1003600012346\tA\tB\tC\tD\tE",
        MANUAL,
    ),
    // Slips and paper.
    form(E, 0x26, "", b"", MANUAL),
    form(E, 0x2A, "Text", b"Text", MANUAL),
    form(E, 0x27, "", b"", MANUAL),
    form(E, 0x6D, "Count", b"1", MANUAL),
    form(E, 0x2C, "Lines", b"2", MANUAL),
    form(E, 0x54, "Type,Data", b"2,594112345678", MANUAL),
    form(E, 0x2B, "Item Text", b"I0", MANUAL),
    form(E, 0x6A, "[mSec]", b"15", MANUAL),
    form(E, 0x6A, "", b"", MANUAL),
    form(E, 0x21, "", b"", MANUAL).by(host::display),
    form(E, 0x23, "Text", b"Total 10.00", MANUAL).by(host::display_text),
    form(E, 0x2F, "Text", b"Total 10.00", MANUAL).by(host::display_text),
    form(E, 0x3F, "", b"", MANUAL).by(host::display),
    form(E, 0x64, "Text", b"Total 10.00", MANUAL).by(host::display_long_text),
    // Reports.
    form(E, 0x45, "[Option[N]]", b"0", MANUAL),
    form(E, 0x75, "[Option[N]]", b"2", MANUAL),
    form(E, 0x76, "[Option[N]]", b"2", MANUAL),
    form(E, 0x49, "[#][*]Start,End", b"1,12", MANUAL),
    form(E, 0x5F, "Start,End", b"1,12", MANUAL),
    form(E, 0x5E, "[#][*]Start[,End]", b"211126,221126", MANUAL),
    form(E, 0x4F, "Start[,End]", b"211126,221126", MANUAL),
    form(E, 0x5E, "[#][*]MMYY", b"1126", MANUAL).by(host::month_or_year),
    form(E, 0x4F, "MMYY", b"1126", MANUAL).by(host::month_or_year),
    form(E, 0x4F, "YY", b"26", MANUAL).by(host::month_or_year),
    form(E, 0x47, "", b"", MANUAL).by(host::diagnostics),
    // Questions and settings.
    form(E, 0x4A, "[Option]", b"", MANUAL),
    form(E, 0x4C, "[Option]", b"T", MANUAL),
    form(E, 0x4C, "", b"", MANUAL),
    form(E, 0x67, "", b"", MANUAL),
    form(E, 0x71, "", b"", MANUAL),
    form(E, 0x6E, "[Num]", b"", MANUAL),
    form(E, 0x41, "[Option]", b"0", MANUAL),
    form(E, 0x46, "[Amount]", b"", MANUAL),
    form(E, 0x46, "Amount", b"100.00", MANUAL),
    form(E, 0x46, "-Amount", b"-5.00", MANUAL),
    form(E, 0x5A, "Calc", b"1", MANUAL),
    form(
        E,
        0x53,
        "[Multiplier,Decimals,Currency,EnabledT,TaxA,…]",
        b"",
        MANUAL,
    ),
    form(E, 0x61, "", b"", MANUAL),
    form(E, 0x3E, "", b"", MANUAL),
    form(E, 0x3D, "DD-MM-YY HH:MM[:SS]", b"28-11-26 04:37:30", MANUAL),
    form(E, 0x44, "", b"", MANUAL),
    form(E, 0x56, "[T]", b"T", MANUAL),
    form(E, 0x63, "", b"", MANUAL),
    form(E, 0x55, "Option[,Name]", b"P", MANUAL).by(host::payment_name),
    form(E, 0x66, "OpCode,Pwd,OpName", b"1,0000,Ion", MANUAL).by(host::operator_name),
];
