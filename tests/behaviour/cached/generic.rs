//! Functions that are generic, or stand where something is.

use std::any::type_name;
use std::hash::Hash;
use std::marker::PhantomData;

use super::*;

struct Repo<T>(PhantomData<T>);
struct Users;
struct Orders;

impl<T> Repo<T> {
    /// What it is generic over is neither in its key nor in its answer.
    #[cached]
    pub(super) fn table(id: u64) -> String {
        format!("{}{id}", type_name::<T>())
    }
}

#[test]
fn each_instance_keeps_its_own_answers() {
    for _ in 0..2 {
        assert!(Repo::<Users>::table(1).ends_with("Users1"));
        assert!(Repo::<Orders>::table(1).ends_with("Orders1"));
        assert!(Repo::<&u8>::table(1).ends_with("&u81"));
    }
    assert_eq!(Repo::<Users>::table_cache().len(), 1);
    assert!(Repo::<Orders>::table_cache().invalidate(1));
    assert_eq!(Repo::<Users>::table_cache().len(), 1);
    assert_eq!(Repo::<Orders>::table_cache().len(), 0);
}

#[test]
fn a_handle_that_came_first_is_of_the_same_cache() {
    #[cached]
    fn width<const N: usize, T: Default + Clone + Send + Sync + 'static>(value: u8) -> Vec<T> {
        vec![T::default(); usize::from(value) + N]
    }

    width_cache::<3, u16>().insert(1, Vec::new());
    assert!(width::<3, u16>(1).is_empty());
    assert_eq!(width::<2, u16>(1), [0; 3]);
    assert_eq!(width::<3, u32>(1), [0; 4]);
}

#[test]
fn a_generic_argument_is_part_of_the_key() {
    static RUNS: Runs = Runs::new();

    #[cached]
    fn twice<T: Hash + Eq + Clone + Send + Sync + 'static>(value: T) -> (T, T) {
        RUNS.run();
        (value.clone(), value)
    }

    for _ in 0..2 {
        assert_eq!(twice(1_u8), (1, 1));
        assert_eq!(twice("a"), ("a", "a"));
        assert_eq!(twice("a".to_owned()), ("a".to_owned(), "a".to_owned()));
    }
    assert_eq!(RUNS.count(), 3);
}
