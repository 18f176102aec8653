//! Who goes ahead of the oldest entry of a queue, so that what is known of those behind it is at hand when they are asked
//! about.
//!
//! Each is at the end of a chain: its node says who is next. A scout takes one link with each step: it fetches nothing
//! itself, and reads only what it has shown to who does a step before.

use super::{HEADS, Node, Queue, Queues};

/// How far ahead of the oldest entry a scout gets.
const AHEAD: u32 = 6;

/// See the module.
///
/// It is where it is: when that entry leaves its place, the scout goes on to the next.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Scout {
    /// The entry it is at; a head when it is at no entry.
    at: u32,
    /// How far ahead it is, about: entries between it and the oldest may have left.
    ahead: u32,
}

/// One step of a scout.
pub(in crate::parts::policy) struct Step {
    /// The entry that was come to.
    pub(in crate::parts::policy) id: u32,
    /// What is [kept](super::KEPT) of its hash.
    pub(in crate::parts::policy) hash: u64,
    /// Where what is known of the one after it stands.
    pub(in crate::parts::policy) next: *const u8,
}

impl Scout {
    /// An entry of its queue leaves its place.
    #[inline]
    pub(super) fn left(&mut self, index: u32, node: Node) {
        if self.at == index {
            self.at = node.newer();
            self.ahead = 0;
        } else if node.older() < HEADS {
            self.ahead = self.ahead.saturating_sub(1);
        }
    }

    /// An entry is in another place of the slab.
    pub(super) fn renamed(&mut self, from: u32, to: u32) {
        if self.at == from {
            self.at = to;
        }
    }
}

impl Queues {
    /// Goes one step ahead in a queue; none when that is far enough, or all of the queue.
    #[inline]
    pub(in crate::parts::policy) fn step_ahead(&mut self, queue: Queue) -> Option<Step> {
        let scout = self.scouts.get(queue.head() as usize).copied()?;
        if scout.ahead >= AHEAD {
            return None;
        }
        let (at, ahead) = if scout.at < HEADS {
            (self.oldest(queue)?.0 + HEADS, 0)
        } else {
            (scout.at, scout.ahead)
        };
        let node = self.nodes.get(at as usize).copied()?;
        let next = node.newer();
        if let Some(scout) = self.scouts.get_mut(queue.head() as usize) {
            *scout = Scout {
                at: next,
                ahead: ahead + 1,
            };
        }
        Some(Step {
            id: at.saturating_sub(HEADS),
            hash: node.hash(),
            next: self.nodes.as_ptr().wrapping_add(next as usize).cast(),
        })
    }
}
