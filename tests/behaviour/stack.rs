//! Attributes work in the order they are read, beside those of others, under any path and any `cfg_attr`.
//!
//! An option may be an expression that is evaluated on first use, and a label is one that is evaluated on every call:
//! what they write into a log shows which attribute was there, and when.

use std::cell::RefCell;
use std::time::Duration;

use perfkit::{measured, timeout};

thread_local! {
    static LOG: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// An option that says when it was asked.
fn asked(who: &'static str) -> Duration {
    LOG.with_borrow_mut(|log| log.push(who));
    Duration::from_secs(60)
}

/// What was asked since the last time.
fn log() -> Vec<&'static str> {
    LOG.take()
}

#[tokio::test]
async fn the_topmost_attribute_sees_the_call_first() {
    #[measured(slow = asked("measured"))]
    #[timeout(asked("timeout"))]
    async fn measured_outside() -> Option<u32> {
        Some(1)
    }
    #[timeout(asked("timeout"))]
    #[measured(slow = asked("measured"))]
    async fn timeout_outside() -> Option<u32> {
        Some(2)
    }

    assert_eq!(measured_outside().await, Some(1));
    assert_eq!(log(), ["measured", "timeout"]);
    assert_eq!(timeout_outside().await, Some(2));
    assert_eq!(log(), ["timeout", "measured"]);
}

#[tokio::test]
async fn options_are_evaluated_once_and_labels_on_every_call() {
    #[measured(slow = asked("slow"), by = asked("by").as_secs())]
    fn labelled() -> u32 {
        1
    }

    assert_eq!(labelled() + labelled(), 2);
    assert_eq!(log().iter().filter(|who| **who == "slow").count(), 1);
    labelled();
    assert_eq!(log(), ["by"]);
}

#[tokio::test]
async fn a_label_is_made_before_the_arguments_move() {
    #[timeout("60s")]
    #[measured(by = name)]
    async fn moves(name: String) -> Option<String> {
        Some(name)
    }
    #[measured(by = name.clone())]
    fn hands_out_a_future(name: String) -> impl Future<Output = String> {
        std::future::ready(name)
    }

    assert_eq!(moves("a".into()).await.as_deref(), Some("a"));
    assert_eq!(hands_out_a_future("b".into()).await, "b");
}

#[tokio::test]
async fn a_neighbour_is_known_by_every_path_that_leads_to_it() {
    use perfkit as house;

    #[measured(slow = asked("measured"))]
    #[perfkit::timeout(asked("timeout"))]
    async fn relative() -> Option<u32> {
        Some(1)
    }
    #[::perfkit::measured(slow = asked("measured"))]
    #[::perfkit::timeout(asked("timeout"))]
    async fn absolute() -> Option<u32> {
        Some(1)
    }
    #[house::measured(slow = asked("measured"), crate = house)]
    #[house::timeout(asked("timeout"))]
    async fn through_the_given_crate() -> Option<u32> {
        Some(1)
    }

    relative().await;
    assert_eq!(log(), ["measured", "timeout"]);
    absolute().await;
    assert_eq!(log(), ["measured", "timeout"]);
    through_the_given_crate().await;
    assert_eq!(log(), ["measured", "timeout"]);
}

#[tokio::test]
async fn a_renamed_import_works_on_top_and_alone() {
    use perfkit::timeout as deadline;

    #[deadline(asked("timeout"))]
    #[measured(slow = asked("measured"))]
    async fn on_top() -> Option<u32> {
        Some(1)
    }
    #[deadline(asked("timeout"))]
    async fn alone() -> Option<u32> {
        Some(1)
    }

    on_top().await;
    assert_eq!(log(), ["timeout", "measured"]);
    alone().await;
    assert_eq!(log(), ["timeout"]);
}

#[tokio::test]
async fn an_attribute_under_cfg_attr_counts_when_its_predicate_holds() {
    #[measured(slow = asked("measured"))]
    #[cfg_attr(all(), timeout(asked("timeout")))]
    async fn below_and_true() -> Option<u32> {
        Some(1)
    }
    #[measured(slow = asked("measured"))]
    #[cfg_attr(any(), timeout(asked("timeout")))]
    async fn below_and_false() -> Option<u32> {
        Some(1)
    }
    #[cfg_attr(all(), timeout(asked("timeout")))]
    #[measured(slow = asked("measured"))]
    async fn above_and_true() -> Option<u32> {
        Some(1)
    }
    #[cfg_attr(any(), timeout(asked("timeout")))]
    #[measured(slow = asked("measured"))]
    async fn above_and_false() -> Option<u32> {
        Some(1)
    }

    below_and_true().await;
    assert_eq!(log(), ["measured", "timeout"]);
    below_and_false().await;
    assert_eq!(log(), ["measured"]);
    above_and_true().await;
    assert_eq!(log(), ["timeout", "measured"]);
    above_and_false().await;
    assert_eq!(log(), ["measured"]);
}

#[tokio::test]
async fn cfg_attr_may_hold_several_attributes_and_stand_several_times() {
    #[timeout(asked("timeout"))]
    #[cfg_attr(any(), perfkit::measured(slow = asked("never")), must_use)]
    #[cfg_attr(all(), must_use, perfkit::measured(slow = asked("measured")), inline)]
    #[cfg_attr(all(), allow(clippy::unused_async))]
    async fn mixed() -> Option<u32> {
        Some(1)
    }
    #[timeout(asked("timeout"))]
    #[cfg_attr(all(), cfg_attr(all(), measured(slow = asked("measured"))))]
    async fn nested() -> Option<u32> {
        Some(1)
    }

    assert_eq!(mixed().await, Some(1));
    assert_eq!(log(), ["timeout", "measured"]);
    assert_eq!(nested().await, Some(1));
    assert_eq!(log(), ["timeout", "measured"]);
}

mod in_an_impl {
    use super::*;

    pub(super) struct Both;

    pub(super) trait Ask {
        async fn ask(&self) -> Option<u32>;
    }

    impl Ask for Both {
        #[measured(slow = asked("measured"))]
        #[cfg_attr(all(), timeout(asked("timeout")))]
        async fn ask(&self) -> Option<u32> {
            Some(1)
        }
    }
}

#[tokio::test]
async fn cfg_attr_works_on_methods_of_traits() {
    use in_an_impl::{Ask, Both};

    Both.ask().await;
    assert_eq!(log(), ["measured", "timeout"]);
}

mod neighbours_of_other_crates {
    use super::*;

    #[tracing::instrument]
    #[measured(slow = asked("measured"))]
    #[timeout(asked("timeout"))]
    pub(super) async fn tracing_above(n: u32) -> Option<u32> {
        Some(n)
    }

    #[measured(slow = asked("measured"))]
    #[tracing::instrument(skip_all)]
    #[timeout(asked("timeout"))]
    pub(super) async fn tracing_between(n: u32) -> Option<u32> {
        Some(n)
    }

    #[measured(slow = asked("measured"))]
    #[tracing::instrument(ret)]
    pub(super) fn tracing_below(n: u32) -> u32 {
        n
    }

    /// Its attributes stay its own.
    #[inline]
    #[doc(alias = "kept")]
    #[measured]
    #[must_use = "it is an answer"]
    #[cfg(not(all()))]
    pub(super) fn left_out() -> u32 {
        compile_error!("`#[cfg]` below ours still counts")
    }
}

#[tokio::test]
async fn attributes_of_others_keep_working_above_between_and_below() {
    use neighbours_of_other_crates::{tracing_above, tracing_below, tracing_between};

    assert_eq!(tracing_above(1).await, Some(1));
    assert_eq!(log(), ["measured", "timeout"]);
    assert_eq!(tracing_between(2).await, Some(2));
    assert_eq!(log(), ["measured", "timeout"]);
    assert_eq!(tracing_below(3), 3);
    assert_eq!(log(), ["measured"]);
}

#[tokio::test]
#[measured(slow = asked("measured"))]
async fn a_test_may_be_measured_below_its_attribute() {
    assert_eq!(log(), ["measured"]);
}

#[measured(slow = asked("measured"))]
#[tokio::test]
async fn a_test_may_be_measured_above_its_attribute() {
    assert_eq!(log(), ["measured"]);
}

#[measured(slow = asked("measured"))]
#[test]
fn a_plain_test_may_be_measured() {
    assert_eq!(log(), ["measured"]);
}
