//! Caches by name.

use super::*;

#[test]
fn the_cache_of_a_function_is_found_by_its_name() {
    #[cached(name = "finding: named")]
    fn load(id: u64, name: &str) -> Option<String> {
        Some(format!("{name}{id}"))
    }

    assert!(get_cache::<(u64, String), String>("finding: named").is_none());
    load(1, "a");
    let cache = get_cache::<(u64, String), String>("finding: named").unwrap();
    assert_eq!(cache.get((1, "a")).as_deref(), Some("a1"));
    assert_eq!(cache.name(), "finding: named");
    cache.insert((2, "b".to_owned()), "primed".to_owned());
    assert_eq!(load(2, "b").as_deref(), Some("primed"));
}

#[test]
fn wrong_types_and_wrong_names_find_nothing() {
    let _cache: Cache<u64, u64> = cache("finding: types");
    assert!(get_cache::<u64, u64>("finding: types").is_some());
    assert!(get_cache::<u64, u32>("finding: types").is_none());
    assert!(get_cache::<String, u64>("finding: types").is_none());
    assert!(get_cache::<u64, u64>("finding: type").is_none());
    assert!(get_cache::<u64, u64>("").is_none());
}

struct Cart(u64);

trait Priced {
    fn total(&self) -> u64;
}

impl Priced for Cart {
    #[cached(key = self.0)]
    fn total(&self) -> u64 {
        self.0 * 2
    }
}

#[test]
fn the_cache_of_a_trait_method_is_found_by_its_path() {
    Cart(4).total();
    let here = module_path!();
    let path = format!("<{here}::Cart as {here}::Priced>::total");
    let cache = get_cache::<u64, u64>(&path).expect("by its path");
    assert_eq!(cache.peek(4), Some(8));
    assert!(cache.invalidate(4));
}

struct Repo<T>(std::marker::PhantomData<T>);

impl<T> Repo<T> {
    #[cached]
    fn count(id: u64) -> u64 {
        id
    }
}

#[test]
fn an_instance_is_found_by_its_own_path_where_the_plain_one_leaves_a_choice() {
    let here = module_path!();
    let instance = |ty: &str| get_cache::<u64, u64>(&format!("{here}::Repo<{ty}>::count"));
    Repo::<u8>::count(1);
    assert_eq!(
        instance("u8").expect("by the path of the instance").len(),
        1
    );
    Repo::<u16>::count(1);
    assert_eq!(
        instance("u16").expect("by the path of the instance").len(),
        1
    );
    assert!(instance("T").is_none());
}
