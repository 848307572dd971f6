//! The forms of Datecs X printers, and of MX printers where their manual has more.

use super::FormSource::{Inference, MakersCode, Manual, OtherDriver, Trace};
use super::{CommandForm, FormSource, form};
use crate::emulator::isl::hosts::{items, x as host, x_questions as question};

const X: &[&str] = &["datecs-x"];

const MANUAL: FormSource =
    Manual("Datecs FMP-350X/55X, FP-700X/XE, WP-500X/50X/25X, DP-25X/150X/05C, v2.08");
const MANUAL_PM: FormSource =
    Manual("Datecs protocol 2.11.4, as cited by rosenvladimirov/Odoo.ErpNet.FP");
const MANUAL_RO: FormSource = Manual("Datecs FP protocol, Bucharest, 27.11.2017");
const SDK: FormSource = MakersCode("Datecs Java SDK 2020, class FP700X_BGR");
const DEMO: FormSource = MakersCode("Datecs demo application 2020, MenuFragment.java");
const SAMPLES_MX: FormSource = MakersCode("Datecs FPrintWIN, sample file MX_samples.txt");
const FPGATE: FormSource = OtherDriver("edabg/fpgate, DeviceDatecsXV1");
const ODOO: FormSource = OtherDriver("rosenvladimirov/Odoo.ErpNet.FP, pm_v2_11_4.py");
const ERPNET: FormSource = OtherDriver("erpnet/ErpNet.FP, BgDatecsXIslFiscalPrinter");
const ISSUE_183: FormSource = Trace("erpnet/ErpNet.FP issue 183, DP-150MX");

/// Every form of X.
pub(super) const FORMS: &[CommandForm] = &[
    // Receipts.
    form(X, 0x30, "Op,Pwd,Till,Invoice", b"1\t1\t24\tI\t", MANUAL_PM),
    form(X, 0x30, "Op,Pwd,Till,", b"1\t0000\t1\t\t", MANUAL),
    form(
        X,
        0x30,
        "Op,Pwd,NSale,Till,Invoice",
        b"1\t1\tDT000001-0001-0000001\t1\t\t",
        MANUAL,
    ),
    form(X, 0x30, "Op,Pwd,Till", b"1\t0000\t1\t", MANUAL_RO).by(host::open),
    form(
        X,
        0x30,
        "Op,Pwd,Till,Invoice,ClientTAXN,AirPortID",
        b"1\t0000\t1\tI\tRO123\t\t",
        MANUAL_RO,
    )
    .by(host::open),
    form(
        X,
        0x2B,
        "Op,Pwd,Till,Storno,DocNum,DateTime,FM,Invoice,ToInvoice,Reason,NSale",
        b"1\t1\t1\t1\t12\t21-11-26 10:30:00\t02700001\t\t\t\tDT000001-0001-0000001\t",
        MANUAL,
    ),
    form(
        X,
        0x2B,
        "…,DateTime,FM,,,,",
        b"1\t0000\t1\t1\t12\t21-11-26 10:30:00\t02700001\t\t\t\t\t",
        Inference("2Bh with an empty unique sale number"),
    ),
    form(
        X,
        0x2B,
        "…,,,,,,",
        b"1\t0000\t1\t1\t12\t\t\t\t\t\t\t",
        Inference("date and fiscal memory stay empty too, which the manual does not allow"),
    ),
    form(
        X,
        0x31,
        "Name,TaxCd,Price,Qty,0,,Dept",
        b"Paine\t1\t9.50\t2.000\t0\t\t0\t",
        SAMPLES_MX,
    ),
    form(
        X,
        0x31,
        "Name,TaxCd,Price,Qty,Type,Value,Dept",
        b"Paine\t1\t9.50\t2.000\t4\t5.87\t0\t",
        MANUAL,
    ),
    form(
        X,
        0x31,
        "Name,TaxCd,-Price,Qty,0,,Dept",
        b"Paine\t1\t-9.50\t2.000\t0\t\t0\t",
        MANUAL,
    ),
    form(
        X,
        0x31,
        "…,Dept,Unit",
        b"Paine\t1\t9.50\t2.000\t\t\t1\tBUC.\t",
        MANUAL_RO,
    ),
    form(
        X,
        0x31,
        "Name,TaxCd,Price,Qty,0,0,Dept[,Unit]",
        b"Paine\t1\t9.50\t2.000\t0\t0\t0\t",
        SAMPLES_MX,
    )
    .by(host::sale_without_discount),
    form(X, 0x33, "Print,Display,Type,Value", b"1\t1\t\t\t", MANUAL),
    form(
        X,
        0x33,
        "Print,Display,Type,Value",
        b"1\t1\t4\t1\t",
        SAMPLES_MX,
    ),
    form(
        X,
        0x33,
        "Print,Display,Type,Value",
        b"1\t1\t4\t1.00\t",
        MANUAL,
    ),
    form(X, 0x35, "Mode,Amount,Type", b"0\t50.00\t\t", MANUAL),
    form(X, 0x35, "Mode,Amount", b"0\t50.00\t", ODOO),
    form(X, 0x35, "Mode,", b"0\t\t", ODOO).by(host::pay_all),
    form(X, 0x35, "Mode,,", b"0\t\t\t", ERPNET).by(host::pay_all),
    form(X, 0x35, "no parameters", b"", SAMPLES_MX).by(host::pay_all),
    form(X, 0x35, "Mode,0.0", b"0\t0.0\t", DEMO).by(host::pay_all),
    form(X, 0x35, "Mode,0.00,", b"0\t0.00\t\t", FPGATE).by(host::pay_all),
    form(
        X,
        0x36,
        "Text,Bold,Italic,DoubleH,Underline,Align",
        b"Text\t\t\t\t\t\t",
        MANUAL,
    ),
    form(X, 0x38, "", b"", MANUAL),
    form(X, 0x3C, "", b"", MANUAL),
    form(
        X,
        0x39,
        "Seller,…,TaxNo",
        b"A\tB\tC\tD\tE\t0\t100360001\tMD1\t",
        FPGATE,
    ),
    // Slips and paper.
    form(X, 0x26, "", b"", MANUAL),
    form(X, 0x2A, "Text", b"Test\t", MANUAL),
    form(X, 0x27, "", b"", MANUAL),
    form(X, 0x6D, "", b"", MANUAL),
    form(X, 0x2C, "[Lines]", b"2\t", MANUAL),
    form(X, 0x2D, "", b"", MANUAL),
    form(X, 0x2E, "", b"", MANUAL),
    form(X, 0x54, "Type,Data,Size", b"2\t594112345678\t3\t", MANUAL),
    form(X, 0x5C, "Type", b"1\t", MANUAL),
    form(X, 0x6A, "[ms]", b"50\t", MANUAL),
    form(X, 0x6A, "[ms], empty", b"\t", MANUAL),
    form(X, 0x21, "", b"", MANUAL).by(host::display),
    form(X, 0x23, "Text", b"Total 10.00\t", MANUAL).by(host::display_text),
    form(X, 0x2F, "Text", b"Total 10.00\t", MANUAL).by(host::display_text),
    form(X, 0x3F, "", b"", MANUAL).by(host::display),
    form(X, 0x50, "Hz,mSec", b"2000\t300\t", MANUAL).by(host::sound),
    // Reports.
    form(X, 0x45, "X|Z", b"Z\t", MANUAL),
    form(X, 0x45, "D|G", b"D\t", MANUAL),
    form(X, 0x45, "E", b"E\t", MANUAL_RO).by(host::report_of_device),
    form(
        X,
        0x5E,
        "Type,Start,End",
        b"0\t21-11-26\t22-11-26\t",
        MANUAL,
    ),
    form(X, 0x5F, "Type,First,Last", b"0\t1\t12\t", MANUAL),
    form(X, 0x47, "[Type]", b"0\t", FPGATE).by(host::general_information),
    form(X, 0x47, "Type without TAB", b"2", SDK).by(host::general_information),
    form(X, 0x69, "First,Last,Clear", b"1\t30\t0\t", MANUAL).by(host::report_of_operators),
    form(X, 0x6F, "Type,First,Last", b"0\t\t\t", MANUAL).by(host::report_of_articles),
    // Questions about the day.
    form(X, 0x4A, "", b"", MANUAL),
    form(X, 0x4A, "0", b"0\t", FPGATE).by(question::receipt_status),
    form(X, 0x4A, "1", b"1\t", FPGATE).by(question::code_of_last_receipt),
    form(X, 0x4C, "", b"", MANUAL),
    form(X, 0x67, "", b"", MANUAL),
    form(X, 0x40, "[Type]", b"0\t", MANUAL),
    form(X, 0x40, "Type 1 to 3", b"2\t", FPGATE).by(question::last_z),
    form(X, 0x41, "[Type]", b"0\t", MANUAL),
    form(X, 0x46, "Type,Amount", b"0\t10.00\t", MANUAL),
    form(X, 0x6E, "0", b"0\t", MANUAL),
    form(X, 0x6E, "1", b"1\t", MANUAL),
    form(X, 0x6E, "2 to 5", b"2\t", MANUAL).by(question::day),
    form(X, 0x70, "Operator", b"1\t", MANUAL).by(question::operator),
    form(X, 0x57, "ItemGroup", b"1\t", MANUAL).by(question::article_group),
    form(X, 0x58, "Department", b"1\t", FPGATE).by(question::department),
    // Identity, settings, journal.
    form(X, 0x5A, "1", b"1\t", MANUAL),
    form(X, 0x5A, "1 without TAB", b"1", ISSUE_183),
    form(X, 0x7B, "1", b"1\t", MANUAL),
    form(X, 0x7B, "3", b"3\t", MANUAL),
    form(X, 0x7B, "2, 4, 5", b"2\t", SDK).by(question::device),
    form(X, 0x32, "", b"", MANUAL),
    form(
        X,
        0x53,
        "TaxA…TaxH,decimal_point",
        b"20.00\t8.00\t0.00\t100.00\t100.00\t100.00\t100.00\t100.00\t2\t",
        MANUAL,
    ),
    form(
        X,
        0x53,
        "TaxA…TaxE",
        b"19.00\t9.00\t5.00\t0.00\t100.02\t",
        MANUAL_RO,
    )
    .by(host::five_rates),
    form(X, 0x3E, "", b"", MANUAL),
    form(
        X,
        0x3D,
        "DD-MM-YY hh:mm:ss[ DST]",
        b"28-11-26 04:37:30\t",
        MANUAL,
    ),
    form(X, 0x44, "", b"", MANUAL),
    form(X, 0x48, "for the service", b"", MANUAL),
    form(X, 0x56, "", b"", MANUAL),
    form(X, 0x5B, "for the service", b"", MANUAL),
    form(X, 0x62, "for the service", b"", MANUAL),
    form(X, 0x63, "", b"", MANUAL),
    form(X, 0x64, "-Code", b"-111002\t", MANUAL),
    form(X, 0x65, "Op,OldPwd,NewPwd", b"2\t0000\t4711\t", MANUAL).by(host::password),
    form(X, 0x6B, "Option,…", b"I\t", FPGATE).by(items::articles),
    form(X, 0x7C, "Start,End,Type", b"\t\t0\t", MANUAL),
    form(X, 0x7D, "0,Doc,Type", b"0\t1\t0\t", MANUAL),
    form(X, 0x7D, "1,,", b"1\t\t\t", MANUAL),
    form(X, 0x7D, "3,Doc,Type", b"3\t1\t0\t", FPGATE).by(host::journal_copy),
    form(X, 0xFF, "Name,Index,", b"nBon\t\t\t", MANUAL),
    form(X, 0xFF, "Name,Index,", b"EcrSafeOpening\t\t\t", MANUAL),
    form(
        X,
        0xFF,
        "PrintColumns and others",
        b"PrintColumns\t\t\t",
        FPGATE,
    )
    .by(question::variable),
];
