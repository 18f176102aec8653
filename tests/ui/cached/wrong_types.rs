use perfkit::cached;

#[cached(if = id)]
fn condition(id: u64) -> u64 {
    id
}

#[cached(ttl = 5u64 + 1)]
fn ttl(id: u64) -> u64 {
    id
}

#[cached(max_bytes = "1MB", weigh = |text| text.len())]
fn weigh(id: u64) -> String {
    id.to_string()
}

#[cached(on_evict = |_key, _value| ())]
fn listener(id: u64) -> u64 {
    id
}

#[cached(key = id + 1, key_type = String)]
fn key(id: u64) -> u64 {
    id
}

fn main() {
    condition(1);
    ttl(1);
    weigh(1);
    listener(1);
    key(1);
}
