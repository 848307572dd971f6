//! One step: the calls that it needs, and what came of them.

use std::cell::Cell;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ferrotill_core::event::{Event, RegistrationStep, ResourceKind, ResourceState};
use ferrotill_core::profile::signed::{Code, Form, Kind, PAYLOAD_BYTES_MAX};
use ferrotill_core::seal::Seal;
use ferrotill_store::Registration;

use super::{RegistrationParts, words};
use crate::authority::finanz_online::answer::{
    Answered, Meaning, RequestKind, RkdbAnswer, meaning, rkdb_answer,
};
use crate::authority::finanz_online::rkdb::{RkdbOperation, Sender, UnitName};
use crate::authority::finanz_online::{Action, CallFailure, call};
use crate::config::FinanzOnlineUser;
use crate::time::clock::iso_utc;

/// What a step needs.
pub(super) struct StepContext<'a> {
    pub(super) parts: &'a RegistrationParts,
    pub(super) user: &'a FinanzOnlineUser,
    pub(super) session: &'a str,
    /// The number of the next request.
    pub(super) packet: Cell<u32>,
}

/// What became of a step.
pub(super) enum Performed {
    /// The authority has answered.
    Answered {
        /// True if the step is done.
        done: bool,
        /// Its code and text.
        answered: Answered,
    },
    /// The session has ended; nothing was done.
    NewSession,
    /// It is not known, or not done, and the same step may be taken later.
    Later(String),
}

/// The unit or the receipt of a step.
enum StepSubject {
    Unit {
        provider: u16,
        serial: String,
        public: Vec<u8>,
    },
    Receipt {
        code: String,
        is_start: bool,
    },
    None,
}

/// Takes a step.
pub(super) fn perform(context: &StepContext<'_>, step: &Registration) -> Performed {
    let subject = match read_subject(context, step) {
        Ok(subject) => subject,
        Err(why) => return Performed::Later(why),
    };
    let performed = told(context, step, &subject);
    match performed {
        Ok((meaning, answer)) => Performed::Answered {
            done: meaning == Meaning::Done,
            answered: answer.answered,
        },
        Err(performed) => performed,
    }
}

/// Tells the authority of a step.
fn told(context: &StepContext<'_>, step: &Registration, subject: &StepSubject) -> Outcome {
    let (id, moment) = step
        .subject
        .rsplit_once('_')
        .unwrap_or((step.subject.as_str(), ""));
    match (step.step, subject) {
        (
            RegistrationStep::Unit,
            StepSubject::Unit {
                provider,
                serial,
                public,
            },
        ) => register_unit(context, *provider, serial, public),
        (RegistrationStep::CashBox, _) => register_cash_box(context, &step.subject),
        (RegistrationStep::Receipt, StepSubject::Receipt { code, is_start }) => {
            // The check of a start receipt brings its cash box into operation, which a later question shows.
            let asked_first = *is_start && step.due_seq == step.subject_seq;
            check_receipt(context, id, code, asked_first)
        }
        (RegistrationStep::UnitFails, _) => {
            let since = second_of(moment.parse().unwrap_or_default());
            let unit = UnitName::of(id);
            let operation = RkdbOperation::UnitFails {
                unit,
                since: &since,
            };
            let state = RkdbOperation::UnitState(unit);
            context.tell((&operation, RequestKind::Outage), &state)
        }
        (RegistrationStep::UnitWorks, _) => unit_works(context, id, moment),
        (RegistrationStep::CashBoxFails, _) => {
            let since = second_of(moment.parse().unwrap_or_default());
            let operation = RkdbOperation::CashBoxFails { id, since: &since };
            let state = RkdbOperation::CashBoxState { id };
            context.tell((&operation, RequestKind::Outage), &state)
        }
        (RegistrationStep::CashBoxWorks, _) => {
            let since = second_of(step.due_ms);
            let operation = RkdbOperation::CashBoxWorks { id, since: &since };
            let state = RkdbOperation::CashBoxState { id };
            context.tell((&operation, RequestKind::Works), &state)
        }
        (RegistrationStep::CashBoxEnds, _) => {
            let id = step.subject.as_str();
            let broken = is_broken(context, id);
            let operation = RkdbOperation::CashBoxEnds { id, broken };
            let state = RkdbOperation::CashBoxState { id };
            context.tell((&operation, RequestKind::End), &state)
        }
        (RegistrationStep::UnitEnds, _) => {
            let unit = UnitName::of(&step.subject);
            let operation = RkdbOperation::UnitEnds(unit);
            let state = RkdbOperation::UnitState(unit);
            context.tell((&operation, RequestKind::End), &state)
        }
        _ => Err(Performed::Later(
            "the journal has neither the unit nor the receipt of the step".to_owned(),
        )),
    }
}

/// A meaning and its answer, or why there is none that ends the step.
type Outcome = Result<(Meaning, RkdbAnswer), Performed>;

impl StepContext<'_> {
    /// Sends one request. Only meanings that say something of the unit, the cash box or the receipt are returned.
    fn ask(&self, operation: &RkdbOperation<'_>, kind: RequestKind) -> Outcome {
        let at = second_of(self.parts.guard.now().utc_ms);
        let packet = self.packet.get();
        self.packet.set(packet.saturating_add(1));
        let request = operation.request(Sender {
            user: self.user,
            session: self.session,
            test: self.parts.test,
            packet,
            at: &at,
        });
        let answer = call(&self.parts.config.url, Action::Rkdb, &request);
        let answer = answer.and_then(|(body, _)| {
            rkdb_answer(&body).map_err(|why| CallFailure::Foreign { status: 200, why })
        });
        let answer = match answer {
            Ok(answer) => answer,
            Err(CallFailure::Form(message)) => RkdbAnswer {
                answered: Answered {
                    code: "fault".to_owned(),
                    message,
                },
                state: None,
            },
            Err(failure) => return Err(Performed::Later(failure.to_string())),
        };
        match meaning(kind, &answer.answered.code) {
            Meaning::NewSession => Err(Performed::NewSession),
            Meaning::Later => Err(Performed::Later(words(&answer.answered))),
            meaning => Ok((meaning, answer)),
        }
    }

    /// Reports an outage, its end, or the end of something that is registered, unless the authority knows it already.
    fn tell(
        &self,
        (operation, kind): (&RkdbOperation<'_>, RequestKind),
        state: &RkdbOperation<'_>,
    ) -> Outcome {
        let (meaning, answer) = self.ask(state, RequestKind::State)?;
        let is_told = match (kind, meaning, answer.state.as_deref()) {
            (RequestKind::Outage, Meaning::Done, Some("AUSFALL"))
            | (RequestKind::Works, Meaning::Done, Some("IN_BETRIEB")) => true,
            // What is registered and not known any more is out of use.
            (RequestKind::End, Meaning::Unknown, _) => true,
            _ => false,
        };
        match is_told {
            true => Ok((Meaning::Done, known(answer))),
            false => self.ask(operation, kind),
        }
    }

    /// Registers something, unless the authority knows it already. `state` asks for its state.
    fn register(&self, operation: &RkdbOperation<'_>, state: &RkdbOperation<'_>) -> Outcome {
        let (meaning, answer) = self.ask(state, RequestKind::State)?;
        match meaning {
            Meaning::Done => return Ok((Meaning::Done, known(answer))),
            Meaning::Unknown => {}
            meaning => return Ok((meaning, answer)),
        }
        let (meaning, answer) = self.ask(operation, RequestKind::Register)?;
        if meaning != Meaning::Unclear {
            return Ok((meaning, answer));
        }
        let (meaning, found) = self.ask(state, RequestKind::State)?;
        match meaning {
            Meaning::Done => Ok((Meaning::Done, known(found))),
            _ => Ok((Meaning::Refused, answer)),
        }
    }
}

/// The answer about something that the authority knows: the text is its state.
fn known(answer: RkdbAnswer) -> RkdbAnswer {
    let message = answer.state.clone().unwrap_or_default();
    RkdbAnswer {
        answered: Answered {
            message,
            ..answer.answered
        },
        ..answer
    }
}

fn register_unit(context: &StepContext<'_>, provider: u16, serial: &str, public: &[u8]) -> Outcome {
    let unit = UnitName::of(serial);
    let public = STANDARD.encode(public);
    let operation = match unit {
        UnitName::Certificate(serial) => RkdbOperation::RegisterUnit {
            form: context.parts.signatures.units().form_of(serial),
            provider,
            serial,
        },
        UnitName::Key { .. } => RkdbOperation::RegisterKey {
            unit,
            public: &public,
        },
    };
    context.register(&operation, &RkdbOperation::UnitState(unit))
}

fn register_cash_box(context: &StepContext<'_>, id: &str) -> Outcome {
    let Some(secret) = context.parts.signatures.cash_box(id) else {
        return Err(Performed::Later(format!(
            "the till has no key of the cash box {id}"
        )));
    };
    let key = secret.key.to_base64();
    let operation = RkdbOperation::RegisterCashBox { id, key: &key };
    context.register(&operation, &RkdbOperation::CashBoxState { id })
}

fn check_receipt(
    context: &StepContext<'_>,
    cash_box: &str,
    code: &str,
    asked_first: bool,
) -> Outcome {
    if asked_first {
        let state = RkdbOperation::CashBoxState { id: cash_box };
        let (_, answer) = context.ask(&state, RequestKind::State)?;
        if matches!(answer.state.as_deref(), Some("IN_BETRIEB" | "AUSFALL")) {
            return Ok((Meaning::Done, known(answer)));
        }
    }
    context.ask(&RkdbOperation::CheckReceipt { code }, RequestKind::Check)
}

/// Whether a caller has said that the register of a cash box will not work again.
fn is_broken(context: &StepContext<'_>, cash_box: &str) -> bool {
    let device = context.parts.signatures.device_of(cash_box);
    let resources = context.parts.live_status.resources();
    let register = device.and_then(|id| resources.get(ResourceKind::CashRegister, id));
    register.is_some_and(|register| register.state == ResourceState::Defective)
}

fn unit_works(context: &StepContext<'_>, serial: &str, began: &str) -> Outcome {
    let outages = context.parts.reader.unit_outages();
    let outages = outages.map_err(|error| Performed::Later(error.to_string()))?;
    let began_ms = began.parse().ok();
    let ended_ms = outages
        .iter()
        .find(|outage| outage.serial == serial && Some(outage.began_ms) == began_ms)
        .and_then(|outage| outage.ended_ms);
    let Some(ended_ms) = ended_ms else {
        return Err(Performed::Later("the outage is not over".to_owned()));
    };
    let since = second_of(ended_ms);
    let operation = RkdbOperation::UnitWorks {
        unit: UnitName::of(serial),
        since: &since,
    };
    let state = RkdbOperation::UnitState(UnitName::of(serial));
    context.tell((&operation, RequestKind::Works), &state)
}

/// A moment to the second, in UTC.
fn second_of(utc_ms: i64) -> String {
    let text = iso_utc(utc_ms);
    let second = text.split('.').next().unwrap_or(&text);
    format!("{}Z", second.trim_end_matches('Z'))
}

/// Reads the unit or the receipt of a step from the journal.
fn read_subject(context: &StepContext<'_>, step: &Registration) -> Result<StepSubject, String> {
    let needs_row = matches!(
        step.step,
        RegistrationStep::Unit | RegistrationStep::Receipt
    );
    if !needs_row {
        return Ok(StepSubject::None);
    }
    let read = context
        .parts
        .reader
        .with_event(step.subject_seq, subject_of);
    let read = read.map_err(|error| error.to_string())?;
    match (read, step.step) {
        // A caller has the unit registered before it signs its first receipt.
        (None | Some(StepSubject::None), RegistrationStep::Unit) => {
            let units = context.parts.signatures.units();
            Ok(match units.public_of(&step.subject) {
                Some(unit) => StepSubject::Unit {
                    provider: unit.provider,
                    serial: unit.serial,
                    public: unit.der,
                },
                None => StepSubject::None,
            })
        }
        (read, _) => Ok(read.unwrap_or(StepSubject::None)),
    }
}

fn subject_of(event: &Event<'_>) -> StepSubject {
    let receipt = |kind: Kind, compact: &str| {
        let mut room = [0; PAYLOAD_BYTES_MAX];
        let Ok(code) = Code::parse_compact(compact, &mut room) else {
            return StepSubject::None;
        };
        StepSubject::Receipt {
            code: code.display(Form::Qr).to_string(),
            is_start: kind == Kind::Start,
        }
    };
    match event {
        Event::UnitAdopted(unit) => StepSubject::Unit {
            provider: unit.provider,
            serial: unit.serial.to_owned(),
            public: unit.public.to_vec(),
        },
        Event::ReceiptSigned(signed) => receipt(signed.kind, signed.compact),
        Event::Sealed(sealed) => match sealed.seal {
            Seal::Signature { kind, compact } => receipt(kind, compact),
            _ => StepSubject::None,
        },
        _ => StepSubject::None,
    }
}
