use super::Meta;

fn meta(name: Option<&'static str>, place: fn() -> &'static str) -> Meta {
    Meta {
        attribute: "measured",
        name,
        part: None,
        place,
        file: "src/lib.rs",
        line: 1,
    }
}

#[test]
fn a_given_name_wins_over_the_path() {
    let named = meta(Some("load user"), || "shop::load::Here");
    assert_eq!(named.op(), "load user");
}

#[test]
fn the_path_ends_at_the_function() {
    for (place, op) in [
        ("shop::orders::load::Here", "shop::orders::load"),
        ("shop::load::{{closure}}::{{closure}}::Here", "shop::load"),
        (
            "<shop::Cart as shop::Priced>::total::Here",
            "<shop::Cart as shop::Priced>::total",
        ),
        ("Here", "Here"),
        ("", ""),
    ] {
        assert_eq!(super::function_of(place), op);
    }
    assert_eq!(meta(None, || "shop::load::Here").op(), "shop::load");
}

#[test]
fn a_part_stands_behind_the_path() {
    let mut part = meta(None, || "shop::load::Here");
    part.part = Some("attempt");
    assert_eq!(part.op(), "shop::load (attempt)");
    part.name = Some("load user");
    assert_eq!(part.op(), "load user");
}
