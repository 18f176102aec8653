//! What the compiler says of a misuse, word for word; `TRYBUILD=overwrite` writes the words anew.

#[test]
fn every_misuse_is_told_where_it_stands() {
    trybuild::TestCases::new().compile_fail("tests/ui/*/*.rs");
}
