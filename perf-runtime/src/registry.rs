//! The list of everything annotated: sites found at link time, and those made while the program runs.
//!
//! The linker collects one pointer per annotation (`linkme`), so the report lists what was never called; what is made
//! by hand is added as it is made, and where the linker has no list a site is added on its first use. Nobody asks an instrument while the list is locked. The registry also passes on
//! that perfkit is in use ([`used`]), so that the layers above need not be known here.

use std::sync::{Mutex, PoisonError};

use crate::snapshot::Snapshot;

/// Something that can be asked for its numbers.
pub trait Observed: Sync {
    /// Its numbers now.
    ///
    /// May run user code (`Display` of a label). A panic in it costs this one answer: the report counts it in
    /// `perfkit.failed` and shows [`Observed::unknown`] instead.
    fn snapshot(&self) -> Snapshot;

    /// What a report shows when [`Observed::snapshot`] panicked: name, place and metrics, whose values are not used.
    /// Must run no user code. Nothing when even these are not known.
    fn unknown(&self) -> Option<Snapshot> {
        None
    }

    /// Starts its numbers anew; what is running stays in flight.
    fn reset(&self);
}

/// The lists of the linker, on every system whose sections `linkme` knows. Expansions have the same condition.
#[cfg(any(
    target_os = "none",
    target_os = "linux",
    target_os = "macos",
    target_os = "ios",
    target_os = "tvos",
    target_os = "windows",
    target_os = "uefi",
    target_os = "android",
    target_os = "fuchsia",
    target_os = "illumos",
    target_os = "freebsd",
    target_os = "openbsd",
    target_os = "psp",
))]
mod linked {
    use super::Observed;

    pub(crate) const COMPLETE: bool = true;

    /// Every annotation of the program and its dependencies.
    #[linkme::distributed_slice]
    pub static SITES: [&'static dyn Observed];

    /// What the layers above do when perfkit is used, on the thread that uses it. Cheap, and without life before
    /// `main`.
    #[linkme::distributed_slice]
    pub(crate) static ON_USE: [fn()];

    /// Adds to [`ON_USE`].
    macro_rules! on_use {
        ($tell:expr) => {
            #[linkme::distributed_slice(crate::registry::ON_USE)]
            static TELL: fn() = $tell;
        };
    }
    pub(crate) use on_use;
}

/// Elsewhere the linker lists nothing: a site lists itself on its first use.
#[cfg(not(any(
    target_os = "none",
    target_os = "linux",
    target_os = "macos",
    target_os = "ios",
    target_os = "tvos",
    target_os = "windows",
    target_os = "uefi",
    target_os = "android",
    target_os = "fuchsia",
    target_os = "illumos",
    target_os = "freebsd",
    target_os = "openbsd",
    target_os = "psp",
)))]
mod linked {
    use super::Observed;

    pub(crate) const COMPLETE: bool = false;

    /// Nothing.
    pub static SITES: [&'static dyn Observed; 0] = [];
    pub(crate) static ON_USE: [fn(); 0] = [];

    /// There is no list to add to.
    macro_rules! on_use {
        ($tell:expr) => {
            const _: fn() = $tell;
        };
    }
    pub(crate) use on_use;
}

pub use linked::SITES;
pub(crate) use linked::{COMPLETE, ON_USE, on_use};

static ADDED: Mutex<Vec<&'static dyn Observed>> = Mutex::new(Vec::new());

/// Says that perfkit is in use: called when an instrument is built, never per call of a function.
#[cold]
pub(crate) fn used() {
    for tell in ON_USE {
        tell();
    }
}

/// Lists what the linker cannot know.
pub(crate) fn add(observed: &'static dyn Observed) {
    ADDED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(observed);
    used();
}

/// Everything listed now. The list is copied, so that an answer may take its time or add to it.
pub(crate) fn all() -> Vec<&'static dyn Observed> {
    let added = ADDED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut all = Vec::with_capacity(SITES.len() + added.len());
    all.extend(SITES);
    all.extend(added.iter());
    all
}

#[cfg(test)]
mod tests {
    use super::{Observed, add, all};
    use crate::snapshot::{Section, Snapshot};

    static SECTION: Section = Section {
        key: "registry_test",
        title: "Registry",
        rate_of: None,
        share_of: None,
        columns: &[],
        balance: &[],
    };

    /// Adds another of its kind while it is asked.
    struct Growing(&'static str);

    impl Observed for Growing {
        fn snapshot(&self) -> Snapshot {
            if self.0 == "first" {
                add(&Growing("second"));
            }
            Snapshot {
                op: self.0.into(),
                attribute: "growing",
                location: None,
                section: &SECTION,
                metrics: Vec::new(),
                by: Vec::new(),
            }
        }

        fn reset(&self) {}
    }

    #[test]
    fn an_answer_may_add_to_the_list() {
        add(&Growing("first"));
        let listed = |op: &str| all().iter().filter(|o| o.snapshot().op == op).count();
        assert_eq!(listed("first"), 1);
        assert!(listed("second") >= 1);
    }
}
