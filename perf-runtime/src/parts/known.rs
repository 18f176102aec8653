//! What a static without types knows of something that has them.
//!
//! The static behind a generic function cannot name the function's types. It remembers a reference to what is typed,
//! together with the identity of the types, and gives it to who asks with the same ones. This is `Any` but for one thing:
//! what `Any` asks through a table of functions, and gets back through memory, is here two numbers beside each other. On
//! a hit of a cache that is asked each time, and was a quarter of it (3 ns of 11, and 15 of a memoized function's, where
//! the processor waits for the numbers to be written before it reads them as one).

use std::any::{Any, TypeId};
use std::marker::PhantomData;
use std::sync::OnceLock;

/// See the module. Knows one thing, the first.
pub(crate) struct Known(OnceLock<(TypeId, &'static (dyn Any + Send + Sync))>);

/// The thing, and who knows it by it.
type Kind<Who, What> = PhantomData<fn(Who) -> What>;

impl Known {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// What `Who` has remembered, if it was `Who` that came first.
    #[inline]
    pub(crate) fn get<Who: 'static, What: Send + Sync + 'static>(&self) -> Option<&'static What> {
        let (kind, known) = self.0.get()?;
        if *kind != TypeId::of::<Kind<Who, What>>() {
            return None;
        }
        let known: *const (dyn Any + Send + Sync) = *known;
        // SAFETY: only `Self::set` writes it, where it was a `&'static What` of the same `What`: the identity that stands
        // beside it is that of a type which names `What`.
        Some(unsafe { &*known.cast::<What>() })
    }

    /// Remembers it, unless another one came first.
    pub(crate) fn set<Who: 'static, What: Send + Sync + 'static>(&self, what: &'static What) {
        let _ = self.0.set((TypeId::of::<Kind<Who, What>>(), what));
    }
}

#[cfg(test)]
mod tests {
    use std::thread::JoinHandle;

    use super::Known;

    struct One;
    struct Other;

    #[test]
    fn what_came_first_is_known_to_who_brought_it() {
        let known = Known::new();
        assert!(known.get::<One, &str>().is_none());
        known.set::<One, &str>(&"first");
        known.set::<One, &str>(&"second");
        assert_eq!(known.get::<One, &str>(), Some(&"first"));
    }

    #[test]
    fn nobody_gets_what_is_of_another_type_or_of_somebody_else() {
        let known = Known::new();
        known.set::<One, u64>(&7);
        assert!(known.get::<One, u32>().is_none());
        assert!(known.get::<One, [u8; 8]>().is_none());
        assert!(known.get::<Other, u64>().is_none());
        assert_eq!(known.get::<One, u64>(), Some(&7));
    }

    #[test]
    fn many_threads_get_the_same_one() {
        static KNOWN: Known = Known::new();
        static NUMBERS: [u64; 4] = [1, 2, 3, 4];
        let ask = |number: &'static u64| {
            KNOWN.set::<One, u64>(number);
            KNOWN.get::<One, u64>().copied()
        };
        let threads: Vec<_> = NUMBERS
            .iter()
            .map(|number| std::thread::spawn(move || ask(number)))
            .collect();
        let got: Vec<_> = threads.into_iter().map(JoinHandle::join).collect();
        let first = KNOWN.get::<One, u64>().copied();
        assert!(first.is_some());
        assert!(got.into_iter().all(|got| got.is_ok_and(|got| got == first)));
    }
}
