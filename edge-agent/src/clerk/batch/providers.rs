//! Payments of payment providers: the clerk stores what a provider is asked, what it has answered, and which document is paid.

use std::sync::mpsc::SyncSender;

use ferrotill_core::event::{
    Event, ProviderAnswer, ProviderAnswered, ProviderAsked, ProviderStep, ProviderUsed,
};
use ferrotill_core::id::{Fingerprint, OperationReference, UniqueId};
use ferrotill_core::time::Moment;

use super::super::message::ProviderNews;
use super::{Effect, Tills, document_id};
use crate::order::provider::{ProviderNewsOutcome, ProviderWord};
use ferrotill_store::{Batch, ProviderSource, StoreError};

impl Tills {
    /// Stores news of a payment. News that do not fit what is known of the payment are not stored, and the reply says so.
    pub(super) fn on_provider_news(
        &mut self,
        batch: &mut Batch<'_>,
        news: &ProviderNews,
        reply: SyncSender<ProviderNewsOutcome>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let at = self.settings.guard.now();
        let event = event_of(news, at);
        let source = match news {
            ProviderNews::Asked {
                seen: Some(seen), ..
            } => ProviderSource::Seen(*seen),
            ProviderNews::Declared { .. } => ProviderSource::Person,
            ProviderNews::Asked { seen: None, .. }
            | ProviderNews::Answered { .. }
            | ProviderNews::Used { .. } => ProviderSource::Till,
        };
        let outcome = match batch.append_provider(&event, at.utc_ms, source)? {
            true => ProviderNewsOutcome::Stored,
            false => ProviderNewsOutcome::DoesNotFit,
        };
        effects.push(Effect::ProviderNews(reply, outcome));
        Ok(())
    }
}

/// The event of news.
fn event_of(news: &ProviderNews, at: Moment) -> Event<'_> {
    let reference = |id: &uuid::Uuid| OperationReference(*id.as_bytes());
    match news {
        ProviderNews::Asked {
            reference: id,
            device,
            step,
            provider,
            amount,
            fingerprint,
            seen: _,
        } => Event::ProviderAsked(ProviderAsked {
            reference: reference(id),
            device: UniqueId(*device.as_bytes()),
            at,
            step: *step,
            provider: limited(provider, ProviderAnswered::TEXT_BYTES_MAX),
            amount: *amount,
            fingerprint: Fingerprint(*fingerprint),
        }),
        ProviderNews::Answered {
            reference: id,
            step,
            answer,
        } => Event::ProviderAnswered(ProviderAnswered {
            reference: reference(id),
            at,
            step: *step,
            answer: answer_of(answer),
        }),
        // A person's word is about the money itself.
        ProviderNews::Declared {
            reference: id,
            answer,
        } => Event::ProviderAnswered(ProviderAnswered {
            reference: reference(id),
            at,
            step: ProviderStep::Pay,
            answer: answer_of(answer),
        }),
        ProviderNews::Used {
            reference: id,
            document,
        } => Event::ProviderUsed(ProviderUsed {
            reference: reference(id),
            at,
            document: document_id(*document),
        }),
    }
}

fn answer_of(word: &ProviderWord) -> ProviderAnswer<'_> {
    let text = |text| limited(text, ProviderAnswered::TEXT_BYTES_MAX);
    match word {
        ProviderWord::Done { number, answer } => ProviderAnswer::Done {
            number: text(number),
            answer: limited(answer, ProviderAnswered::ANSWER_BYTES_MAX),
        },
        ProviderWord::Begun { number, answer } => ProviderAnswer::Begun {
            number: text(number),
            answer: limited(answer, ProviderAnswered::ANSWER_BYTES_MAX),
        },
        ProviderWord::NotDone(reason) => ProviderAnswer::NotDone {
            reason: text(reason),
        },
        ProviderWord::LaidAside { reason, by } => ProviderAnswer::LaidAside {
            reason: text(reason),
            by: text(by),
        },
    }
}

/// At most so many bytes of a text.
fn limited(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes))
        .unwrap_or_default()
}
