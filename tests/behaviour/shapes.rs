//! Every shape of function a user has can be annotated, and answers as it would alone.

#![expect(
    clippy::let_and_return,
    clippy::ptr_arg,
    clippy::unused_unit,
    reason = "shapes that users write, not the ones that we would"
)]
#![cfg_attr(
    not(feature = "measure"),
    allow(
        clippy::needless_pass_by_value,
        clippy::unnecessary_wraps,
        clippy::unused_async,
        reason = "what is left is the function itself"
    )
)]

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use perfkit::{measured, timeout};

type Answer<T> = Result<T, Failure>;

#[derive(Debug, PartialEq)]
enum Failure {
    Empty,
    Rejected,
}

impl From<perfkit::Rejected> for Failure {
    fn from(_: perfkit::Rejected) -> Self {
        Self::Rejected
    }
}

mod asynchronous;
mod boxed_by_async_trait;
mod methods;
mod sync;
