//! A lead in the hands of the caller, for who runs one body for several keys.
//!
//! Such a caller never waits while it leads: two of them, each of which led what the other wanted, would. So it takes the
//! leads that can be had, lands them all, and goes to wait for the rest when it leads nothing any more.

use std::task::Waker;

use super::ancestry::Running;
use super::lead::Lead;
use super::record::Found;
use super::{Ending, Event, Flights, Landing};

/// The lead of one key. Dropped before it has landed, it hands the lead on; its body has panicked or was cancelled if it
/// had begun.
pub(crate) struct Led<'f, L: Landing> {
    landing: L,
    begun: bool,
    lead: Option<Lead<'f, L::Key, L::Shared>>,
}

impl<K: Eq, A> Flights<K, A> {
    /// Leads a key, unless another call does. Never waits.
    pub(crate) fn lead<L>(&self, hash: u64, key: K, landing: L) -> Option<Led<'_, L>>
    where
        L: Landing<Key = K, Shared = A>,
    {
        let shard = self.shard(hash);
        // A key that leads nothing is dropped after the lock.
        let mut spare;
        let ticket = match shard.lead(hash, key) {
            Ok(ticket) => ticket,
            Err((mut table, key)) => {
                spare = Some(key);
                match table.enter(hash, &mut spare) {
                    Found::Led(ticket) => ticket,
                    Found::Running(_) | Found::Nothing => return None,
                }
            }
        };
        Some(Led {
            landing,
            begun: false,
            lead: Some(Lead::new(shard, hash, ticket)),
        })
    }
}

impl<L: Landing> Led<'_, L> {
    /// The answer, if it is kept by now: then there is nothing to lead.
    pub(crate) fn found(&mut self) -> Option<L::Answer> {
        let answer = self.landing.found()?;
        if let Some(mut lead) = self.lead.take() {
            lead.found();
        }
        self.landing.happened(Event::Coalesced);
        Some(answer)
    }

    /// Code of the body runs on this thread, until the answer is dropped. None when the lead has been taken away.
    pub(crate) fn running(&self) -> Option<Running> {
        self.lead.as_ref().map(Lead::running)
    }

    /// A poll of the body begins.
    pub(crate) fn resume(&mut self) -> Option<Running> {
        self.lead = self.lead.take().filter(Lead::resume);
        self.running()
    }

    /// A poll of the body has ended, and the body has not. `waker` is how it is polled again.
    pub(crate) fn pause(&self, waker: &Waker) {
        if let Some(lead) = &self.lead {
            lead.pause(waker);
        }
    }

    /// The body begins.
    pub(crate) fn begin(&mut self) {
        self.begun = true;
        self.landing.began();
    }

    /// The body has given this answer.
    pub(crate) fn land(mut self, answer: &L::Answer) {
        self.begun = false;
        self.landing.ended(Ending::Answered(answer));
        if let Some(mut lead) = self.lead.take() {
            lead.land(&mut self.landing, answer);
        }
    }
}

impl<L: Landing> Drop for Led<'_, L> {
    fn drop(&mut self) {
        if self.begun {
            self.landing.ended(if std::thread::panicking() {
                Ending::Panicked
            } else {
                Ending::Cancelled
            });
        }
    }
}
