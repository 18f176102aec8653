//! Whom evictions will ask about, for who fetches what is needed for that.

use super::Policy;
use super::queues::{Queue, Step};

/// How far ahead one [look](Policy::look_ahead) gets at most, in entries of each queue: as far as evictions can, nearly
/// always.
const STRIDES: u32 = 4;

/// Somebody whom an eviction will [ask](Policy::look_ahead) about before long, and then about who stands at `next`.
pub(crate) struct Ahead {
    pub(crate) id: u32,
    /// What is [kept](Policy::hash) of its hash.
    pub(crate) hash: u64,
    /// What is known of its key stands here.
    pub(crate) known: *const u8,
    pub(crate) next: *const u8,
}

impl Policy {
    /// Shows whom [`evict`](Self::evict) will ask about if nothing comes between: to who wants to have fetched in time
    /// what is needed for that. Goes on from where it has ended the last time.
    #[inline]
    pub(crate) fn look_ahead(&mut self, mut see: impl FnMut(Ahead)) {
        for queue in [Queue::Window, Queue::Main] {
            for _ in 0..STRIDES {
                let Some(Step { id, hash, next }) = self.queues.step_ahead(queue) else {
                    break;
                };
                let known = self.whereabouts().of(hash);
                see(Ahead {
                    id,
                    hash,
                    known,
                    next,
                });
            }
        }
    }
}
