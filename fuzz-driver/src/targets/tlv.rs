use emrtd::tlv::{Reader, Rules};

/// Deeper than any reader of the project goes.
const MAX_DEPTH: usize = 64;

/// Every element, to the bottom, in both rules; what DER reads, BER reads too,
/// and the same.
pub(super) fn tlv(data: &[u8]) {
    let der = walk(Reader::new(data, Rules::Der), MAX_DEPTH);
    let ber = walk(Reader::new(data, Rules::Ber), MAX_DEPTH);
    assert!(der <= ber, "DER reads {der} elements, BER {ber}");
    if let Ok(element) = Reader::new(data, Rules::Der).read() {
        let again = Reader::new(data, Rules::Ber).read().map(|element| element.raw().len());
        assert_eq!(again.ok(), Some(element.raw().len()));
    }
}

/// How many elements could be read.
fn walk(mut reader: Reader<'_>, depth: usize) -> usize {
    let mut count = 0;
    while let Ok(element) = reader.read() {
        count += 1;
        assert!(!element.raw().is_empty(), "an element without an octet");
        assert!(element.content().len() <= element.raw().len());
        assert!(element.offset() <= element.content_offset());
        if let Ok(oid) = element.oid() {
            assert!(!oid.to_string().is_empty());
        }
        if let Ok(octets) = element.integer_octets() {
            assert!(octets.len() <= element.content().len());
        }
        let _ = (element.small_unsigned(), element.boolean(), element.time());
        if let Ok(octets) = element.bit_string_octets() {
            assert!(octets.len() < element.content().len());
        }
        if let Ok(octets) = element.octets() {
            assert!(octets.len() <= element.raw().len());
        }
        if depth > 0
            && let Ok(children) = element.children()
        {
            count += walk(children, depth - 1);
        }
    }
    count
}
