use perfkit::cached;

#[cached(key = id, ignore(trace))]
fn both(id: u64, trace: u64) -> u64 {
    id + trace
}

#[cached(ignore(traec))]
fn unknown(id: u64, trace: u64) -> u64 {
    id + trace
}

#[cached(ignore = trace)]
fn like_a_value(id: u64, trace: u64) -> u64 {
    id + trace
}

#[cached(ignore(id + 1))]
fn no_names(id: u64) -> u64 {
    id
}

#[cached(ignore())]
fn empty(id: u64) -> u64 {
    id
}

#[cached(key_type = u64)]
fn type_alone(id: u64) -> u64 {
    id
}

#[cached(key = id + 1, key_type = 5)]
fn no_type(id: u64) -> u64 {
    id
}

#[cached(key = id + 1, handle)]
fn handle_without_a_type(id: u64) -> u64 {
    id
}

fn main() {
    both(1, 1);
    unknown(1, 1);
    like_a_value(1, 1);
    no_names(1);
    empty(1);
    type_alone(1);
    no_type(1);
    handle_without_a_type(1);
}
