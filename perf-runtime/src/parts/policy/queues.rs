//! Two queues over one slab: who is in which, in the order of arrival, with links instead of allocations.
//!
//! An entry is known by its id, which is its place in the slab. The links of all run through the same 12 bytes an entry,
//! which also hold what is kept of its hash. Each queue is a ring through a head of
//! its own at the front of the slab, so that neither the ends nor an empty queue is a special case. Everything takes
//! constant time but making room.
//!
//! Weights are in a list of their own, which does not exist while all entries weigh one.

mod scout;

use self::scout::Scout;
pub(super) use self::scout::Step;

/// Which queue an entry is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Queue {
    /// What came last, whatever it is worth.
    Window,
    /// What has shown to be worth keeping.
    Main,
}

impl Queue {
    /// The index of the ring's head in the slab.
    const fn head(self) -> u32 {
        match self {
            Self::Window => 0,
            Self::Main => 1,
        }
    }
}

/// Where the entries begin in the slab.
const HEADS: u32 = 2;
/// What of a hash is kept: 40 bits, those by which the index of the table finds an entry.
pub(super) const KEPT: u64 = 0xffff_ffff_0000_00ff;
/// The largest credit: two bits.
pub(super) const MOST_CREDIT: u8 = 3;

/// Bits of a link. So many entries are in one shard at most; it would be 5 GB large.
const LINK: u32 = 26;
const MOST_NODES: usize = 1 << LINK;
/// There are so many ids.
pub(super) const MOST_IDS: u32 = (1 << LINK) - HEADS;
const NEWER: u64 = (1 << LINK) - 1;
const OLDER: u64 = NEWER << LINK;
const PLACE_SHIFT: u32 = 2 * LINK;
const PLACE: u64 = 3 << PLACE_SHIFT;
const NOWHERE: u64 = 0;
const WINDOW: u64 = 2 << PLACE_SHIFT;
const MAIN: u64 = 3 << PLACE_SHIFT;
const CREDIT_SHIFT: u32 = PLACE_SHIFT + 2;
const CREDIT: u64 = 3 << CREDIT_SHIFT;
const HASH_SHIFT: u32 = CREDIT_SHIFT + 2;
const HASH: u64 = 0xff << HASH_SHIFT;

// Packed, or it would take 16 bytes.
#[derive(Debug, Clone, Copy)]
#[repr(C, packed(4))]
struct Node {
    /// From the lowest: a link to the newer neighbour, one to the older, 2 bits that say where it is, 2 of credit, the low
    /// byte of the hash. Written as a whole: a processor waits when it reads at once what it has written in parts.
    bits: u64,
    /// The high half of it.
    hash: u32,
}

impl Node {
    const fn new(bits: u64) -> Self {
        Self { bits, hash: 0 }
    }

    /// That of an entry which comes.
    const fn unlinked(hash: u64) -> Self {
        Self {
            hash: (hash >> 32) as u32,
            ..Self::new((hash << HASH_SHIFT) & HASH)
        }
    }

    const fn head(queue: Queue) -> Self {
        let head = queue.head() as u64;
        Self::new(head | head << LINK)
    }

    #[inline]
    fn set(&mut self, mask: u64, bits: u64) {
        self.bits = self.bits & !mask | bits;
    }

    #[inline]
    fn newer(self) -> u32 {
        (self.bits & NEWER) as u32
    }

    #[inline]
    fn older(self) -> u32 {
        ((self.bits & OLDER) >> LINK) as u32
    }

    #[inline]
    fn set_newer(&mut self, index: u32) {
        self.set(NEWER, u64::from(index));
    }

    #[inline]
    fn set_older(&mut self, index: u32) {
        self.set(OLDER, u64::from(index) << LINK);
    }

    #[inline]
    fn queue(self) -> Option<Queue> {
        match self.bits & PLACE {
            NOWHERE => None,
            WINDOW => Some(Queue::Window),
            _ => Some(Queue::Main),
        }
    }

    #[inline]
    fn credit(self) -> u8 {
        ((self.bits & CREDIT) >> CREDIT_SHIFT) as u8
    }

    #[inline]
    fn hash(self) -> u64 {
        u64::from(self.hash) << 32 | (self.bits & HASH) >> HASH_SHIFT
    }
}

/// How much is in a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) entries: u32,
    pub(super) weight: u64,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Queues {
    /// The heads, then the entries by their ids.
    nodes: Vec<Node>,
    /// By id; empty while all weigh one.
    weights: Vec<u32>,
    window: Content,
    main: Content,
    /// Of each queue.
    scouts: [Scout; 2],
}

impl Queues {
    pub(super) fn new() -> Self {
        Self {
            nodes: vec![Node::head(Queue::Window), Node::head(Queue::Main)],
            weights: Vec::new(),
            window: Content::default(),
            main: Content::default(),
            scouts: [Scout::default(); 2],
        }
    }

    /// Makes room for so many ids, and no more.
    pub(super) fn make_room_for(&mut self, ids: usize) {
        let nodes = ids.saturating_add(HEADS as usize).min(MOST_NODES);
        let more = nodes.saturating_sub(self.nodes.len());
        self.nodes.reserve_exact(more);
        if !self.weights.is_empty() {
            self.weights.reserve_exact(more);
        }
    }

    /// Gives an id to an entry, at the new end of a queue. One that had it already leaves its own.
    ///
    /// Nothing happens with an id for which there is no number.
    pub(super) fn insert(&mut self, id: u32, hash: u64, weight: u32, queue: Queue) {
        self.leave(id);
        self.note_weight(id, weight);
        if self.place(id, Node::unlinked(hash)) {
            self.link(id.saturating_add(HEADS), queue);
        }
    }

    /// Puts a node where that of an id is, which is in no ring. False when there is no number for it.
    #[inline]
    fn place(&mut self, id: u32, node: Node) -> bool {
        let index = id.saturating_add(HEADS) as usize;
        if index >= MOST_NODES {
            return false;
        }
        if index >= self.nodes.len() {
            self.nodes.resize(index + 1, Node::new(NOWHERE));
        }
        self.nodes.get_mut(index).is_some_and(|place| {
            *place = node;
            true
        })
    }

    #[inline]
    fn leave(&mut self, id: u32) -> bool {
        let queue = self.node(id).and_then(Node::queue);
        if let Some(queue) = queue {
            self.unlink(id.saturating_add(HEADS), queue);
        }
        queue.is_some()
    }

    /// Takes an entry out of its queue. False when it was in none.
    #[inline]
    pub(super) fn remove(&mut self, id: u32) -> bool {
        let was_in = self.leave(id);
        if was_in && let Some(node) = self.nodes.get_mut(id.saturating_add(HEADS) as usize) {
            node.set(PLACE, NOWHERE);
        }
        was_in
    }

    /// An entry has another id from now on.
    pub(super) fn rename(&mut self, before: u32, now: u32) {
        let Some(node) = self.node(before).filter(|_| before != now) else {
            return;
        };
        self.remove(now);
        let weight = self.weight(before);
        let (from, to) = (before.saturating_add(HEADS), now.saturating_add(HEADS));
        if node.queue().is_none() || !self.place(now, node) {
            return;
        }
        self.note_weight(now, weight);
        if let Some(newer) = self.nodes.get_mut(node.newer() as usize) {
            newer.set_older(to);
        }
        if let Some(older) = self.nodes.get_mut(node.older() as usize) {
            older.set_newer(to);
        }
        for scout in &mut self.scouts {
            scout.renamed(from, to);
        }
        if let Some(node) = self.nodes.get_mut(from as usize) {
            node.set(PLACE, NOWHERE);
        }
    }

    /// Moves an entry to the new end of a queue.
    #[inline]
    pub(super) fn renew(&mut self, id: u32, queue: Queue) {
        if let Some(before) = self.node(id).and_then(Node::queue) {
            let index = id.saturating_add(HEADS);
            self.unlink(index, before);
            self.link(index, queue);
        }
    }

    /// The entry that has been in the queue for longest.
    ///
    /// The ring runs through its head: what is newer than the head is the oldest, what is older the newest.
    #[inline]
    pub(super) fn oldest(&self, queue: Queue) -> Option<u32> {
        let head = self.nodes.get(queue.head() as usize)?;
        head.newer().checked_sub(HEADS)
    }

    /// The entry that came last, or was renewed last.
    #[inline]
    pub(super) fn newest(&self, queue: Queue) -> Option<u32> {
        let head = self.nodes.get(queue.head() as usize)?;
        head.older().checked_sub(HEADS)
    }

    /// How much is in a queue.
    #[inline]
    pub(super) fn content(&self, queue: Queue) -> Content {
        match queue {
            Queue::Window => self.window,
            Queue::Main => self.main,
        }
    }

    /// What is [kept](KEPT) of the hash an entry came with; 0 for one that was never here.
    #[inline]
    pub(super) fn hash(&self, id: u32) -> u64 {
        self.node(id).map_or(0, Node::hash)
    }

    /// What an entry weighs; of an id in no queue, what the last one that had it did.
    #[inline]
    pub(super) fn weight(&self, id: u32) -> u32 {
        self.weights.get(id as usize).copied().unwrap_or(1)
    }

    /// Changes what an entry weighs.
    pub(super) fn set_weight(&mut self, id: u32, weight: u32) {
        let before = self.weight(id);
        if let Some(queue) = self.node(id).and_then(Node::queue) {
            self.note_weight(id, weight);
            let content = self.content_mut(queue);
            content.weight -= u64::from(before);
            content.weight += u64::from(weight);
        }
    }

    /// Two bits kept for the entry while it is here, 0 when it comes.
    #[inline]
    pub(super) fn credit(&self, id: u32) -> u8 {
        self.node(id).map_or(0, Node::credit)
    }

    /// Sets the credit of an entry, at most [`MOST_CREDIT`].
    #[inline]
    pub(super) fn set_credit(&mut self, id: u32, credit: u8) {
        if let Some(node) = self.nodes.get_mut(id.saturating_add(HEADS) as usize) {
            node.set(CREDIT, u64::from(credit.min(MOST_CREDIT)) << CREDIT_SHIFT);
        }
    }

    /// Bytes allocated.
    pub(super) fn memory(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>() + self.weights.capacity() * size_of::<u32>()
    }

    #[inline]
    fn node(&self, id: u32) -> Option<Node> {
        self.nodes.get(id.checked_add(HEADS)? as usize).copied()
    }

    #[inline]
    fn content_mut(&mut self, queue: Queue) -> &mut Content {
        match queue {
            Queue::Window => &mut self.window,
            Queue::Main => &mut self.main,
        }
    }

    /// Of an id that is in no queue, or in one whose content is set right by the caller.
    #[inline]
    fn note_weight(&mut self, id: u32, weight: u32) {
        if weight == 1 && self.weights.is_empty() {
            return;
        }
        let index = id as usize;
        if index >= self.weights.len() && index < MOST_NODES {
            let room = self.nodes.capacity().saturating_sub(HEADS as usize);
            let more = room.max(index + 1) - self.weights.len();
            self.weights.reserve_exact(more);
            self.weights.resize(index + 1, 1);
        }
        if let Some(known) = self.weights.get_mut(index) {
            *known = weight;
        }
    }

    /// Of a node that is in no ring.
    #[inline]
    fn link(&mut self, index: u32, queue: Queue) {
        let head = queue.head();
        let Some(node) = self.nodes.get_mut(head as usize) else {
            return;
        };
        let newest = node.older();
        node.set_older(index);
        if let Some(node) = self.nodes.get_mut(newest as usize) {
            node.set_newer(index);
        }
        if let Some(node) = self.nodes.get_mut(index as usize) {
            let place = match queue {
                Queue::Window => WINDOW,
                Queue::Main => MAIN,
            };
            let links = u64::from(head) | u64::from(newest) << LINK;
            node.set(NEWER | OLDER | PLACE, links | place);
        }
        let weight = u64::from(self.weight(index.saturating_sub(HEADS)));
        let content = self.content_mut(queue);
        content.entries += 1;
        content.weight += weight;
    }

    /// Takes a node out of the ring it is in; it says so until it is linked again.
    #[inline]
    fn unlink(&mut self, index: u32, queue: Queue) {
        let Some(node) = self.nodes.get(index as usize).copied() else {
            return;
        };
        if let Some(newer) = self.nodes.get_mut(node.newer() as usize) {
            newer.set_older(node.older());
        }
        if let Some(older) = self.nodes.get_mut(node.older() as usize) {
            older.set_newer(node.newer());
        }
        if let Some(scout) = self.scouts.get_mut(queue.head() as usize) {
            scout.left(index, node);
        }
        let weight = u64::from(self.weight(index.saturating_sub(HEADS)));
        let content = self.content_mut(queue);
        content.entries -= 1;
        content.weight -= weight;
    }
}
