//! Which queues there are, and how much is in one.

/// Which queue an entry is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::parts::policy) enum Queue {
    /// What came last, whatever it is worth.
    Window,
    /// What has shown to be worth keeping.
    Main,
}

impl Queue {
    /// The index of the ring's head in the slab.
    pub(super) const fn head(self) -> u32 {
        match self {
            Self::Window => 0,
            Self::Main => 1,
        }
    }
}

/// How much is in a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::parts::policy) struct Content {
    pub(in crate::parts::policy) entries: u32,
    pub(in crate::parts::policy) weight: u64,
}

impl Content {
    /// With an entry of this weight.
    #[inline]
    pub(super) fn add(&mut self, weight: u32) {
        self.entries += 1;
        self.weight += u64::from(weight);
    }

    /// Without one that was added.
    #[inline]
    pub(super) fn take(&mut self, weight: u32) {
        self.entries -= 1;
        self.weight -= u64::from(weight);
    }
}
