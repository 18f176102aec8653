use perfkit::cached;

struct Shop(Vec<u32>);

impl Shop {
    #[cached]
    fn add(&mut self, n: u32) -> usize {
        self.0.push(n);
        self.0.len()
    }
}

#[cached]
fn fill(n: u32, out: &mut Vec<u32>) -> usize {
    out.push(n);
    out.len()
}

#[cached(ignore(out))]
fn ignored(n: u32, (out, _): (&mut Vec<u32>, u8)) -> usize {
    out.push(n);
    out.len()
}

fn main() {
    Shop(Vec::new()).add(1);
    fill(1, &mut Vec::new());
    ignored(1, (&mut Vec::new(), 1));
}
