//! Two queues over one slab: who is in which, in the order of arrival, with links instead of allocations.
//!
//! An entry is known by its id, which is its place in the slab; the links of both queues run through the same 20 bytes
//! an entry. Each queue is a ring through a head of its own at the front of the slab, so that neither the ends nor an
//! empty queue is a special case. Everything takes constant time.

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

/// The heaviest an entry can be: 28 bits. What is heavier counts as this.
const HEAVIEST: u32 = (1 << 28) - 1;
const WINDOW: u32 = 1 << 28;
const MAIN: u32 = 2 << 28;
const QUEUE: u32 = 3 << 28;
const CREDIT_SHIFT: u32 = 30;
/// The largest credit: two bits.
pub(super) const MOST_CREDIT: u8 = 3;

#[derive(Debug, Clone, Copy)]
struct Node {
    newer: u32,
    older: u32,
    /// Two halves, because a `u64` would align the node to 24 bytes.
    hash: [u32; 2],
    /// From the lowest bit: 28 of weight, 2 that say the queue, 2 of credit.
    rest: u32,
}

impl Node {
    const NOWHERE: Self = Self {
        newer: 0,
        older: 0,
        hash: [0; 2],
        rest: 0,
    };

    const fn head(queue: Queue) -> Self {
        Self {
            newer: queue.head(),
            older: queue.head(),
            ..Self::NOWHERE
        }
    }

    const fn queue(&self) -> Option<Queue> {
        match self.rest & QUEUE {
            WINDOW => Some(Queue::Window),
            MAIN => Some(Queue::Main),
            _ => None,
        }
    }

    const fn weight(&self) -> u32 {
        self.rest & HEAVIEST
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
    /// The two heads, then the entries by their ids.
    nodes: Vec<Node>,
    window: Content,
    main: Content,
}

impl Queues {
    pub(super) fn new() -> Self {
        Self {
            nodes: vec![Node::head(Queue::Window), Node::head(Queue::Main)],
            window: Content::default(),
            main: Content::default(),
        }
    }

    /// Puts an entry at the new end of a queue. One that was in a queue already leaves it.
    ///
    /// An id that no slab could hold (the last two of `u32`) is not taken in.
    pub(super) fn insert(&mut self, id: u32, hash: u64, weight: u32, queue: Queue) {
        let Some(index) = id.checked_add(HEADS) else {
            return;
        };
        self.remove(id);
        if self.nodes.len() <= index as usize {
            self.nodes.resize(index as usize + 1, Node::NOWHERE);
        }
        if let Some(node) = self.nodes.get_mut(index as usize) {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the two halves of the hash"
            )]
            let halves = [(hash >> 32) as u32, hash as u32];
            node.hash = halves;
            node.rest = weight.min(HEAVIEST);
        }
        self.link(index, queue);
    }

    /// Takes an entry out of its queue. False when it is in none.
    #[inline]
    pub(super) fn remove(&mut self, id: u32) -> bool {
        id.checked_add(HEADS)
            .is_some_and(|index| self.unlink(index))
    }

    /// Moves an entry to the new end of a queue.
    #[inline]
    pub(super) fn renew(&mut self, id: u32, queue: Queue) {
        if let Some(index) = id.checked_add(HEADS)
            && self.unlink(index)
        {
            self.link(index, queue);
        }
    }

    /// The entry that has been in the queue for longest.
    ///
    /// The ring runs through its head: what is newer than the head is the oldest, what is older the newest.
    #[inline]
    pub(super) fn oldest(&self, queue: Queue) -> Option<u32> {
        let head = self.nodes.get(queue.head() as usize)?;
        head.newer.checked_sub(HEADS)
    }

    /// The entry that came last, or was renewed last.
    #[inline]
    pub(super) fn newest(&self, queue: Queue) -> Option<u32> {
        let head = self.nodes.get(queue.head() as usize)?;
        head.older.checked_sub(HEADS)
    }

    /// How much is in a queue.
    #[inline]
    pub(super) fn content(&self, queue: Queue) -> Content {
        match queue {
            Queue::Window => self.window,
            Queue::Main => self.main,
        }
    }

    /// The hash an entry came with; 0 for one that was never here.
    #[inline]
    pub(super) fn hash(&self, id: u32) -> u64 {
        self.node(id).map_or(0, |node| {
            (u64::from(node.hash[0]) << 32) | u64::from(node.hash[1])
        })
    }

    /// The weight an entry came with, at most 2^28 - 1.
    #[inline]
    pub(super) fn weight(&self, id: u32) -> u32 {
        self.node(id).map_or(0, Node::weight)
    }

    /// Two bits kept for the entry while it is here, 0 when it comes.
    #[inline]
    pub(super) fn credit(&self, id: u32) -> u8 {
        self.node(id)
            .map_or(0, |node| (node.rest >> CREDIT_SHIFT) as u8)
    }

    /// Sets the credit of an entry, at most [`MOST_CREDIT`].
    #[inline]
    pub(super) fn set_credit(&mut self, id: u32, credit: u8) {
        if let Some(index) = id.checked_add(HEADS)
            && let Some(node) = self.nodes.get_mut(index as usize)
        {
            let credit = u32::from(credit.min(MOST_CREDIT));
            node.rest = (node.rest & (QUEUE | HEAVIEST)) | (credit << CREDIT_SHIFT);
        }
    }

    /// Bytes allocated.
    pub(super) fn memory(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>()
    }

    fn node(&self, id: u32) -> Option<&Node> {
        self.nodes.get(id.checked_add(HEADS)? as usize)
    }

    fn content_mut(&mut self, queue: Queue) -> &mut Content {
        match queue {
            Queue::Window => &mut self.window,
            Queue::Main => &mut self.main,
        }
    }

    fn link(&mut self, index: u32, queue: Queue) {
        let head = queue.head();
        let newest = match self.nodes.get_mut(head as usize) {
            Some(node) => std::mem::replace(&mut node.older, index),
            None => return,
        };
        if let Some(node) = self.nodes.get_mut(newest as usize) {
            node.newer = index;
        }
        let mut weight = 0;
        if let Some(node) = self.nodes.get_mut(index as usize) {
            node.newer = head;
            node.older = newest;
            node.rest = (node.rest & !QUEUE)
                | match queue {
                    Queue::Window => WINDOW,
                    Queue::Main => MAIN,
                };
            weight = node.weight();
        }
        let content = self.content_mut(queue);
        content.entries += 1;
        content.weight += u64::from(weight);
    }

    fn unlink(&mut self, index: u32) -> bool {
        let Some(node) = self.nodes.get_mut(index as usize) else {
            return false;
        };
        let Some(queue) = node.queue() else {
            return false;
        };
        node.rest &= !QUEUE;
        let node = *node;
        if let Some(newer) = self.nodes.get_mut(node.newer as usize) {
            newer.older = node.older;
        }
        if let Some(older) = self.nodes.get_mut(node.older as usize) {
            older.newer = node.newer;
        }
        let content = self.content_mut(queue);
        content.entries -= 1;
        content.weight -= u64::from(node.weight());
        true
    }
}
