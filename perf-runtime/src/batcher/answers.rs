//! What the body of a batch gives, as an answer for each item.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;

use crate::kept::Share;
use crate::parts::batch::{Loss, Outcome};

/// What the body of a batch may give: an answer for each item of its `Vec<I>`.
///
/// | the body gives | a caller gets |
/// |---|---|
/// | `Vec<U>`, in the order of the items | `U` |
/// | `Result<Vec<U>, E>` | `Result<U, E>`; the error is everybody's |
/// | `Vec<Result<U, E>>` | `Result<U, E>`, of its own item |
/// | `HashMap<I, U>` | `Option<U>`, whatever stands there for its item |
/// | `Result<HashMap<I, U>, E>` | `Result<Option<U>, E>` |
/// | `()` or `Result<(), E>` | the same |
///
/// Not for users to implement.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no answer to a batch of `{I}`",
    label = "there has to be an answer for each item",
    note = "give a `Vec` with an answer for each item, in their order, a `HashMap` by item, or a `Result` of one of them"
)]
pub trait Answers<I> {
    /// Itself: nothing follows from a type that is no answer but the complaint that it is none.
    type Checked: Answers<I>;
    /// What the body gives.
    type Given: Send;
    /// What a caller gets.
    type One: Send + 'static;
    /// What all callers get, where the batch as a whole failed.
    type Error: Send + 'static;
    /// What has to be known of the items afterwards.
    type Kept: Send;

    /// Before the items are the body's.
    fn keep(items: &[I]) -> Self::Kept;

    /// One answer for each item.
    fn divide(
        given: Self::Given,
        asked: Asked<'_, Self::Kept, Self::Error>,
        to: Answered<'_, Self::One>,
    );
}

/// What was asked for.
pub struct Asked<'s, T, E> {
    pub(super) items: usize,
    pub(super) kept: T,
    pub(super) shared: &'s Shared<E>,
}

/// Where the answers go.
pub struct Answered<'o, A>(pub(super) &'o mut Vec<Outcome<A>>);

/// How the error of a batch is given to all of its callers.
pub(crate) struct Shared<E> {
    pub(super) way: Option<Share<Result<(), E>>>,
    pub(super) op: &'static str,
}

impl<E> Shared<E> {
    /// The error for each of so many: the first gets it as it is.
    fn spread(&self, error: E, items: usize) -> impl Iterator<Item = Option<E>> {
        let failed = Err(error);
        let others: Vec<_> = (1..items)
            .map(|_| self.way?.again(&failed, self.op).err())
            .collect();
        std::iter::once(failed.err()).chain(others)
    }
}

/// Answers without an error that all share, which may be in a `Result`.
pub trait Several<I>: Send {
    /// What a caller gets.
    type One: Send + 'static;
    /// What has to be known of the items afterwards.
    type Kept: Send;
    /// Before the items are the body's.
    fn keep(items: &[I]) -> Self::Kept;
    /// One answer for each item; or how many there are, when that is another number.
    ///
    /// # Errors
    /// The number of answers.
    fn each(self, items: usize, kept: Self::Kept)
    -> Result<impl Iterator<Item = Self::One>, usize>;
}

impl<I, U: Send + 'static> Several<I> for Vec<U> {
    type One = U;
    type Kept = ();

    fn keep(_: &[I]) {}

    fn each(self, items: usize, (): ()) -> Result<impl Iterator<Item = U>, usize> {
        if self.len() == items {
            Ok(self.into_iter())
        } else {
            Err(self.len())
        }
    }
}

impl<I, U, S> Several<I> for HashMap<I, U, S>
where
    I: Hash + Eq + Clone + Send,
    U: Clone + Send + 'static,
    S: BuildHasher + Send,
{
    type One = Option<U>;
    type Kept = Vec<I>;

    fn keep(items: &[I]) -> Vec<I> {
        items.to_vec()
    }

    fn each(self, _: usize, kept: Vec<I>) -> Result<impl Iterator<Item = Option<U>>, usize> {
        Ok(kept.into_iter().map(move |item| self.get(&item).cloned()))
    }
}

impl<I> Several<I> for () {
    type One = ();
    type Kept = ();

    fn keep(_: &[I]) {}

    fn each(self, items: usize, (): ()) -> Result<impl Iterator<Item = ()>, usize> {
        Ok(std::iter::repeat_n((), items))
    }
}

fn lose<A>(to: &mut Vec<Outcome<A>>, items: usize, loss: &Loss) {
    to.extend((0..items).map(|_| Outcome::Lost(loss.clone())));
}

fn divide<I, C: Several<I>, A>(
    given: C,
    items: usize,
    kept: C::Kept,
    answer: impl Fn(C::One) -> A,
    to: &mut Vec<Outcome<A>>,
) {
    match given.each(items, kept) {
        Ok(each) => to.extend(each.map(|one| Outcome::Answered(answer(one)))),
        Err(answers) => lose(to, items, &Loss::Length { items, answers }),
    }
}

fn fail<A, E>(
    error: E,
    items: usize,
    shared: &Shared<E>,
    answer: impl Fn(E) -> A,
    to: &mut Vec<Outcome<A>>,
) {
    to.extend(shared.spread(error, items).map(|error| match error {
        Some(error) => Outcome::Answered(answer(error)),
        None => Outcome::Lost(Loss::Failed),
    }));
}

/// Cannot be.
#[derive(Debug, Clone, Copy)]
pub enum Never {}

macro_rules! without_an_error {
    ($([$($generics:tt)*] $ty:ty),* $(,)?) => {$(
        impl<I, $($generics)*> Answers<I> for $ty
        where
            Self: Several<I>,
        {
            type Checked = Self;
            type Given = Self;
            type One = <Self as Several<I>>::One;
            type Error = Never;
            type Kept = <Self as Several<I>>::Kept;

            fn keep(items: &[I]) -> Self::Kept {
                <Self as Several<I>>::keep(items)
            }

            fn divide(given: Self, asked: Asked<'_, Self::Kept, Never>, to: Answered<'_, Self::One>) {
                divide(given, asked.items, asked.kept, |one| one, to.0);
            }
        }
    )*};
}

without_an_error!([U] Vec<U>, [U, S] HashMap<I, U, S>, [] ());

impl<I, C, E> Answers<I> for Result<C, E>
where
    C: Several<I>,
    E: Send + 'static,
{
    type Checked = Self;
    type Given = Self;
    type One = Result<C::One, E>;
    type Error = E;
    type Kept = C::Kept;

    fn keep(items: &[I]) -> Self::Kept {
        C::keep(items)
    }

    fn divide(given: Self, asked: Asked<'_, Self::Kept, E>, to: Answered<'_, Self::One>) {
        match given {
            Ok(several) => divide(several, asked.items, asked.kept, Ok, to.0),
            Err(error) => fail(error, asked.items, asked.shared, Err, to.0),
        }
    }
}

/// A `Result` of results with the same error, of which a caller gets one.
pub struct Flat<R>(PhantomData<fn() -> R>);

impl<I, U, E> Answers<I> for Flat<Result<Vec<Result<U, E>>, E>>
where
    U: Send + 'static,
    E: Send + 'static,
{
    type Checked = Self;
    type Given = Result<Vec<Result<U, E>>, E>;
    type One = Result<U, E>;
    type Error = E;
    type Kept = ();

    fn keep(_: &[I]) {}

    fn divide(given: Self::Given, asked: Asked<'_, (), E>, to: Answered<'_, Self::One>) {
        match given {
            Ok(several) => divide::<I, _, _>(several, asked.items, (), |one| one, to.0),
            Err(error) => fail(error, asked.items, asked.shared, Err, to.0),
        }
    }
}
