use super::*;

/// Names that differ, from the first one on.
fn names(count: u32) -> Vec<Name> {
    let named = (0..count).map(|id| Name::of_id(id).unwrap());
    named.collect()
}

fn put(index: &Index, hash: u64, name: Name) {
    let vacancy = index.vacancy(hash).unwrap();
    index.put(vacancy, hash, name);
}

/// Two that begin in one group, have one tag, and go different ways from there.
const HASHES: [u64; 2] = [7 << 32 | 9, 6 << 32 | 9];

#[test]
fn all_of_one_hash_are_found_however_many_have_passed_a_group() {
    let index = Index::for_entries(60);
    let all: Vec<_> = names(60)
        .into_iter()
        .zip(HASHES.into_iter().cycle())
        .collect();
    for (name, hash) in &all {
        put(&index, *hash, *name);
    }
    assert!(all.iter().all(|(name, hash)| index.has(*name, *hash)));
    let (first, rest) = all.split_at(20);
    for (name, hash) in rest {
        assert!(index.take(*name, *hash) && !index.take(*name, *hash));
    }
    assert!(first.iter().all(|(name, hash)| index.has(*name, *hash)));
    assert!(!rest.iter().any(|(name, hash)| index.has(*name, *hash)));
}

#[test]
fn nobody_has_passed_what_all_have_left() {
    let index = Index::for_entries(60);
    let names = names(20);
    for name in &names {
        put(&index, HASHES[0], *name);
    }
    let passed = || {
        let each = index.passed.iter().map(|passed| passed.load(Relaxed));
        each.filter(|passed| *passed > 0).count()
    };
    assert!(passed() > 0, "a group has eight slots");
    for name in &names {
        assert!(index.take(*name, HASHES[0]));
    }
    assert_eq!((passed(), index.names(0, usize::MAX).count()), (0, 0));
}

#[test]
fn who_takes_the_place_of_another_is_found_there_and_the_other_is_not() {
    let index = Index::for_entries(8);
    let [first, second, third] = [0, 1, 2].map(|id| Name::of_id(id).unwrap());
    put(&index, HASHES[0], first);
    put(&index, HASHES[0], second);
    assert!(index.replace(first, HASHES[0], third));
    assert!(!index.replace(first, HASHES[0], third), "it is gone");
    let is_there = [first, second, third].map(|name| index.has(name, HASHES[0]));
    assert_eq!(is_there, [false, true, true]);
    assert_eq!(index.names(0, usize::MAX).count(), 2);
}

#[test]
fn near_is_found_what_is_first_of_its_tag_in_its_first_group() {
    let index = Index::for_entries(60);
    let names = names(9);
    for name in &names {
        put(&index, HASHES[0], *name);
    }
    let near = |hash, sought: Name| index.find_near(hash, |name| (name == sought).then_some(()));
    assert!(near(HASHES[0], names[0]).is_some());
    assert!(
        !names[1..]
            .iter()
            .any(|name| near(HASHES[0], *name).is_some())
    );
    assert!(names.iter().all(|name| index.has(*name, HASHES[0])));
    assert!(near(HASHES[0] + 1, names[0]).is_none());
    assert!(Index::for_entries(0).find_near(HASHES[0], Some).is_none());
}
