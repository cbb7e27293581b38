//! Changes to inputs, by a seed, so that a run can be repeated.

/// A small generator of pseudo-random numbers (splitmix64). Not for secrets.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 when that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = bound.max(1) as u64;
        (self.number() % bound) as usize
    }
}

/// Inputs do not grow beyond this, in bytes.
const MAX_LEN: usize = 1 << 16;

/// Octets that lengths, tags and status words are made of.
const TELLING: [u8; 16] = [
    0x00, 0x01, 0x02, 0x04, 0x06, 0x30, 0x31, 0x61, 0x6C, 0x7F, 0x80, 0x81, 0x82, 0x84, 0x90, 0xFF,
];

/// One to eight changes to `seed`; parts may come from `other`.
pub fn mutate(seed: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(8) {
        change(&mut bytes, other, random);
    }
    bytes.truncate(MAX_LEN);
    bytes
}

fn change(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let position = random.below(bytes.len());
    let len = (1 + random.below(16)).min(bytes.len() - position.min(bytes.len()));
    match random.below(9) {
        0 => {
            if let Some(octet) = bytes.get_mut(position) {
                *octet ^= 1 << random.below(8);
            }
        }
        1 => {
            if let Some(octet) = bytes.get_mut(position) {
                *octet = random.number() as u8;
            }
        }
        2 | 3 => {
            if let Some(octet) = bytes.get_mut(position) {
                *octet = TELLING.get(random.below(TELLING.len())).copied().unwrap_or_default();
            }
        }
        4 => {
            if let Some(octet) = bytes.get_mut(position) {
                let difference = random.below(7) as u8;
                *octet = octet.wrapping_add(difference).wrapping_sub(3);
            }
        }
        5 => {
            bytes.drain(position..position + len);
        }
        6 => {
            let part: Vec<u8> = bytes.iter().skip(position).take(len).copied().collect();
            insert(bytes, position, &part);
        }
        7 => {
            let start = random.below(other.len());
            let take = 1 + random.below(64);
            let part: Vec<u8> = other.iter().skip(start).take(take).copied().collect();
            insert(bytes, position, &part);
        }
        _ => bytes.truncate(position),
    }
}

fn insert(bytes: &mut Vec<u8>, position: usize, part: &[u8]) {
    let tail = bytes.split_off(position.min(bytes.len()));
    bytes.extend_from_slice(part);
    bytes.extend_from_slice(&tail);
}
