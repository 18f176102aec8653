//! What will be looked at soon, said to the processor: it fetches a line of memory while other work is done.

/// Has the processor fetch the lines at both ends of what is there, while it goes on.
#[inline]
pub(super) fn prefetch<T>(place: *const T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let end = place
            .cast::<i8>()
            .wrapping_add(size_of::<T>().saturating_sub(1));
        // SAFETY: it is a hint, which reads nothing and is good for any address.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(place.cast());
            if size_of::<T>() > 1 {
                _mm_prefetch::<_MM_HINT_T0>(end);
            }
        }
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = place;
}
