//! Who comes into the line, and who is refused.

use std::sync::Arc;
use std::task::Waker;

use super::group::{Common, Group, Queue};
use super::inside::Inside;
use super::settings::Full;
use crate::parts::batch::{Arrival, Entered};
use crate::rejected::Rejected;

/// Whether there was room for who has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    Some,
    /// It waits all the same.
    None,
}

pub(super) type Arrived<I> = Arrival<I, Arc<Inside>>;

/// A caller that has not come in; to be dropped.
pub(super) struct Refused<I> {
    pub(super) arrival: Arrived<I>,
    pub(super) rejected: Rejected,
}

/// How a caller came in.
pub(super) type Admitted<T, I> = Result<(T, Room), Refused<I>>;

impl Common {
    /// Whether somebody may come where so many wait. To be asked under the lock of the group.
    fn room(&self, queued: usize) -> Result<Room, Rejected> {
        let is_full = queued >= self.max_queue;
        if self.is_closed() {
            Err(Rejected::shut_down(self.op))
        } else if !is_full {
            Ok(Room::Some)
        } else if self.settings.full == Full::Reject {
            Err(Rejected::queue_full(self.op))
        } else {
            Ok(Room::None)
        }
    }
}

impl<K, I, A> Group<K, I, A> {
    /// One caller.
    pub(super) fn admit<T>(
        &self,
        arrival: Arrived<I>,
        enter: impl FnOnce(&mut Queue<I, A>, Arrived<I>) -> T,
    ) -> Admitted<T, I> {
        let mut line = self.lock();
        match self.common.room(line.queued()) {
            Ok(room) => Ok((enter(&mut line, arrival), room)),
            Err(rejected) => Err(Refused { arrival, rejected }),
        }
    }

    /// Many callers, who come together; and the leader that has waited for them.
    pub(super) fn admit_all(
        &self,
        arrivals: Vec<Arrived<I>>,
        is_urgent: bool,
    ) -> (Vec<Admitted<Entered, I>>, Option<Waker>) {
        let mut admitted = Vec::with_capacity(arrivals.len());
        let mut line = self.lock();
        for arrival in arrivals {
            admitted.push(match self.common.room(line.queued()) {
                Ok(room) => Ok((line.follow(arrival), room)),
                Err(rejected) => Err(Refused { arrival, rejected }),
            });
        }
        let leader = line.filled(self.common.bounds, is_urgent);
        drop(line);
        (admitted, leader)
    }
}
