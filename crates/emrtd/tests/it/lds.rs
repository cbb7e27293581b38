use emrtd::lds::dg1::{self, Dg1};
use emrtd::lds::dg2::{self, Dg2, ImageFormat, RecordFormat};
use emrtd::lds::sod::{self, Sod};
use emrtd::lds::{DataGroup, ElementaryFile};

use crate::shared::{NOW, shared, vector};

const JPEG: &[u8] = include_bytes!("../../data/portrait.jpg");

#[test]
fn data_groups_are_1_to_16() {
    assert_eq!(DataGroup::new(0), None);
    assert_eq!(DataGroup::new(17), None);
    assert_eq!(DataGroup::new(16).unwrap().to_string(), "DG16");
    assert_eq!(ElementaryFile::Dg(DataGroup::DG1).to_string(), "DG1");
    assert_eq!(ElementaryFile::Sod.to_string(), "EF.SOD");
}

#[test]
fn portrait_that_was_written_is_read() {
    let file = Dg2::write(JPEG, 240, 320);
    let portrait = Dg2::parse(&file).unwrap().into_portrait();
    assert_eq!(portrait.format, ImageFormat::Jpeg);
    assert_eq!((portrait.width, portrait.height), (240, 320));
    assert_eq!(portrait.image(), JPEG);
    assert!(format!("{portrait:?}").contains("redacted"));
}

#[test]
fn portrait_without_dimensions_takes_those_of_the_image() {
    let file = Dg2::write(JPEG, 0, 0);
    let portrait = Dg2::parse(&file).unwrap().into_portrait();
    assert_eq!((portrait.width, portrait.height), (240, 320));
}

#[test]
fn portraits_of_real_specimens() {
    let cases = [
        ("bsi2008/Datagroup2.bin", 337, 449, RecordFormat::Iso19794),
        ("loes2006/ef0102.bin", 449, 598, RecordFormat::Iso19794),
        ("iso39794/dg2_silver_mandatory_fields.bin", 413, 531, RecordFormat::Iso39794),
        ("iso39794/dg2_silver_all_fields.bin", 413, 531, RecordFormat::Iso39794),
    ];
    for (path, width, height, record) in cases {
        let Some(file) = shared(&format!("specimens/jmrtd/{path}")) else {
            continue;
        };
        let portrait = Dg2::parse(&file).unwrap().into_portrait();
        assert_eq!(portrait.format, ImageFormat::Jpeg2000, "{path}");
        assert_eq!((portrait.width, portrait.height), (width, height), "{path}");
        assert_eq!(portrait.record, record, "{path}");
    }
}

#[test]
fn zones_of_real_specimens() {
    let cases = [
        ("bsi2008/Datagroup1.bin", "D", "MUSTERMANN"),
        ("loes2006/ef0101.bin", "NLD", "MEULENDIJK"),
    ];
    for (path, state, surname) in cases {
        let Some(file) = shared(&format!("specimens/jmrtd/{path}")) else {
            continue;
        };
        let mrz = Dg1::parse(&file, NOW).unwrap().into_mrz();
        assert_eq!((mrz.issuing_state(), mrz.surname()), (state, surname));
    }
}

#[test]
fn an_image_of_another_format_is_unsupported() {
    let error = Dg2::parse(&Dg2::write(b"GIF89a", 1, 1)).unwrap_err();
    assert!(matches!(error, dg2::Error::Unsupported { .. }));
}

#[test]
fn a_record_that_lies_about_its_length_is_refused() {
    let good = Dg2::write(JPEG, 240, 320);
    let magic = good.windows(4).position(|w| w == b"FAC\0").unwrap();
    // Record length, block length (made longer), number of feature points.
    for at in [magic + 11, magic + 14, magic + 18, magic + 19] {
        let mut file = good.clone();
        file[at] ^= 0xFF;
        assert!(Dg2::parse(&file).is_err(), "byte {at}");
    }
}

#[test]
fn truncation_at_every_byte_is_an_error() {
    let sod = vector("bsi2008_EF_SOD.bin");
    for end in 0..sod.len() {
        assert!(Sod::parse(&sod[..end]).is_err());
    }
    let dg2 = Dg2::write(JPEG, 240, 320);
    for end in 0..dg2.len() {
        assert!(Dg2::parse(&dg2[..end]).is_err());
    }
    let dg1 = Dg1::write(&"<".repeat(88));
    for end in 0..dg1.len() {
        assert!(matches!(Dg1::parse(&dg1[..end], NOW), Err(dg1::Error::Structure(_))));
    }
}

#[test]
fn bytes_after_a_file_are_refused() {
    let mut sod = vector("bsi2008_EF_SOD.bin");
    let end = sod.len();
    sod.push(0);
    assert_eq!(Sod::parse(&sod).err(), Some(sod::Error::TrailingData(end)));
    let mut dg2 = Dg2::write(JPEG, 240, 320);
    dg2.push(0);
    assert!(Dg2::parse(&dg2).is_err());
}

#[test]
fn flipping_any_bit_of_a_sod_never_panics() {
    for name in ["bsi2008_EF_SOD.bin", "nz_SOD_cms.der"] {
        let sod = vector(name);
        for at in 0..sod.len() {
            for bit in 0..8 {
                let mut changed = sod.clone();
                changed[at] ^= 1 << bit;
                let _ = Sod::parse(&changed);
            }
        }
    }
}
