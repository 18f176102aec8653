//! What a pool runs of the user's: each within a limit, and with its panics caught.

use std::any::Any;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use crate::parts::pool::failure::Failure;
use crate::rt;

/// A future that can be sent, and whose type is not known.
pub type Boxed<'a, A> = Pin<Box<dyn Future<Output = A> + Send + 'a>>;

pub(crate) type Create<T> = Box<dyn Fn() -> Boxed<'static, Result<T, Failed>> + Send + Sync>;
pub(crate) type Check<T> = Box<dyn for<'t> Fn(&'t mut T) -> Boxed<'t, bool> + Send + Sync>;
pub(crate) type Release<T> = Box<dyn Fn(&mut T) -> bool + Send + Sync>;
pub(crate) type Destroy<T> = Box<dyn Fn(T) + Send + Sync>;

/// What a pool has of the user's.
#[must_use]
pub struct Hooks<T> {
    pub(crate) create: Option<Create<T>>,
    /// Whether all of it may block, so that it gets a thread.
    pub(crate) blocks: bool,
    pub(crate) validate: Option<Check<T>>,
    pub(crate) on_create: Option<Check<T>>,
    pub(crate) on_release: Option<Release<T>>,
    pub(crate) on_destroy: Option<Destroy<T>>,
}

/// A resource that could not be made: the error of the user's, or what it says.
pub struct Failed(pub(crate) Failure);

impl Failed {
    /// What the error says.
    #[must_use]
    pub fn told(text: &str) -> Self {
        Self(Failure::told(text))
    }

    /// The error itself, for who is to get it, and what it says.
    pub fn whole<E: Any + Send>(error: E, text: &str) -> Self {
        Self(Failure {
            text: text.into(),
            error: Some(Box::new(error)),
        })
    }
}

impl<T> Hooks<T> {
    const fn none(blocks: bool) -> Self {
        Self {
            create: None,
            blocks,
            validate: None,
            on_create: None,
            on_release: None,
            on_destroy: None,
        }
    }

    /// Resources are made by the futures of `create`.
    pub fn of_tasks<F>(create: F) -> Self
    where
        F: Fn() -> Boxed<'static, Result<T, Failed>> + Send + Sync + 'static,
    {
        Self {
            create: Some(Box::new(create)),
            ..Self::none(false)
        }
    }

    /// Resources are made by `create`, which may block.
    pub fn of_threads<F>(create: F) -> Self
    where
        F: Fn() -> Result<T, Failed> + Send + Sync + 'static,
        T: Send + 'static,
    {
        let create = std::sync::Arc::new(create);
        let create = move || -> Boxed<'static, Result<T, Failed>> {
            let create = std::sync::Arc::clone(&create);
            Box::pin(async move { create() })
        };
        Self {
            create: Some(Box::new(create)),
            ..Self::none(true)
        }
    }

    /// Resources are made by whoever comes when there is none.
    pub fn of_callers(blocks: bool) -> Self {
        Self::none(blocks)
    }

    /// Whether a resource is still good.
    pub fn validate<F>(mut self, validate: F) -> Self
    where
        F: for<'t> Fn(&'t mut T) -> Boxed<'t, bool> + Send + Sync + 'static,
    {
        self.validate = Some(Box::new(validate));
        self
    }

    /// What is done to a new resource; false when it did not work.
    pub fn on_create<F>(mut self, on_create: F) -> Self
    where
        F: for<'t> Fn(&'t mut T) -> Boxed<'t, bool> + Send + Sync + 'static,
    {
        self.on_create = Some(Box::new(on_create));
        self
    }

    /// What is done to a resource that comes back; false when it is not good any more.
    pub fn on_release(
        mut self,
        on_release: impl Fn(&mut T) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.on_release = Some(Box::new(on_release));
        self
    }

    /// Where a resource goes that is no more.
    pub fn on_destroy(mut self, on_destroy: impl Fn(T) + Send + Sync + 'static) -> Self {
        self.on_destroy = Some(Box::new(on_destroy));
        self
    }

    /// A new resource.
    pub(crate) async fn make(&self, limit: Duration) -> Result<T, (Failure, Fault)> {
        let Some(create) = &self.create else {
            let failure = Failure::told("they are made by the function itself");
            return Err((failure, Fault::Failed));
        };
        let made = match caught(create) {
            Some(future) => within(limit, future).await,
            None => Err(Fault::Panicked),
        };
        let mut resource = match made {
            Ok(Ok(resource)) => resource,
            Ok(Err(Failed(failure))) => return Err((failure, Fault::Failed)),
            Err(fault) => return Err((Failure::told(&fault.told(limit)), fault)),
        };
        let Some(on_create) = &self.on_create else {
            return Ok(resource);
        };
        let done = check(on_create, &mut resource, limit).await;
        let (text, fault) = match done {
            Ok(true) => return Ok(resource),
            Ok(false) => ("`on_create` failed".to_owned(), Fault::Failed),
            Err(fault) => (format!("`on_create`: {}", fault.told(limit)), fault),
        };
        self.destroy(resource);
        Err((Failure::told(&text), fault))
    }

    /// Whether it is still good.
    pub(crate) async fn is_valid(&self, resource: &mut T, limit: Duration) -> bool {
        match &self.validate {
            Some(validate) => check(validate, resource, limit).await == Ok(true),
            None => true,
        }
    }

    /// Whether it may be used again. On this thread, and so without a limit.
    #[inline]
    pub(crate) fn release(&self, resource: &mut T) -> bool {
        match &self.on_release {
            Some(on_release) => released(on_release, resource),
            None => true,
        }
    }

    /// Drops it, or hands it to who wants it. A panic of that ends nothing.
    pub(crate) fn destroy(&self, resource: T) {
        match &self.on_destroy {
            Some(on_destroy) => caught(|| on_destroy(resource)),
            None => caught(|| drop(resource)),
        };
    }
}

#[inline(never)]
fn released<T>(on_release: &Release<T>, resource: &mut T) -> bool {
    caught(|| on_release(resource)).unwrap_or(false)
}

/// How code of the user's did not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It did end, with an error.
    Failed,
    Panicked,
    Late,
}

impl Fault {
    fn told(self, limit: Duration) -> String {
        match self {
            Self::Failed => "it failed".to_owned(),
            Self::Panicked => "it panicked".to_owned(),
            Self::Late => format!("it took longer than {limit:?}"),
        }
    }
}

/// What `work` gives, or nothing when it panics.
fn caught<A>(work: impl FnOnce() -> A) -> Option<A> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

async fn check<T>(check: &Check<T>, resource: &mut T, limit: Duration) -> Result<bool, Fault> {
    match caught(|| check(resource)) {
        Some(future) => within(limit, future).await,
        None => Err(Fault::Panicked),
    }
}

/// What `future` gives within the limit.
async fn within<A>(limit: Duration, future: Boxed<'_, A>) -> Result<A, Fault> {
    let mut future = Some(future);
    let mut late = pin!(rt::now().checked_add(limit).map(rt::sleep_until));
    let ended = poll_fn(|cx| {
        let Some(running) = &mut future else {
            return Poll::Ready(Err(Fault::Panicked));
        };
        match caught(|| running.as_mut().poll(cx)) {
            Some(Poll::Ready(answer)) => return Poll::Ready(Ok(answer)),
            Some(Poll::Pending) => {}
            None => return Poll::Ready(Err(Fault::Panicked)),
        }
        match late.as_mut().as_pin_mut() {
            Some(late) => late.poll(cx).map(|()| Err(Fault::Late)),
            None => Poll::Pending,
        }
    })
    .await;
    caught(|| drop(future.take()));
    ended
}

/// What the user's check says, of whatever type that is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether a resource is good",
    label = "this gives no verdict",
    note = "give a `bool`, a `Result<(), E>` or `()`"
)]
pub trait Verdict {
    /// Whether it is good.
    fn good(self) -> bool;
}

impl Verdict for () {
    fn good(self) -> bool {
        true
    }
}

impl Verdict for bool {
    fn good(self) -> bool {
        self
    }
}

impl<E> Verdict for Result<(), E> {
    fn good(self) -> bool {
        self.is_ok()
    }
}

impl<E> Verdict for Result<bool, E> {
    fn good(self) -> bool {
        matches!(self, Ok(true))
    }
}

/// A verdict at once; see [`Judge`].
pub enum AtOnce {}

/// A future of a verdict; see [`Judge`].
pub enum InTime {}

/// What a check of the user's gives: its verdict, or a future of that. Which of the two is known by its type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether a resource is good",
    label = "this gives no verdict",
    note = "give a `bool`, a `Result<(), E>` or `()`, or write an `async` closure or function that does"
)]
pub trait Judge<How> {
    /// The verdict.
    fn judge(self) -> impl Future<Output = bool> + Send;
}

#[diagnostic::do_not_recommend]
impl<A: Verdict> Judge<AtOnce> for A {
    fn judge(self) -> impl Future<Output = bool> + Send {
        std::future::ready(self.good())
    }
}

#[diagnostic::do_not_recommend]
impl<F: Future<Output: Verdict> + Send> Judge<InTime> for F {
    async fn judge(self) -> bool {
        self.await.good()
    }
}

/// The verdict of a check.
pub fn verdict<A: Judge<How>, How>(answer: A) -> impl Future<Output = bool> + Send {
    answer.judge()
}

/// An error to be told of, as well as its type can.
pub struct Told<'e, E>(pub &'e E);

/// See [`Told`].
pub trait ByDisplay {
    /// The words.
    fn text(&self) -> String;
}

impl<E: fmt::Display> ByDisplay for &&Told<'_, E> {
    fn text(&self) -> String {
        // The long form of those that have a chain of causes.
        format!("{:#}", self.0)
    }
}

/// See [`Told`].
pub trait ByDebug {
    /// The words.
    fn text(&self) -> String;
}

impl<E: fmt::Debug> ByDebug for &Told<'_, E> {
    fn text(&self) -> String {
        format!("{:?}", self.0)
    }
}

/// See [`Told`].
pub trait ByName {
    /// The words.
    fn text(&self) -> String;
}

impl<E> ByName for Told<'_, E> {
    fn text(&self) -> String {
        std::any::type_name::<E>().to_owned()
    }
}

/// What a factory answers with.
#[diagnostic::on_unimplemented(
    message = "a factory that answers with `{Self}` cannot say that there is no resource",
    label = "whoever waits too long for a resource has no answer of this type",
    note = "return a `Result` whose error implements `From<perfkit::Rejected>`",
    note = "or let whoever comes when all are in use make one more, which is dropped when it comes back: `#[pooled(overflow)]`"
)]
pub trait Makes {
    /// What is kept.
    type Resource;
    /// What it says when there is none.
    type Error;
    /// What a call of it answers with.
    type Given;
    /// The answer.
    ///
    /// # Errors
    /// Of the factory's own.
    fn made(self) -> Result<Self::Resource, Self::Error>;
}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static, E> Makes for Result<T, E> {
    type Resource = T;
    type Error = E;
    type Given = Result<super::Pooled<T>, E>;

    fn made(self) -> Self {
        self
    }
}

/// Whether a check at once says that it is good.
pub fn is_good(verdict: impl Verdict) -> bool {
    verdict.good()
}

/// Hands an argument to a closure, whose argument it gives a type.
pub fn hand<'a, A, R>(argument: &'a mut A, to: impl FnOnce(&'a mut A) -> R) -> R {
    to(argument)
}

/// The same with an argument that is given away.
pub fn hand_over<A, R>(argument: A, to: impl FnOnce(A) -> R) -> R {
    to(argument)
}
