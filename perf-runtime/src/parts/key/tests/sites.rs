//! What the macro writes, by hand: every way from arguments to a key compiles without a type being named twice.

use super::*;

/// A site as far as a key goes; gives back the key it was asked for.
fn look_up<K: Key + Debug, L: Lookup<K>>(lookup: L) -> K {
    agrees(lookup)
}

fn one_number(id: u64) -> impl Debug + PartialEq<u64> {
    look_up::<u64, _>(&id)
}

fn text_and_number(name: &str, id: u64) -> (String, u64) {
    look_up::<(<str as ToOwned>::Owned, u64), _>((name, &id))
}

fn texts_borrowed(names: &[&str]) -> Vec<String> {
    look_up::<<[&'static str] as CacheKey>::Owned, _>(Deep(names))
}

fn texts_in_a_vec(names: Vec<&str>) -> Vec<String> {
    look_up::<<Vec<&'static str> as CacheKey>::Owned, _>(Deep(&names))
}

fn perhaps_text(name: Option<&str>) -> Option<String> {
    look_up::<<Option<&'static str> as CacheKey>::Owned, _>(Deep(&name))
}

fn float(at: f64) -> ByBits<f64> {
    look_up::<<f64 as CacheKey>::Owned, _>(Deep(&at))
}

fn place(at: (f64, f64)) -> (ByBits<f64>, ByBits<f64>) {
    look_up::<<(f64, f64) as CacheKey>::Owned, _>(Deep(&at))
}

fn any<T: Hash + Eq + Clone + Send + Sync + 'static + Debug>(value: T, count: u8) -> (T, u8) {
    look_up::<(T, u8), _>((&value, &count))
}

fn any_borrowed<T: Hash + Eq + Clone + Send + Sync + 'static + Debug>(value: &T) -> T {
    look_up::<<T as ToOwned>::Owned, _>(value)
}

fn any_slice<T: Hash + Eq + Clone + Send + Sync + 'static + Debug>(values: &[T]) -> Vec<T> {
    look_up::<<[T] as ToOwned>::Owned, _>(values)
}

fn any_unsized<Q>(value: &Q) -> Q::Owned
where
    Q: ToOwned<Owned: Key + Debug> + Hash + Eq + ?Sized,
{
    look_up::<<Q as ToOwned>::Owned, _>(value)
}

// Two references in the signature, one of which the macro takes off.
#[expect(clippy::ref_option_ref, reason = "it is what some have")]
fn twice_borrowed(name: &&str, path: &Option<&Path>) -> (String, Option<PathBuf>) {
    look_up::<
        (
            <str as ToOwned>::Owned,
            <Option<&'static Path> as CacheKey>::Owned,
        ),
        _,
    >((*name, Deep(path)))
}

fn array_and_vec(rgb: [u8; 3], tags: Vec<String>) -> ([u8; 3], Vec<String>) {
    look_up::<([u8; 3], Vec<String>), _>((&rgb, &tags))
}

fn nothing() {
    look_up::<(), _>(());
}

struct Query<'a> {
    table: &'a str,
    limits: &'a [u64],
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct OwnedQuery {
    table: String,
    limits: Vec<u64>,
}

impl CacheKey for Query<'_> {
    type Owned = OwnedQuery;

    fn hash<H: Hasher>(&self, state: &mut H) {
        Hash::hash(self.table, state);
        Hash::hash(self.limits, state);
    }

    fn is(&self, key: &OwnedQuery) -> bool {
        self.table == key.table && self.limits == key.limits
    }

    fn to_key(&self) -> OwnedQuery {
        OwnedQuery {
            table: self.table.to_owned(),
            limits: self.limits.to_owned(),
        }
    }
}

fn own_type(query: &Query<'_>, page: u32) -> (OwnedQuery, u32) {
    look_up::<(<Query<'static> as CacheKey>::Owned, u32), _>((Deep(query), &page))
}

fn own_types(queries: &[Query<'_>]) -> Vec<OwnedQuery> {
    look_up::<<[Query<'static>] as CacheKey>::Owned, _>(Deep(queries))
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Shop {
    id: u32,
    names: Vec<String>,
}

trait Sells {
    fn price(&self, item: &str) -> (Self, String)
    where
        Self: Sized;
}

impl Shop {
    fn stock(&self, item: u64) -> (Self, u64) {
        look_up::<(<Self as ToOwned>::Owned, u64), _>((self, &item))
    }

    /// `key = (self.id, item)`, each part asked for itself.
    fn by_id(&self, item: &str) -> (u32, String) {
        let key = (self.id, item);
        look_up::<_, _>((KeyOf(&key.0).lookup(), KeyOf(&key.1).lookup()))
    }
}

impl Sells for Shop {
    fn price(&self, item: &str) -> (Self, String) {
        look_up::<(<Self as ToOwned>::Owned, <str as ToOwned>::Owned), _>((self, item))
    }
}

#[test]
fn arguments_are_looked_for_as_they_come() {
    assert_eq!(one_number(7), 7);
    assert_eq!(text_and_number("a", 1), ("a".to_owned(), 1));
    assert_eq!(texts_borrowed(&["a", "b"]), ["a", "b"]);
    assert_eq!(texts_in_a_vec(vec!["a", "b"]), ["a", "b"]);
    assert_eq!(perhaps_text(Some("a")), Some("a".to_owned()));
    assert_eq!(perhaps_text(None), None);
    assert_eq!(float(f64::NAN), ByBits(f64::NAN));
    assert_eq!(place((0.0, -0.0)), (ByBits(0.0), ByBits(-0.0)));
    assert_eq!(any("a", 1), ("a", 1));
    assert_eq!(any_borrowed(&1_u8), 1);
    assert_eq!(any_slice(&[1_u64, 2]), [1, 2]);
    assert_eq!(any_unsized("a"), "a");
    assert_eq!(any_unsized(&1_u8), 1);
    let (name, path) = twice_borrowed(&"a", &Some(Path::new("b")));
    assert_eq!((name.as_str(), path), ("a", Some("b".into())));
    let tags = vec!["a".to_owned()];
    assert_eq!(array_and_vec([1, 2, 3], tags.clone()), ([1, 2, 3], tags));
    nothing();
}

#[test]
fn own_types_are_looked_for_with_and_without_a_lifetime() {
    let table = String::from("users");
    let query = Query {
        table: &table,
        limits: &[1, 2],
    };
    let owned = || query.to_key();
    assert_eq!(own_type(&query, 1), (owned(), 1));
    assert_eq!(own_types(&[]), []);
    let shop = Shop {
        id: 1,
        names: vec!["a".to_owned()],
    };
    assert_eq!(shop.stock(2), (shop.clone(), 2));
    assert_eq!(shop.by_id("b"), (1, "b".to_owned()));
    assert_eq!(shop.price("b"), (shop.clone(), "b".to_owned()));
    assert_eq!(own_types(&[query]).len(), 1);
}

#[test]
fn the_value_of_a_key_expression_says_itself_what_it_is() {
    fn generic<T: Hash + Eq + Clone + Send + Sync + 'static + Debug>(value: T) -> T {
        look_up::<_, _>(KeyOf(&value).lookup())
    }

    let text = String::from("a");
    let key = text.as_str();
    assert_eq!(look_up::<_, _>(KeyOf(&key).lookup()), "a");
    let key = (1.5, &text);
    assert_eq!(
        look_up::<_, _>(KeyOf(&key).lookup()),
        (ByBits(1.5), text.clone())
    );
    let key = format!("{text}b");
    assert_eq!(look_up::<_, _>(KeyOf(&key).lookup()), "ab");
    let key = OwnedQuery {
        table: text.clone(),
        limits: Vec::new(),
    };
    assert_eq!(look_up::<_, _>(KeyOf(&key.table).lookup()), "a");
    let key = Shop {
        id: 1,
        names: Vec::new(),
    };
    assert_eq!(look_up::<_, _>(KeyOf(&key).lookup()), key);
    let key = 7;
    assert_eq!(look_up::<_, _>(KeyOf(&key).lookup()), 7_i32);
    assert_eq!(generic("a"), "a");
}
