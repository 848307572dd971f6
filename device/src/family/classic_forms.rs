//! The firmware of groups A and B, and the forms of the answers that the two groups share.

use super::codec::Codec;
use super::forms::{AnswerForm, Firmware, Source};
use crate::wire::isl_counters::{DayPayments, DeviceInfo, LastZ};

/// The firmware of group A whose answers are known to differ.
pub(super) const FIRMWARE_A: &[Firmware] = &[
    Firmware {
        name: MANUAL_A,
        title: "group A v1.00BG",
    },
    Firmware {
        name: ROMANIA,
        title: "Datecs Java class DP25ROU",
    },
    Firmware {
        name: OLD,
        title: "FP-3530 and FP-300/550",
    },
];

const MANUAL_A: &str = "a-1.00";
const ROMANIA: &str = "dp25rou";
const OLD: &str = "fp-3530";

/// The forms of 40h.
pub(super) const LAST_Z: &[AnswerForm<LastZ>] = &[
    AnswerForm {
        shape: "P,NNNN,TaxA…TaxH,DDMMYY; F before the first Z-report",
        source: Source::Manual(
            "group A v1.00BG and group B v2.04BG, 40h (64); Datecs Java SDK 2020, command64",
        ),
        firmware: &[MANUAL_A, MANUAL_B, SDK_B],
        codec: Codec {
            emit: LastZ::emit_field,
            parse: LastZ::parse_field,
        },
    },
    AnswerForm {
        shape: "PNNNN,TaxA…TaxH,DDMMYY; F before the first Z-report",
        source: Source::MakersCode("Datecs Java class DP25ROU"),
        firmware: &[ROMANIA],
        codec: Codec {
            emit: LastZ::emit_glued,
            parse: LastZ::parse_glued,
        },
    },
    AnswerForm {
        shape: "NNNN,Total,TaxA…TaxH,DDMMYY",
        source: Source::Manual("FP-3530 and FP-300/550, 40h (64)"),
        firmware: &[OLD],
        codec: Codec {
            emit: LastZ::emit_with_total,
            parse: LastZ::parse_with_total,
        },
    },
    AnswerForm {
        shape: "NNNN,TaxA…TaxH,DDMMYY",
        source: Source::Inference(
            "the form of the manual without its result code, as the code of the maker reads 6Eh and 67h",
        ),
        firmware: &[],
        codec: Codec {
            emit: LastZ::emit_bare,
            parse: LastZ::parse_bare,
        },
    },
];

/// The forms of 6Eh of group A.
pub(super) const DAY_PAYMENTS_A: &[AnswerForm<DayPayments>] = &[
    AnswerForm {
        shape: "Cash,Credit,Debit,Cheque,P1…P4,Closure,Receipt",
        source: Source::Manual("group A v1.00BG, 6Eh (110)"),
        firmware: &[MANUAL_A, ROMANIA, OLD],
        codec: Codec {
            emit: DayPayments::emit,
            parse: DayPayments::parse,
        },
    },
    AnswerForm {
        shape: "PCash,Credit,Debit,Cheque,P1…P4,Closure,Receipt",
        source: Source::Inference("DP25ROU writes the result code of 40h so"),
        firmware: &[],
        codec: Codec {
            emit: DayPayments::emit_glued,
            parse: DayPayments::parse_glued,
        },
    },
    AnswerForm {
        shape: "P,Cash,Credit,Debit,Cheque,P1…P4,Closure,Receipt",
        source: Source::Inference("group B writes its answer so"),
        firmware: &[],
        codec: Codec {
            emit: DayPayments::emit_field,
            parse: DayPayments::parse_field,
        },
    },
];

/// The form of 5Ah.
pub(super) const DEVICE_INFO: &[AnswerForm<DeviceInfo>] = &[
    AnswerForm {
        shape: "Name,FwRev FwDate FwTime,Chk,Sw,Serial,FM",
        source: Source::Manual("group A v1.00BG and group B v2.04BG, 5Ah (90)"),
        firmware: &[MANUAL_A, ROMANIA, OLD, MANUAL_B, SDK_B],
        codec: SIX_FIELDS,
    },
    NO_MEMORY,
];

/// The form of 5Ah without a fiscal memory.
pub(super) const NO_MEMORY: AnswerForm<DeviceInfo> = AnswerForm {
    shape: "Name,FwRev FwDate FwTime,Chk,Sw,Serial",
    source: Source::Trace("DP-150MX, ErpNet.FP issue 183"),
    firmware: &[],
    codec: Codec {
        emit: DeviceInfo::emit_five,
        parse: DeviceInfo::parse_five,
    },
};

/// The codec of an identity of six fields.
pub(super) const SIX_FIELDS: Codec<DeviceInfo> = Codec {
    emit: DeviceInfo::emit_six,
    parse: DeviceInfo::parse_six,
};

/// The firmware of group B whose answers are known to differ.
pub(super) const FIRMWARE_B: &[Firmware] = &[
    Firmware {
        name: MANUAL_B,
        title: "group B v2.04BG",
    },
    Firmware {
        name: SDK_B,
        title: "Datecs Java SDK 2020, class DP25_BGR",
    },
];

/// The name of the firmware of the manual.
pub(super) const MANUAL_B: &str = "b-2.04";
/// The name of the firmware for which the maker's Java classes were written.
pub(super) const SDK_B: &str = "dp25-sdk";
