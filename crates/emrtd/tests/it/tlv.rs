use emrtd::tlv::{self, ErrorKind, Oid, Reader, Rules, Tag};
use proptest::prelude::*;

#[test]
fn reads_what_it_writes() {
    let inner = tlv::octet_string(&[7; 300]);
    let encoded = tlv::sequence(&[&tlv::integer(&[0, 0, 200]), &inner]);
    let mut fields =
        Reader::new(&encoded, Rules::Der).expect(Tag::SEQUENCE).unwrap().children().unwrap();
    let number = fields.expect(Tag::INTEGER).unwrap();
    assert_eq!(number.small_unsigned().unwrap(), 200);
    assert_eq!(number.offset(), 4);
    assert_eq!(fields.read().unwrap().octets().unwrap().len(), 300);
    fields.finish().unwrap();
}

#[test]
fn reads_indefinite_lengths_and_segmented_strings() {
    let encoded = [0x30, 0x80, 0x24, 0x80, 4, 1, 9, 4, 1, 8, 0, 0, 0, 0];
    let mut reader = Reader::new(&encoded, Rules::Ber);
    let sequence = reader.read().unwrap();
    assert_eq!(sequence.raw(), encoded);
    let string = sequence.children().unwrap().read().unwrap();
    assert_eq!(string.octets().unwrap().as_ref(), [9, 8]);
    reader.finish().unwrap();
    let error = Reader::new(&encoded, Rules::Der).read().unwrap_err();
    assert_eq!(error.kind, ErrorKind::IndefiniteLength);
}

#[test]
fn der_demands_minimal_lengths() {
    for encoded in [&[4, 0x81, 1, 0][..], &[4, 0x82, 0, 1, 0]] {
        assert!(Reader::new(encoded, Rules::Ber).read().is_ok());
        let error = Reader::new(encoded, Rules::Der).read().unwrap_err();
        assert_eq!(error.kind, ErrorKind::LengthNotMinimal);
    }
}

#[test]
fn errors_carry_the_offset() {
    let encoded = [0x30, 5, 2, 1, 7, 4, 9];
    let mut fields = Reader::new(&encoded, Rules::Der).read().unwrap().children().unwrap();
    fields.read().unwrap();
    let error = fields.read().unwrap_err();
    assert_eq!((error.kind, error.offset), (ErrorKind::Truncated, 5));
}

#[test]
fn lengths_that_lie_are_refused() {
    for encoded in [
        &[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF][..],
        &[0x30, 0x85, 1, 0, 0, 0, 0],
        &[0x30, 0xFF],
        &[0x30, 0x80, 2, 1],
        &[0x04, 0x80, 0, 0],
        &[0x5F],
        &[0x5F, 0x81, 0x81, 0x81, 0x01, 0],
        &[],
    ] {
        assert!(Reader::new(encoded, Rules::Ber).read().is_err());
    }
}

#[test]
fn deep_nesting_is_refused() {
    let nested = [0x30, 0x80].repeat(100_000);
    let error = Reader::new(&nested, Rules::Ber).read().unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooDeep);
}

#[test]
fn object_identifiers_display_dotted() {
    let oid = Oid::parse(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2], 0).unwrap();
    assert_eq!(oid.to_string(), "1.2.840.113549.1.7.2");
    let lds = Oid::parse(&[0x67, 0x81, 8, 1, 1, 1], 0).unwrap();
    assert_eq!(lds.to_string(), "2.23.136.1.1.1");
    assert!(Oid::parse(&[0x2A, 0x80, 1], 0).is_err());
    assert!(Oid::parse(&[0x2A, 0x86], 0).is_err());
}

fn walk(reader: &mut Reader<'_>) {
    while let Ok(element) = reader.read() {
        let _ = element.octets();
        let _ = element.time();
        let _ = element.oid().map(|oid| oid.to_string());
        if let Ok(mut children) = element.children() {
            walk(&mut children);
        }
    }
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        walk(&mut Reader::new(&bytes, Rules::Ber));
        walk(&mut Reader::new(&bytes, Rules::Der));
    }

    #[test]
    fn times_round_trip(seconds in -631_152_000_i64..253_402_300_799) {
        let at = emrtd::UnixSeconds(seconds);
        let encoded = tlv::time(at);
        let read = Reader::new(&encoded, Rules::Der).read().unwrap().time().unwrap();
        prop_assert_eq!(read, at);
    }
}
