//! What is still to be done before the program ends.
//!
//! A program tells nobody that it ends. Whoever finds out (the guard of the report at exit, the end of the main thread)
//! calls [`ended`]; whoever has something to bring to safety says so beforehand, with [`before`].

use std::panic::catch_unwind;
use std::sync::{Mutex, PoisonError};

static TO_DO: Mutex<Vec<fn()>> = Mutex::new(Vec::new());

/// Calls this when the program ends: once for every time it seems to, on the thread that finds out, outside any lock.
pub(crate) fn before(act: fn()) {
    let mut to_do = TO_DO.lock().unwrap_or_else(PoisonError::into_inner);
    if !to_do.iter().any(|&known| std::ptr::fn_addr_eq(known, act)) {
        to_do.push(act);
    }
}

/// True when there is anything to do.
pub(crate) fn is_awaited() -> bool {
    !TO_DO
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .is_empty()
}

/// Does it all. A panic costs what it interrupts, because this may run while another one unwinds.
pub(crate) fn ended() {
    let to_do = TO_DO.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for act in to_do {
        let _ = catch_unwind(act);
    }
}
