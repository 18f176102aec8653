//! Waves: what one caller hands in at once, and each item is a call of the function with all that stands around it.
//!
//! Such calls are futures that nobody can see into. So the thread that polls them for the first time knows the wave, and a
//! call that comes by with the waker of it [holds](crate::parts::batch::Line::hold) its item, which costs nobody else any time. When all have come
//! by, each group gets its part of the wave under one lock. A call that is polled otherwise, by who has a waker of its own, is
//! not of the wave.

use std::any::Any;
use std::cell::RefCell;
use std::sync::Arc;
use std::task::Waker;

use super::books::Item;
use super::group::Group;
use super::sync::thread_local;
use crate::parts::batch::{Given, Held, Loss};
use crate::rt::wake_all;

thread_local! {
    /// That of what this thread polls.
    static OPEN: RefCell<Option<Open>> = const { RefCell::new(None) };
}

struct Open {
    waker: Waker,
    parts: Vec<Box<dyn AnyPart>>,
}

/// What is held of a wave in a group.
struct Part<K, I, A> {
    group: Arc<Group<K, I, A>>,
    held: Vec<Held>,
}

trait AnyPart {
    fn as_any(&mut self) -> &mut dyn Any;
    /// Puts it into the line.
    fn release(&mut self);
    /// Whether somebody has to lead, and nobody does.
    fn is_unled(&self) -> bool;
    /// Lets somebody look whether it has to lead.
    fn call_leader(&self);
}

impl<K, I, A> AnyPart for Part<K, I, A>
where
    K: 'static,
    I: 'static,
    A: 'static,
{
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }

    fn release(&mut self) {
        let common = &self.group.common;
        let mut given = Given::new();
        let refused = {
            let mut line = self.group.lock();
            if common.is_closed() {
                line.turn_away(&self.held, &Loss::ShutDown, &mut given)
            } else {
                given.wakers.extend(line.release(common.bounds, &self.held));
                Vec::new()
            }
        };
        for _ in &refused {
            common.books.count(Item::Left);
            common.books.count(Item::Rejected);
        }
        wake_all(given.wakers);
    }

    fn is_unled(&self) -> bool {
        self.group.lock().is_unled(self.group.common.bounds)
    }

    fn call_leader(&self) {
        let mut wakers = Vec::new();
        self.group
            .lock()
            .call_leader(self.group.common.bounds, &mut wakers);
        wake_all(wakers);
    }
}

/// Whether a call that is polled with this waker is of a wave.
pub(super) fn is_open(waker: &Waker) -> bool {
    let is_open = |open: &RefCell<Option<Open>>| {
        let open = open.try_borrow();
        open.is_ok_and(|open| {
            open.as_ref()
                .is_some_and(|open| open.waker.will_wake(waker))
        })
    };
    OPEN.try_with(is_open).unwrap_or_default()
}

/// Makes an item a part of the wave that is open.
pub(super) fn join<K, I, A>(group: &Arc<Group<K, I, A>>, held: Held)
where
    K: 'static,
    I: 'static,
    A: 'static,
{
    let join = |open: &RefCell<Option<Open>>| {
        let mut open = open.borrow_mut();
        let Some(open) = open.as_mut() else { return };
        for part in &mut open.parts {
            if let Some(part) = part.as_any().downcast_mut::<Part<K, I, A>>()
                && Arc::ptr_eq(&part.group, group)
            {
                part.held.push(held);
                return;
            }
        }
        open.parts.push(Box::new(Part {
            group: Arc::clone(group),
            held: vec![held],
        }));
    };
    let _ = OPEN.try_with(join);
}

/// A wave that comes: until it is dropped, or [closed](Self::close).
pub(super) struct Wave {
    before: Option<Open>,
    is_open: bool,
}

impl Wave {
    /// Of what is polled with this waker.
    pub(super) fn begin(waker: &Waker) -> Self {
        let open = Open {
            waker: waker.clone(),
            parts: Vec::new(),
        };
        let begin = |known: &RefCell<Option<Open>>| known.replace(Some(open));
        match OPEN.try_with(begin) {
            Ok(before) => Self {
                before,
                is_open: true,
            },
            Err(_) => Self {
                before: None,
                is_open: false,
            },
        }
    }

    /// All have come by. Somebody has to look after them: see [`Ashore`].
    pub(super) fn close(mut self) -> Ashore {
        Ashore(self.release())
    }

    fn release(&mut self) -> Vec<Box<dyn AnyPart>> {
        if !std::mem::take(&mut self.is_open) {
            return Vec::new();
        }
        let before = self.before.take();
        let open = OPEN.try_with(|known| known.replace(before)).ok().flatten();
        let mut parts = open.map(|open| open.parts).unwrap_or_default();
        for part in &mut parts {
            part.release();
        }
        parts
    }
}

impl Drop for Wave {
    fn drop(&mut self) {
        // A call has panicked; the others go with it, or somebody looks after them.
        drop(Ashore(self.release()));
    }
}

/// A wave that is in line.
pub(super) struct Ashore(Vec<Box<dyn AnyPart>>);

impl Ashore {
    /// Whether a call of it has to be polled, as somebody has to lead.
    pub(super) fn is_unled(&self) -> bool {
        self.0.iter().any(|part| part.is_unled())
    }
}

impl Drop for Ashore {
    fn drop(&mut self) {
        for part in &self.0 {
            part.call_leader();
        }
    }
}
