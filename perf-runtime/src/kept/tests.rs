use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use super::{ByClone, ByRejection, ByText, Kept, NoWay, Share, Sharing, Success, Whole};
use crate::outcome::{Answer, Outcome, WithOutcome, WithoutOutcome};
use crate::rejected::{LoadFailed, Reason, Rejected, rejection};

/// What the macro hands over of a function that gives `$answer`, as it writes it.
macro_rules! site {
    ($kept:ident, $answer:ty) => {
        Site::<$kept<$answer>> {
            is_error: |answer| (&Answer(answer)).is_error(),
            share: (&&&&Sharing::<$answer>::NEW).way(),
        }
    };
}

struct Site<K: Kept> {
    is_error: fn(&K::Answer) -> bool,
    share: Option<Share<K::Answer>>,
}

impl<K: Kept> Site<K> {
    /// The answer as a later call gets it: out of the cache, when it was kept.
    fn later(&self, answer: &K::Answer) -> Option<K::Answer> {
        if (self.is_error)(answer) {
            return None;
        }
        K::split(answer).map(K::join)
    }

    /// The answer as a call gets it that waited for the run.
    fn shared(&self, answer: &K::Answer) -> Option<K::Answer> {
        self.share
            .and_then(|share| share.unpack(share.pack(answer, "shop::load")))
    }
}

/// Neither `Clone` nor anything else.
#[derive(Debug, PartialEq)]
struct Plain(u8);

/// `Result` under a name that does not say so.
type Fallible<T> = Result<T, String>;

#[test]
fn of_a_result_the_success_is_kept() {
    let site = site!(Success, Result<u8, Plain>);
    assert_eq!(site.later(&Ok(1)), Some(Ok(1)));
    assert_eq!(site.later(&Err(Plain(1))), None);
    // Whoever asks for no error asks nothing of it.
    assert_eq!(Success::<Result<u8, Plain>>::split(&Err(Plain(1))), None);
    assert!(site.share.is_none());
}

#[test]
fn an_alias_of_result_is_what_it_stands_for() {
    let site = site!(Success, io::Result<u8>);
    assert_eq!(site.later(&Ok(1)).unwrap().unwrap(), 1);
    assert!(site.later(&Err(io::ErrorKind::NotFound.into())).is_none());
}

#[test]
fn an_error_is_not_kept_whatever_its_type_is_called() {
    let site = site!(Whole, Fallible<u8>);
    assert_eq!(site.later(&Ok(1)), Some(Ok(1)));
    assert_eq!(site.later(&Err("no".to_owned())), None);
    assert_eq!(
        site.shared(&Err("no".to_owned())),
        Some(Err("no".to_owned()))
    );
}

#[test]
fn of_an_option_the_value_is_kept() {
    let site = site!(Success, Option<&'static str>);
    assert_eq!(site.later(&Some("a")), Some(Some("a")));
    assert_eq!(site.later(&None), None);
    assert_eq!(site.shared(&None), Some(None));
}

#[test]
fn an_answer_without_an_outcome_is_kept() {
    let site = site!(Whole, Vec<u8>);
    assert_eq!(site.later(&vec![1]), Some(vec![1]));
    let site = site!(Whole, ());
    assert_eq!(site.later(&()), Some(()));
}

#[test]
fn the_outcome_of_an_own_type_decides() {
    #[derive(Debug, Clone, PartialEq)]
    enum Reply {
        Done,
        Refused,
    }
    impl Outcome for Reply {
        fn is_error(&self) -> bool {
            *self == Self::Refused
        }
    }
    let site = site!(Whole, Reply);
    assert_eq!(site.later(&Reply::Done), Some(Reply::Done));
    assert_eq!(site.later(&Reply::Refused), None);
    assert_eq!(site.shared(&Reply::Refused), Some(Reply::Refused));
}

#[test]
fn what_is_not_clone_is_kept_in_an_arc() {
    let site = site!(Whole, Arc<Plain>);
    let answer = Arc::new(Plain(1));
    let later = site.later(&answer).unwrap();
    assert!(Arc::ptr_eq(&answer, &later));
    let site = site!(Success, Result<Arc<Plain>, Plain>);
    assert_eq!(site.later(&Ok(answer.clone())), Some(Ok(answer)));
}

#[test]
fn generic_answers_need_no_more_than_they_say() {
    fn site<T: Clone + Send + Sync + 'static, E: 'static>(answer: &Result<T, E>) -> bool {
        let site = site!(Success, Result<T, E>);
        assert!(site.share.is_none());
        site.later(answer).is_some()
    }
    fn whole<T: Clone + Send + Sync + 'static>(answer: &T) -> Option<T> {
        let site = site!(Whole, T);
        site.shared(answer).and_then(|answer| site.later(&answer))
    }
    assert!(site::<_, Plain>(&Ok(1)));
    assert!(!site::<u8, _>(&Err(Plain(1))));
    assert_eq!(whole(&1), Some(1));
}

/// The error that a waiting call gets for `error`.
fn told<E: fmt::Debug>(share: Option<Share<Result<u8, E>>>, error: E) -> E {
    let share = share.expect("it can be shared");
    let shared = |answer| share.unpack(share.pack(answer, "shop::load")).unwrap();
    assert_eq!(shared(&Ok(1)).unwrap(), 1);
    shared(&Err(error)).unwrap_err()
}

const TOLD: &str = "the run of `shop::load` that this call waited for failed: ";

#[test]
fn an_error_that_can_be_cloned_is_shared_as_it_is() {
    let site = site!(Success, Result<u8, String>);
    assert_eq!(told(site.share, "no".to_owned()), "no");
    let site = site!(Success, Result<u8, Rejected>);
    let error = Rejected::load_failed("further in");
    assert_eq!(told(site.share, error), error);
}

#[test]
fn an_anyhow_error_is_shared_with_its_whole_chain() {
    let site = site!(Success, anyhow::Result<u8>);
    let error = anyhow::anyhow!("no such row").context("loading the user");
    let told = told(site.share, error);
    assert_eq!(
        told.to_string(),
        format!("{TOLD}loading the user: no such row")
    );
    assert_eq!(rejection(&told).unwrap().reason(), Reason::LoadFailed);
    let failed: &LoadFailed = told.downcast_ref().unwrap();
    assert_eq!(failed.text(), "loading the user: no such row");
    assert_eq!(failed.rejected().op(), "shop::load");
}

#[test]
fn an_eyre_report_is_shared_with_its_whole_chain() {
    let site = site!(Success, eyre::Result<u8>);
    let told = told(site.share, eyre::eyre!("no such row").wrap_err("loading"));
    assert_eq!(told.to_string(), format!("{TOLD}loading: no such row"));
    assert_eq!(rejection(&told).unwrap().op(), "shop::load");
}

#[test]
fn a_boxed_error_is_shared_by_its_text() {
    let site = site!(Success, Result<u8, Box<dyn Error + Send + Sync>>);
    let told = told(site.share, "no such row".into());
    assert_eq!(told.to_string(), format!("{TOLD}no such row"));
    assert_eq!(rejection(&told).unwrap().reason(), Reason::LoadFailed);
}

#[test]
fn an_io_error_keeps_its_kind() {
    let site = site!(Success, io::Result<u8>);
    let error = io::Error::new(io::ErrorKind::NotFound, "no such file");
    let told = told(site.share, error);
    assert_eq!(told.kind(), io::ErrorKind::NotFound);
    assert_eq!(told.to_string(), format!("{TOLD}no such file"));
    assert_eq!(rejection(&told).unwrap().op(), "shop::load");
}

#[test]
fn an_own_error_is_shared_by_what_it_can_carry() {
    #[derive(Debug, thiserror::Error)]
    enum Text {
        #[error("no such row")]
        NoRow,
        #[error(transparent)]
        Elsewhere(#[from] LoadFailed),
    }
    #[derive(Debug, thiserror::Error)]
    enum Bare {
        #[error("no such row")]
        NoRow,
        #[error(transparent)]
        Rejected(#[from] Rejected),
    }
    let error = told(site!(Success, Result<u8, Text>).share, Text::NoRow);
    assert_eq!(error.to_string(), format!("{TOLD}no such row"));
    assert_eq!(rejection(&error).unwrap().reason(), Reason::LoadFailed);
    assert!(matches!(error, Text::Elsewhere(_)));
    let error = told(site!(Success, Result<u8, Bare>).share, Bare::NoRow);
    assert_eq!(format!("{error}: "), TOLD);
    assert_eq!(rejection(&error).unwrap().op(), "shop::load");
    assert!(matches!(error, Bare::Rejected(_)));
}

#[test]
fn an_error_that_can_carry_nothing_is_not_shared() {
    assert!(site!(Success, Result<u8, Plain>).share.is_none());
    assert!(site!(Success, Result<u8, fmt::Error>).share.is_some());
}
