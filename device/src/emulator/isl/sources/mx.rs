//! The forms of Datecs MX printers of Romania and Moldova. A Bulgarian MX printer has the forms of X.

use super::FormSource::{MakersCode, Manual, OtherDriver, Trace};
use super::{CommandForm, FormSource, form};
use crate::emulator::isl::hosts::{mx as host, x};
use crate::family::Protocol;

const MX: &[&str] = &["datecs-mx"];

const MANUAL: FormSource = Manual("Datecs FP protocol, Bucharest, 27.11.2017");
const SAMPLES: FormSource = MakersCode("Datecs FPrintWIN, sample file MX_samples.txt");
const YAMMER: FormSource = OtherDriver("com.yammer.bridge.fiscal, which sells on a DP-25MX");
const ISSUE_183: FormSource = Trace("erpnet/ErpNet.FP issue 183, DP-150MX");

/// The family whose forms this printer has.
pub(super) fn described_as(family: &Protocol) -> &'static str {
    match family.country {
        "BG" => "datecs-x",
        _ => family.name,
    }
}

/// Every form of MX.
pub(super) const FORMS: &[CommandForm] = &[
    // Receipts.
    form(MX, 0x30, "Op,Pwd,Till,,,", b"1\t0001\t1\t\t\t\t", MANUAL),
    form(
        MX,
        0x30,
        "Op,Pwd,Till,I,ClientTAXN,AirPortID",
        b"1\t0001\t1\tI\tRO123\t\t",
        MANUAL,
    ),
    form(MX, 0x30, "Op,Pwd,Till", b"1\t0001\t1\t", YAMMER),
    form(
        MX,
        0x30,
        "Op,Pwd,Till,Client",
        b"1\t1\t1\t123123123\t",
        SAMPLES,
    ),
    form(
        MX,
        0x31,
        "Name,TaxCd,Price,Qty,0,,Dept,Unit",
        b"Paine\t1\t9.50\t2.000\t0\t\t0\tbuc\t",
        MANUAL,
    ),
    form(
        MX,
        0x31,
        "Name,TaxCd,Price,Qty,Type,Value,Dept,Unit",
        b"Paine\t1\t9.50\t2.000\t4\t5.87\t0\tbuc\t",
        MANUAL,
    ),
    form(
        MX,
        0x31,
        "Name,TaxCd,-Price,Qty,,,Dept,Unit",
        b"Paine\t1\t-9.50\t2.000\t\t\t1\tBUC.\t",
        MANUAL,
    ),
    form(MX, 0x33, "Print,Display,,", b"1\t1\t\t\t", MANUAL),
    form(
        MX,
        0x33,
        "Print,Display,Type,Value",
        b"1\t1\t4\t1.00\t",
        MANUAL,
    ),
    form(
        MX,
        0x33,
        "Print,Display,Type,Value",
        b"1\t1\t4\t1\t",
        SAMPLES,
    ),
    form(MX, 0x35, "PaidMode,Amount", b"0\t50.00\t", MANUAL),
    form(MX, 0x35, "PaidMode,", b"1\t\t", YAMMER).by(x::pay_all),
    form(MX, 0x35, "no parameters", b"", SAMPLES).by(x::pay_all),
    form(
        MX,
        0x36,
        "Text,Bold,Italic,DoubleH,Underline,Align,",
        b"Text\t\t\t\t\t\t\t",
        MANUAL,
    ),
    form(
        MX,
        0x36,
        "Text,Bold,Italic,DoubleH,Underline,Align",
        b"Text\t1\t0\t1\t1\t1\t",
        SAMPLES,
    ),
    form(MX, 0x38, "", b"", MANUAL),
    form(MX, 0x3C, "", b"", MANUAL),
    // Slips and paper.
    form(MX, 0x26, "[1]", b"", MANUAL),
    form(
        MX,
        0x2A,
        "Text,Bold,Italic,DoubleH,Underline,Align,Condensed",
        b"Test\t\t\t\t\t\t\t",
        MANUAL,
    ),
    form(MX, 0x27, "[1]", b"", MANUAL),
    form(MX, 0x2B, "W,Line,Text", b"W\t1\tMagazin\t", MANUAL).by(host::header),
    form(MX, 0x2B, "R,Line,Record", b"R\t1\t1\t", MANUAL).by(host::header),
    form(MX, 0x2B, "I", b"I\t", MANUAL).by(host::header),
    form(MX, 0x2C, "[Lines]", b"2\t", MANUAL),
    form(MX, 0x2D, "", b"", MANUAL),
    form(MX, 0x2E, "", b"", MANUAL),
    form(MX, 0x54, "Type,Data,Size", b"2\t5941123456789\t3\t", MANUAL),
    form(MX, 0x5C, "Type", b"1\t", MANUAL),
    form(MX, 0x6A, "[ms]", b"50\t", MANUAL),
    form(MX, 0x6A, "[ms], empty", b"\t", MANUAL),
    form(MX, 0x21, "", b"", MANUAL).by(x::display),
    form(MX, 0x23, "Text", b"Total 10.00\t", MANUAL).by(x::display_text),
    form(MX, 0x2F, "Text", b"Total 10.00\t", MANUAL).by(x::display_text),
    form(MX, 0x50, "Hz,mSec", b"2000\t300\t", MANUAL).by(x::sound),
    // Reports.
    form(MX, 0x45, "X|Z", b"Z\t", MANUAL),
    form(MX, 0x45, "E|D|G", b"E\t", MANUAL).by(host::other_report),
    form(
        MX,
        0x5E,
        "Type,Start,End",
        b"0\t21-11-26\t22-11-26\t",
        MANUAL,
    ),
    form(MX, 0x5F, "Type,First,Last", b"0\t1\t12\t", MANUAL),
    form(MX, 0x47, "[InfoType]", b"0\t", MANUAL).by(x::general_information),
    form(MX, 0x69, "First,Last,Clear", b"1\t30\t0\t", MANUAL).by(x::report_of_operators),
    form(MX, 0x6F, "Type,First,Last", b"0\t\t\t", MANUAL).by(x::report_of_articles),
    // Questions about the day.
    form(MX, 0x4A, "", b"", MANUAL),
    form(MX, 0x4C, "", b"", MANUAL),
    form(MX, 0x67, "", b"", MANUAL),
    form(MX, 0x40, "[0]", b"0\t", MANUAL),
    form(MX, 0x40, "1", b"1\t", MANUAL).by(host::last_taxes),
    form(MX, 0x41, "[0|1]", b"0\t", MANUAL),
    form(MX, 0x41, "2|3", b"2\t", MANUAL).by(host::simplified_invoices),
    form(MX, 0x46, "Type,Amount", b"0\t10.00\t", MANUAL),
    form(MX, 0x6E, "[0]", b"0\t", MANUAL),
    form(MX, 0x6E, "1 to 5", b"2\t", MANUAL).by(host::day),
    form(MX, 0x44, "", b"", MANUAL),
    // Identity, settings, journal.
    form(MX, 0x5A, "1", b"1\t", MANUAL),
    form(MX, 0x5A, "1 without TAB", b"1", ISSUE_183),
    form(MX, 0x7B, "1", b"1\t", MANUAL).by(host::identity),
    form(MX, 0x7B, "3", b"3\t", MANUAL).by(host::last_receipt),
    form(MX, 0x32, "", b"", MANUAL),
    form(
        MX,
        0x53,
        "TaxA…TaxE",
        b"19.00\t9.00\t5.00\t0.00\t100.02\t",
        MANUAL,
    ),
    form(MX, 0x3E, "", b"", MANUAL),
    form(
        MX,
        0x3D,
        "DD-MM-YY hh:mm:ss[ DST]",
        b"28-11-26 04:37:30\t",
        MANUAL,
    ),
    form(MX, 0x56, "", b"", MANUAL),
    form(MX, 0x63, "", b"", MANUAL),
    form(MX, 0x64, "-Code", b"-111002\t", MANUAL),
    form(MX, 0x65, "Op,OldPwd,NewPwd", b"2\t0001\t4711\t", MANUAL).by(x::password),
    form(MX, 0x7C, "Start,End,Type", b"\t\t0\t", MANUAL),
    form(MX, 0x7D, "0,Doc,Type", b"0\t1\t0\t", MANUAL),
    form(MX, 0x7D, "1,,", b"1\t\t\t", MANUAL),
    form(MX, 0x95, "empty", b"\t", MANUAL),
    form(MX, 0x95, "0|2|3", b"0\t", MANUAL).by(host::set_mode),
    form(MX, 0xFF, "Name,Index,", b"nBon\t\t\t", MANUAL),
    form(MX, 0xFF, "Name,Index,[Value]", b"nZreport\t\t\t", MANUAL).by(host::variable),
];
