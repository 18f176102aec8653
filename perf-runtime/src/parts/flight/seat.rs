//! The place of one caller that waits: news for it, and the way to wake it.

use std::sync::PoisonError;
use std::task::Waker;
use std::time::Duration;

use super::lock::{Condvar, Mutex, lock};
use crate::rt::wake;

/// What a caller that waits is told.
pub(super) enum News<A> {
    /// The answer is kept: look for it.
    Look,
    /// The answer is not kept; this is a share of it.
    Shared(A),
    /// There is none: begin again.
    Again,
}

/// See the module.
pub(super) struct Seat<A> {
    state: Mutex<State<A>>,
    bell: Condvar,
}

struct State<A> {
    news: Option<News<A>>,
    waker: Option<Waker>,
    /// The caller has been woken and has not looked since.
    rung: bool,
}

impl<A> Seat<A> {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                news: None,
                waker: None,
                rung: false,
            }),
            bell: Condvar::new(),
        }
    }

    /// Leaves news, the last it gets, and wakes the caller.
    pub(super) fn tell(&self, news: News<A>) {
        let mut state = lock(&self.state);
        let replaced = state.news.replace(news);
        drop(state);
        drop(replaced);
        self.ring();
    }

    /// Wakes the caller.
    pub(super) fn ring(&self) {
        let mut state = lock(&self.state);
        state.rung = true;
        let waker = state.waker.take();
        drop(state);
        self.bell.notify_one();
        if let Some(waker) = waker {
            wake(waker);
        }
    }

    /// Whether it would hear the bell: who has been woken and has not looked since may not be running any more.
    pub(super) fn listens(&self) -> bool {
        !lock(&self.state).rung
    }

    /// The news, if there are any; else the caller will be woken, a task by its waker.
    pub(super) fn look(&self, waker: Option<&Waker>) -> Option<News<A>> {
        let mut state = lock(&self.state);
        state.rung = false;
        let is_known = |known: &Waker| waker.is_none_or(|waker| known.will_wake(waker));
        if state.news.is_some() || waker.is_none() || state.waker.as_ref().is_some_and(is_known) {
            return state.news.take();
        }
        drop(state);
        let waker = waker.cloned();
        let mut state = lock(&self.state);
        // It may have been rung in between, with no waker to wake; what for, the caller sees when it looks on.
        state.rung = false;
        let replaced = std::mem::replace(&mut state.waker, waker);
        let news = state.news.take();
        drop(state);
        drop(replaced);
        news
    }

    /// Blocks the thread until the bell rings, and for at most `timeout`.
    pub(super) fn sleep(&self, timeout: Option<Duration>) {
        let state = lock(&self.state);
        match timeout {
            None => drop(
                self.bell
                    .wait_while(state, |state| !state.rung)
                    .unwrap_or_else(PoisonError::into_inner),
            ),
            Some(timeout) => drop(
                self.bell
                    .wait_timeout_while(state, timeout, |state| !state.rung)
                    .unwrap_or_else(PoisonError::into_inner),
            ),
        }
    }
}
