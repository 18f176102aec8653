//! One call of a debounced function.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use pin_project_lite::pin_project;

use super::burst::{Member, Next};
use super::keyed::Instance;
use crate::parts::flight;
use crate::parts::key::Key;
use crate::rt;

pin_project! {
    /// A call of an annotated function.
    #[must_use = "futures do nothing unless polled"]
    pub(super) struct Call<K, A, F>
    where
        K: Key,
        A: Clone,
        A: Send,
        A: Sync,
        A: 'static,
    {
        instance: &'static Instance<K, A>,
        key: Option<K>,
        // Not begun, until the call runs or joins who does.
        body: Option<F>,
        member: Option<Member<K, A>>,
        due: Option<Instant>,
        #[pin]
        timer: Option<rt::Sleep>,
        #[pin]
        flight: Option<flight::Call<'static, Member<K, A>, F>>,
    }
}

impl<K: Key, A: Clone + Send + Sync + 'static, F> Call<K, A, F> {
    pub(super) fn new(instance: &'static Instance<K, A>, key: K, body: F) -> Self {
        Self {
            instance,
            key: Some(key),
            body: Some(body),
            member: None,
            due: None,
            timer: None,
            flight: None,
        }
    }
}

impl<K, A, F> Future for Call<K, A, F>
where
    K: Key,
    A: Clone + Send + Sync + 'static,
    F: Future<Output = A>,
{
    type Output = A;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<A> {
        let mut this = self.project();
        if this.flight.is_none() {
            let mut runs = false;
            if let Some(key) = this.key.take() {
                let (member, now) = this.instance.join(rt::now(), key);
                *this.member = Some(member);
                runs = now;
            }
            loop {
                let Some(member) = this.member.as_ref() else {
                    return Poll::Pending;
                };
                let next = if runs {
                    Next::Run
                } else {
                    member.look(rt::now(), cx.waker())
                };
                let due = match next {
                    Next::Run => break,
                    Next::Wait(due) => due,
                    Next::Answer(answer) => {
                        this.timer.set(None);
                        *this.body = None;
                        let Some(member) = this.member.take() else {
                            return Poll::Pending;
                        };
                        return Poll::Ready(member.accept(&answer));
                    }
                };
                if *this.due != due {
                    *this.due = due;
                    this.timer.set(due.map(rt::sleep_until));
                }
                let timer = this.timer.as_mut().as_pin_mut();
                if timer.is_none_or(|timer| timer.poll(cx).is_pending()) {
                    return Poll::Pending;
                }
                *this.due = None;
                this.timer.set(None);
            }
            this.timer.set(None);
            let (Some(member), Some(body)) = (this.member.take(), this.body.take()) else {
                return Poll::Pending;
            };
            let number = member.burst.number();
            let call = member
                .instance
                .flights
                .run_async(number, number, member, body);
            this.flight.set(Some(call));
        }
        match this.flight.as_pin_mut() {
            Some(flight) => flight.poll(cx),
            None => Poll::Pending,
        }
    }
}
