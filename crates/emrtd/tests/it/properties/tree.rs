//! EF.SOD as a tree, to change its structure and write it again well-formed.

use emrtd::tlv::{Element, Reader, Rules, Tag, tagged};

#[derive(Clone, Debug)]
pub(super) struct Node {
    tag: Tag,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Bytes(Vec<u8>),
    Nodes(Vec<Node>),
}

/// One change of structure. The numbers choose a node, modulo how many there are.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Duplicate(usize),
    Remove(usize),
    SwapWithNext(usize),
    /// Put a copy of the second node in place of the first.
    Replace(usize, usize),
    Tag(usize, u8),
    /// Append bytes to the content of a node.
    Append(usize, Vec<u8>),
    Truncate(usize, usize),
}

impl Node {
    pub(super) fn parse(file: &[u8]) -> Self {
        Self::read(&Reader::new(file, Rules::Ber).read().unwrap())
    }

    fn read(element: &Element<'_>) -> Self {
        let content = if element.tag().is_constructed() {
            let mut children = element.children().unwrap();
            let mut nodes = Vec::new();
            while !children.is_empty() {
                nodes.push(Self::read(&children.read().unwrap()));
            }
            Content::Nodes(nodes)
        } else {
            Content::Bytes(element.content().to_vec())
        };
        Self { tag: element.tag(), content }
    }

    pub(super) fn write(&self) -> Vec<u8> {
        match &self.content {
            Content::Bytes(bytes) => tagged(self.tag, bytes),
            Content::Nodes(nodes) => {
                let parts: Vec<Vec<u8>> = nodes.iter().map(Self::write).collect();
                tagged(self.tag, &parts.concat())
            }
        }
    }

    /// How many nodes there are, the root included.
    pub(super) fn count(&self) -> usize {
        match &self.content {
            Content::Bytes(_) => 1,
            Content::Nodes(nodes) => 1 + nodes.iter().map(Self::count).sum::<usize>(),
        }
    }

    pub(super) fn apply(&mut self, change: &Change) {
        let count = self.count();
        // Not the root, which is the file.
        if count == 1 {
            return;
        }
        let pick = |index: usize| 1 + index % (count - 1);
        match change {
            Change::Duplicate(at) => self.at(pick(*at), &mut |siblings, index| {
                let copy = siblings[index].clone();
                siblings.insert(index, copy);
            }),
            Change::Remove(at) => self.at(pick(*at), &mut |siblings, index| {
                siblings.remove(index);
            }),
            Change::SwapWithNext(at) => self.at(pick(*at), &mut |siblings, index| {
                let next = (index + 1) % siblings.len();
                siblings.swap(index, next);
            }),
            Change::Replace(at, other) => {
                let mut copy = None;
                self.at(pick(*other), &mut |siblings, index| {
                    copy = Some(siblings[index].clone());
                });
                self.at(pick(*at), &mut |siblings, index| {
                    siblings[index] = copy.take().unwrap();
                });
            }
            Change::Tag(at, tag) => self.at(pick(*at), &mut |siblings, index| {
                siblings[index].tag = Tag(u32::from(*tag));
            }),
            Change::Append(at, bytes) => self.at(pick(*at), &mut |siblings, index| {
                let node = &mut siblings[index];
                let mut content = node.content_bytes();
                content.extend(bytes);
                node.content = Content::Bytes(content);
            }),
            Change::Truncate(at, len) => self.at(pick(*at), &mut |siblings, index| {
                let node = &mut siblings[index];
                let mut content = node.content_bytes();
                content.truncate(len % (content.len() + 1));
                node.content = Content::Bytes(content);
            }),
        }
    }

    fn content_bytes(&self) -> Vec<u8> {
        match &self.content {
            Content::Bytes(bytes) => bytes.clone(),
            Content::Nodes(nodes) => nodes.iter().flat_map(Self::write).collect(),
        }
    }

    /// Calls `change` with the siblings and the position of the node that is
    /// the `target`th in the order of the file.
    fn at(&mut self, target: usize, change: &mut dyn FnMut(&mut Vec<Node>, usize)) {
        let mut seen = 0;
        self.visit(target, &mut seen, change);
    }

    fn visit(
        &mut self,
        target: usize,
        seen: &mut usize,
        change: &mut dyn FnMut(&mut Vec<Node>, usize),
    ) -> bool {
        let Content::Nodes(nodes) = &mut self.content else { return false };
        for index in 0..nodes.len() {
            *seen += 1;
            if *seen == target {
                change(nodes, index);
                return true;
            }
            if nodes[index].visit(target, seen, change) {
                return true;
            }
        }
        false
    }
}
