//! Two queues over one slab: who is in which, in the order of arrival, with links instead of allocations.
//!
//! An entry is known by its id, which is its place in the slab. The links of all run through the same 12 bytes an entry,
//! which also hold what is kept of its hash. Each queue is a ring through a head of
//! its own at the front of the slab, so that neither the ends nor an empty queue is a special case. Everything takes
//! constant time but making room.
//!
//! Weights are in a list of their own, which does not exist while all entries weigh one.

mod content;
mod scout;

pub(super) use self::content::{Content, Queue};
use self::scout::Scout;
pub(super) use self::scout::Step;

/// Where the entries begin in the slab.
const HEADS: u32 = 2;

/// Where an id is in the slab; one that is too large comes to a head, which is in no queue.
#[inline]
const fn index(id: u32) -> u32 {
    id.wrapping_add(HEADS)
}

/// What of a hash is kept: 40 bits, those by which the index of the table finds an entry.
pub(super) const KEPT: u64 = 0xffff_ffff_0000_00ff;
/// The largest credit: two bits.
pub(super) const MOST_CREDIT: u32 = 3;

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
pub(super) struct Node {
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

    /// None for one that nobody has.
    #[inline]
    fn queue(self) -> Option<Queue> {
        match self.bits & PLACE {
            NOWHERE => None,
            WINDOW => Some(Queue::Window),
            _ => Some(Queue::Main),
        }
    }

    /// Two bits kept for the entry while it is here, 0 when it comes.
    #[inline]
    pub(super) fn credit(self) -> u32 {
        ((self.bits & CREDIT) >> CREDIT_SHIFT) as u32
    }

    /// What is [kept](KEPT) of the hash it came with.
    #[inline]
    pub(super) fn hash(self) -> u64 {
        u64::from(self.hash) << 32 | (self.bits & HASH) >> HASH_SHIFT
    }
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
    #[inline]
    pub(super) fn insert(&mut self, id: u32, hash: u64, weight: u32, queue: Queue) {
        if !self.has_place(id) {
            return;
        }
        if let Some(node) = self.node(id)
            && let Some(before) = node.queue()
        {
            self.take_over(id, node, before);
        }
        if weight != 1 || !self.weights.is_empty() {
            self.note_weight(id, weight);
        }
        self.link(index(id), Node::unlinked(hash), queue);
        self.content_mut(queue).add(weight);
    }

    /// Whether there is a node for an id, by now.
    #[inline]
    fn has_place(&mut self, id: u32) -> bool {
        if index(id) as usize >= self.nodes.len() && id < MOST_IDS {
            self.nodes
                .resize(index(id) as usize + 1, Node::new(NOWHERE));
        }
        id < MOST_IDS
    }

    /// Takes an entry out of its queue. False when it was in none.
    #[inline]
    pub(super) fn remove(&mut self, id: u32) -> bool {
        match self.node(id).and_then(Node::queue) {
            Some(queue) => self.remove_from(queue, id),
            None => false,
        }
    }

    /// The same with an entry of which it is known in which queue it is.
    #[inline]
    pub(super) fn remove_from(&mut self, queue: Queue, id: u32) -> bool {
        let Some(node) = self.node(id) else {
            return false;
        };
        self.take_out(id, node, queue);
        if let Some(node) = self.nodes.get_mut(index(id) as usize) {
            node.set(PLACE, NOWHERE);
        }
        true
    }

    /// An entry has another id from now on, which nobody has.
    pub(super) fn rename(&mut self, before: u32, now: u32) {
        let Some(node) = self.node(before) else {
            return;
        };
        let Some(queue) = node.queue() else {
            return;
        };
        if before == now || !self.has_place(now) {
            return;
        }
        self.remove(now);
        if !self.weights.is_empty() {
            self.note_weight(now, self.weight(before));
        }
        let nodes = self.nodes.as_mut_slice();
        if let Some(newer) = nodes.get_mut(node.newer() as usize) {
            newer.set_older(index(now));
        }
        if let Some(older) = nodes.get_mut(node.older() as usize) {
            older.set_newer(index(now));
        }
        if let Some(there) = nodes.get_mut(index(now) as usize) {
            *there = node;
        }
        if let Some(there) = nodes.get_mut(index(before) as usize) {
            there.set(PLACE, NOWHERE);
        }
        if let Some(scout) = self.scouts.get_mut(queue.head() as usize) {
            scout.renamed(index(before), index(now));
        }
    }

    /// Moves an entry to the new end of a queue.
    #[inline]
    pub(super) fn renew(&mut self, id: u32, queue: Queue) {
        let Some(node) = self.node(id) else {
            return;
        };
        if let Some(before) = node.queue() {
            self.take_out(id, node, before);
            self.link(index(id), node, queue);
            let weight = self.weight(id);
            self.content_mut(queue).add(weight);
        }
    }

    /// The entry that has been in the queue for longest, and what is known of it.
    ///
    /// The ring runs through its head: what is newer than the head is the oldest, what is older the newest.
    #[inline]
    pub(super) fn oldest(&self, queue: Queue) -> Option<(u32, Node)> {
        let head = self.nodes.get(queue.head() as usize)?;
        let id = head.newer().checked_sub(HEADS)?;
        Some((id, self.node(id)?))
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
            if weight != before {
                self.note_weight(id, weight);
            }
            let content = self.content_mut(queue);
            content.weight -= u64::from(before);
            content.weight += u64::from(weight);
        }
    }

    /// Sets the credit of an entry, at most [`MOST_CREDIT`].
    #[inline]
    pub(super) fn set_credit(&mut self, id: u32, credit: u32) {
        if let Some(node) = self.nodes.get_mut(index(id) as usize) {
            node.set(CREDIT, u64::from(credit.min(MOST_CREDIT)) << CREDIT_SHIFT);
        }
    }

    /// Bytes allocated.
    pub(super) fn memory(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>() + self.weights.capacity() * size_of::<u32>()
    }

    #[inline]
    fn node(&self, id: u32) -> Option<Node> {
        self.nodes.get(index(id) as usize).copied()
    }

    #[inline]
    fn content_mut(&mut self, queue: Queue) -> &mut Content {
        match queue {
            Queue::Window => &mut self.window,
            Queue::Main => &mut self.main,
        }
    }

    /// Of an id that is in no queue, or in one whose content is set right by the caller.
    #[cold]
    fn note_weight(&mut self, id: u32, weight: u32) {
        let (ids, room) = (self.nodes.len(), self.nodes.capacity());
        let more = (room - HEADS as usize).saturating_sub(self.weights.len());
        self.weights.reserve_exact(more);
        self.weights.resize(ids - HEADS as usize, 1);
        if let Some(known) = self.weights.get_mut(id as usize) {
            *known = weight;
        }
    }

    /// Puts a node that is in no ring at its place, as the newest of a queue.
    #[inline]
    fn link(&mut self, index: u32, mut node: Node, queue: Queue) {
        let nodes = self.nodes.as_mut_slice();
        let Some(head) = nodes.get_mut(queue.head() as usize) else {
            return;
        };
        let newest = head.older();
        head.set_older(index);
        if let Some(newest) = nodes.get_mut(newest as usize) {
            newest.set_newer(index);
        }
        let place = match queue {
            Queue::Window => WINDOW,
            Queue::Main => MAIN,
        };
        let links = u64::from(queue.head()) | u64::from(newest) << LINK;
        node.set(NEWER | OLDER | PLACE, links | place);
        if let Some(there) = nodes.get_mut(index as usize) {
            *there = node;
        }
    }

    /// For another one with its id.
    #[cold]
    fn take_over(&mut self, id: u32, node: Node, queue: Queue) {
        self.take_out(id, node, queue);
    }

    /// Takes an entry out of its queue; its node says that it is there until it is put somewhere else.
    #[inline]
    fn take_out(&mut self, id: u32, node: Node, queue: Queue) {
        let nodes = self.nodes.as_mut_slice();
        if let Some(newer) = nodes.get_mut(node.newer() as usize) {
            newer.set_older(node.older());
        }
        if let Some(older) = nodes.get_mut(node.older() as usize) {
            older.set_newer(node.newer());
        }
        if let Some(scout) = self.scouts.get_mut(queue.head() as usize) {
            scout.left(index(id), node);
        }
        let weight = self.weight(id);
        self.content_mut(queue).take(weight);
    }
}
