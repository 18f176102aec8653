//! Which pools the code that runs on this thread has a resource of, and will not give it back before it ends.
//!
//! A guard can be anywhere: with another thread, or in another branch of the same task. But what is lent for the time of a
//! call is around everything that this call does. Who asks there for another one, and has all there are, waits for himself.

use std::cell::RefCell;
use std::marker::PhantomData;

thread_local! {
    static FRAMES: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// While it lives, this thread has one more resource of a pool.
pub(crate) struct Frame {
    // It must end on the thread where it began.
    not_send: PhantomData<*const ()>,
}

impl Frame {
    /// `pool` tells one pool from another.
    pub(crate) fn enter(pool: usize) -> Self {
        let _ = FRAMES.try_with(|frames| frames.borrow_mut().push(pool));
        Self {
            not_send: PhantomData,
        }
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        let _ = FRAMES.try_with(|frames| frames.borrow_mut().pop());
    }
}

/// How many resources of that pool are around what runs now.
pub(crate) fn around(pool: usize) -> usize {
    let count = |frames: &RefCell<Vec<usize>>| {
        let frames = frames.borrow();
        frames.iter().filter(|other| **other == pool).count()
    };
    FRAMES.try_with(count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Frame, around};

    #[test]
    fn each_frame_counts_until_it_ends() {
        let outer = Frame::enter(1);
        let _other = Frame::enter(2);
        let inner = Frame::enter(1);
        assert_eq!((around(1), around(2), around(3)), (2, 1, 0));
        drop(inner);
        assert_eq!(around(1), 1);
        drop(outer);
    }
}
