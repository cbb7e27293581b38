//! What organizations look like: colours that can be read, logos that only draw, places on the web.

use domain::branding::{
    Branding, Colour, DarkAccent, DomainName, Edit, FrameAncestor, FrameAncestors, LightAccent,
    Logo, LogoError, LogoType, MAX_LOGO_BYTES, PlaceError, SvgFault, WebUrl,
};
use proptest::prelude::*;

fn colour(text: &str) -> Colour {
    text.parse().unwrap()
}

/// Values that are published: WCAG's own definition gives 21 for black on white; 4.54 for #767676
/// and 4.48 for #777777 are the well-known greys on both sides of the line; the others are of the
/// WebAIM contrast checker.
#[test]
fn contrasts_are_those_that_are_published() {
    for (one, two, ratio) in [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#767676", "#ffffff", 4.54),
        ("#777777", "#ffffff", 4.48),
        ("#ff0000", "#ffffff", 4.00),
        ("#0000ff", "#ffffff", 8.59),
        ("#00ff00", "#ffffff", 1.37),
        ("#ff0000", "#0000ff", 2.15),
    ] {
        for (one, two) in [(one, two), (two, one)] {
            let found = colour(one).contrast(colour(two));
            assert!((found - ratio).abs() < 0.005, "{one} {two}: {found}");
        }
    }
    assert!((colour("#ff0000").luminance() - 0.2126).abs() < 1e-9);
    assert!((colour("#00ff00").luminance() - 0.7152).abs() < 1e-9);
}

#[test]
fn a_colour_that_cannot_be_read_is_refused_with_the_nearest_that_can() {
    assert_eq!(
        LightAccent::new(colour("#ffcc00")).unwrap_err().to_string(),
        "#ffcc00 has a contrast of 1.38:1 to #f4f5f7, and text needs 4.50:1; the nearest shade that \
         has it is #886d00"
    );
    let error = DarkAccent::new(colour("#0b57d0")).unwrap_err();
    assert!(error.ratio < 450);
    assert!(DarkAccent::new(error.nearest).is_ok());
    assert!(DarkAccent::new(colour("#8ab4f8")).is_ok());
    assert!(LightAccent::new(colour("#0b57d0")).is_ok());
    // Enough on white and too little on the paper around the card.
    assert_eq!(LightAccent::new(colour("#767676")).unwrap_err().ratio, 416);
}

proptest! {
    #[test]
    fn text_on_a_colour_can_be_read(rgb: [u8; 3]) {
        let colour = Colour(rgb);
        prop_assert!(colour.contrast(colour.text()) >= 4.5);
    }

    #[test]
    fn accepted_and_nearest_colours_can_be_read(rgb: [u8; 3]) {
        let colour = Colour(rgb);
        let light = LightAccent::new(colour).map_or_else(|error| error.nearest, LightAccent::colour);
        for ground in domain::branding::LIGHT {
            prop_assert!(light.contrast(ground) >= 4.5);
        }
        let dark = DarkAccent::new(colour).map_or_else(|error| error.nearest, DarkAccent::colour);
        for ground in domain::branding::DARK {
            prop_assert!(dark.contrast(ground) >= 4.5);
        }
    }

    #[test]
    fn no_text_is_too_odd(text: String) {
        let _ = text.parse::<Colour>();
        let _ = text.parse::<WebUrl>();
        let _ = text.parse::<DomainName>();
        if let Ok(origin) = text.parse::<FrameAncestor>() {
            prop_assert!(!origin.as_str().contains([' ', ';', ',']));
        }
        let _ = Logo::new(text.into_bytes());
    }
}

#[test]
fn colours_are_six_digits() {
    for bad in
        ["", "#", "123456", "#12345", "#1234567", "#12345g", "#+12345", "red", "#fff", "#é1234"]
    {
        assert!(bad.parse::<Colour>().is_err(), "{bad}");
    }
    assert_eq!(colour("#ABCDEF").to_string(), "#abcdef");
}

#[test]
fn the_page_has_the_grounds_that_accents_are_measured_on() {
    let css = include_str!("../../../server/assets/page.css");
    let (light, dark) = css.split_once("prefers-color-scheme: dark").unwrap();
    for (rules, grounds) in [(light, domain::branding::LIGHT), (dark, domain::branding::DARK)] {
        for name in ["--paper", "--card"] {
            let (_, value) = rules.split_once(&format!("{name}: ")).unwrap();
            let value = value.split(';').next().unwrap();
            let value = if value == "#fff" { "#ffffff" } else { value };
            assert!(grounds.contains(&colour(value)), "{name}: {value}");
        }
    }
}

fn svg(inside: &str) -> Vec<u8> {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
         viewBox=\"0 0 10 10\">{inside}</svg>"
    )
    .into_bytes()
}

#[test]
fn logos_are_known_by_their_bytes() {
    assert_eq!(Logo::new(PIXEL.to_vec()).unwrap().media_type(), LogoType::Png);
    for webp in [LOSSY, LOSSLESS, EXTENDED] {
        assert_eq!(Logo::new(webp.to_vec()).unwrap().media_type(), LogoType::Webp);
    }
    let drawing = "<defs><linearGradient id=\"a\"><stop offset=\"0\" stop-color=\"#f00\"/>\
        </linearGradient></defs><use href=\"#a\"/><use xlink:href=\"#a\"/>\
        <path fill=\"url(#a)\" style=\"fill:url('#a');stroke:rgb(1,2,3)\" d=\"M0 0h1\"/>\
        <title>Bank</title><!-- a remark --><text x=\"1\">B</text>";
    assert_eq!(Logo::new(svg(drawing)).unwrap().media_type(), LogoType::Svg);
    let mut with_prologue = b"\xef\xbb\xbf<?xml version=\"1.0\"?>\n".to_vec();
    with_prologue.extend(svg(""));
    assert_eq!(Logo::new(with_prologue).unwrap().media_type(), LogoType::Svg);
    for bad in
        [&b""[..], b"GIF89a", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a", b"RIFF\0\0\0\0WAVE", b"logo"]
    {
        assert_eq!(Logo::new(bad.to_vec()), Err(LogoError::UnknownType));
    }
    let mut large = svg("");
    large.resize(MAX_LOGO_BYTES, b' ');
    assert!(Logo::new(large.clone()).is_ok());
    large.push(b' ');
    assert_eq!(Logo::new(large), Err(LogoError::TooLarge));
}

/// Pictures of one pixel, and of three by two.
const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cc`\0\0\0\x02\0\x01H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82";
const LOSSY: &[u8] = b"RIFF:\0\0\0WEBPVP8 .\0\0\0\x90\x01\0\x9d\x01*\x03\0\x02\0\x01@&%\xa0\x02t\xba\0\x03\x98\0\xfe\xf5\xb8\x7f\xfc\x06\xeb\xe2\xdae\xff\xe0N\xff\xe0N\xff\xe0N\xff\xc0\0\0\0";
const LOSSLESS: &[u8] =
    b"RIFF\x1e\0\0\0WEBPVP8L\x11\0\0\0/\x02@\0\0\x07P\x85\"\x97\xa2\xff\x81\x88\xe8\x7f\0\0";
const EXTENDED: &[u8] = b"RIFF\\\0\0\0WEBPVP8X\n\0\0\0\x10\0\0\0\x02\0\0\x01\0\0ALPH\x07\0\0\0\0dddddd\0VP8 .\0\0\0\x90\x01\0\x9d\x01*\x03\0\x02\0\x01@&%\xa0\x02t\xba\0\x03\x98\0\xfe\xf5\xb8\x7f\xfc\x06\xeb\xe2\xdae\xff\xe0N\xff\xe0N\xff\xe0N\xff\xc0\0\0\0";

#[test]
fn what_only_begins_like_a_picture_is_refused() {
    let with = |whole: &[u8], at: usize, bytes: &[u8]| {
        let mut changed = whole.to_vec();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        changed
    };
    let mut moving = PIXEL.to_vec();
    moving.splice(33..33, *b"\0\0\0\x08acTL\0\0\0\x02\0\0\0\0....");
    let mut twice = LOSSLESS.to_vec();
    twice.extend_from_slice(&LOSSLESS[12..]);
    twice[4] = u8::try_from(twice.len() - 8).unwrap();
    for (bad, why) in [
        (b"\x89PNG\r\n\x1a\n<script>alert(1)</script>".to_vec(), "no chunk"),
        (PIXEL[..8].to_vec(), "nothing"),
        (PIXEL[..33].to_vec(), "a header alone"),
        ([&PIXEL[..33], &PIXEL[55..]].concat(), "no pixels"),
        ([PIXEL, b"<script>"].concat(), "something behind it"),
        (moving, "it moves"),
        (with(PIXEL, 12, b"tEXt"), "no header"),
        (with(PIXEL, 16, &0_u32.to_be_bytes()), "no width"),
        (with(PIXEL, 20, &2049_u32.to_be_bytes()), "too high"),
        (with(PIXEL, 20, &[0xff; 4]), "far too high"),
        (with(PIXEL, 24, &[3]), "no depth of this kind"),
        (with(PIXEL, 25, &[5]), "no kind of colour"),
        (with(PIXEL, 33, &[0xff; 4]), "a chunk that does not end"),
        (b"RIFF\x04\0\0\0WEBP".to_vec(), "nothing"),
        (with(LOSSY, 4, &[0x39]), "another length"),
        (LOSSY[..40].to_vec(), "cut off"),
        (with(LOSSY, 20, &[0x91]), "no key frame"),
        (with(LOSSY, 23, b"\0"), "no start code"),
        (with(LOSSY, 26, b"\0\0"), "no width"),
        (with(LOSSY, 28, b"\xff\x3f"), "too high"),
        (with(LOSSLESS, 20, b"\0"), "no signature"),
        (with(LOSSLESS, 21, b"\xff\xff"), "too wide"),
        (with(EXTENDED, 20, b"\x12"), "it moves"),
        (with(EXTENDED, 24, b"\xff\xff\xff"), "too wide"),
        (with(EXTENDED, 12, b"XXXX"), "no header"),
        (twice, "two pictures"),
    ] {
        assert_eq!(Logo::new(bad), Err(LogoError::Picture), "{why}");
    }
    for whole in [PIXEL, LOSSY, LOSSLESS, EXTENDED] {
        for end in 12..whole.len() {
            assert_eq!(Logo::new(whole[..end].to_vec()), Err(LogoError::Picture), "{end}");
        }
    }
}

#[test]
fn a_drawing_that_runs_or_loads_something_is_refused() {
    for element in [
        "<script>alert(1)</script>",
        "<SCRIPT/>",
        "<foreignObject/>",
        "<style>@import url(https://evil.example)</style>",
        "<image href=\"https://evil.example/x.png\"/>",
        "<a href=\"#x\"/>",
        "<animate attributeName=\"href\" to=\"javascript:alert(1)\"/>",
        "<set attributeName=\"onclick\" to=\"alert(1)\"/>",
        "<filter><feImage href=\"//evil.example\"/></filter>",
        "<iframe xmlns=\"http://www.w3.org/1999/xhtml\" src=\"//evil.example\"/>",
        "<h:script xmlns:h=\"http://www.w3.org/1999/xhtml\">alert(1)</h:script>",
        "<s:script xmlns:s=\"http://www.w3.org/2000/svg\">alert(1)</s:script>",
    ] {
        let refused = Logo::new(svg(element));
        assert!(
            matches!(refused, Err(LogoError::Svg(SvgFault::Element { offset })) if offset > 0),
            "{element}: {refused:?}"
        );
    }
    for attribute in [
        "onload=\"alert(1)\"",
        "ONCLICK=\"alert(1)\"",
        "href=\"https://evil.example/x.svg#a\"",
        "href=\"//evil.example/x.svg#a\"",
        "href=\"&#104;ttps://evil.example\"",
        "href=\" #a\"",
        "href=\"data:image/svg+xml,x\"",
        "xlink:href=\"javascript:alert(1)\"",
        "xlink:show=\"embed\"",
        "xml:base=\"https://evil.example/\"",
        "fill=\"url(https://evil.example/x#a)\"",
        "fill=\"URL( 'https://evil.example/x')\"",
        "fill=\"&#117;rl(//evil.example)\"",
        "style=\"fill:u\\72l(//evil.example)\"",
        "style=\"background:image-set('//evil.example' 1x)\"",
        "src=\"x\"",
        "xmlns:x=\"urn:x\" x:href=\"//evil.example\"",
    ] {
        let refused = Logo::new(svg(&format!("<rect {attribute}/>")));
        assert!(
            matches!(refused, Err(LogoError::Svg(SvgFault::Attribute { .. }))),
            "{attribute}: {refused:?}"
        );
    }
    let with = |before: &str| [before.as_bytes(), &svg("")].concat();
    let fault = |bytes| match Logo::new(bytes) {
        Err(LogoError::Svg(fault)) => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        fault(with("<?xml-stylesheet href=\"https://evil.example/x.css\"?>")),
        SvgFault::Instruction { offset: 0 }
    );
    assert_eq!(
        fault(with("<!DOCTYPE svg [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>")),
        SvgFault::Malformed
    );
    assert_eq!(fault(svg("<g>")), SvgFault::Malformed);
    assert_eq!(fault(b"<svg/>".to_vec()), SvgFault::Root);
    assert_eq!(fault(b"<html xmlns=\"http://www.w3.org/1999/xhtml\"/>".to_vec()), SvgFault::Root);
    // As deep as it can be.
    let depth = MAX_LOGO_BYTES / 8;
    let deep = format!("{}{}", "<g>".repeat(depth), "</g>".repeat(depth));
    let deep = svg(&deep);
    if deep.len() <= MAX_LOGO_BYTES {
        let _ = Logo::new(deep);
    }
}

#[test]
fn places_lead_to_the_web() {
    for good in ["https://bank.example/terms?v=2#a", "http://localhost:3000/", "http://127.0.0.1/x"]
    {
        assert!(good.parse::<WebUrl>().is_ok(), "{good}");
    }
    use PlaceError::{Credentials, Malformed, NotADomain, NotAnOrigin, Scheme, TooLong};
    let long = format!("https://bank.example/{}", "a".repeat(512));
    for (bad, why) in [
        ("terms", Malformed),
        ("http://bank.example/", Scheme),
        ("javascript:alert(1)", Scheme),
        ("data:text/html,x", Scheme),
        ("https://a:b@bank.example/", Credentials),
        (long.as_str(), TooLong),
    ] {
        assert_eq!(bad.parse::<WebUrl>(), Err(why), "{bad}");
    }
    for (good, origin) in [
        ("https://bank.example", "https://bank.example"),
        ("https://Bank.example:443/", "https://bank.example"),
        ("https://bank.example:8443", "https://bank.example:8443"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://localhost:3000", "http://localhost:3000"),
    ] {
        assert_eq!(good.parse::<FrameAncestor>().unwrap().as_str(), origin);
    }
    for (bad, why) in [
        ("*", Malformed),
        ("'self'", Malformed),
        ("https:", Malformed),
        ("https://*.bank.example", NotAnOrigin),
        ("https://bank.example/page", NotAnOrigin),
        ("https://bank.example?x", NotAnOrigin),
        ("https://bank.example;script-src", NotAnOrigin),
        ("https://bank.example,x", NotAnOrigin),
        ("https://[::1]", NotAnOrigin),
        ("http://bank.example", Scheme),
        ("data:", Scheme),
        ("blob:https://bank.example", Scheme),
    ] {
        assert_eq!(bad.parse::<FrameAncestor>(), Err(why), "{bad}");
    }
    for (good, url) in [
        ("Bank.example", "https://bank.example/.well-known/x"),
        ("bücher.example", "https://xn--bcher-kva.example/.well-known/x"),
        ("localhost:3000", "http://localhost:3000/.well-known/x"),
        ("127.0.0.1:3000", "http://127.0.0.1:3000/.well-known/x"),
    ] {
        assert_eq!(good.parse::<DomainName>().unwrap().well_known("x"), url);
    }
    for bad in [
        "",
        "bank",
        "https://bank.example",
        "bank.example/x",
        "bank.example:8443",
        "a@bank.example",
        "10.0.0.1",
        "8.8.8.8",
        "[::1]",
        "-bank.example",
        "bank..example",
        "bank.example:",
        "bank.example.",
        "ba nk.example",
        "localhost.",
    ] {
        assert_eq!(bad.parse::<DomainName>(), Err(NotADomain), "{bad}");
    }
}

#[test]
fn origins_are_few_and_each_is_there_once() {
    let origin = |n: usize| format!("https://a{n}.example").parse::<FrameAncestor>().unwrap();
    let two = FrameAncestors::new(vec![origin(2), origin(1), origin(2)]).unwrap();
    assert_eq!(two.iter().collect::<Vec<_>>(), ["https://a1.example", "https://a2.example"]);
    assert!(FrameAncestors::new((0..16).map(origin).collect()).is_ok());
    assert_eq!(FrameAncestors::new((0..17).map(origin).collect()), Err(PlaceError::TooMany));
}

#[test]
fn a_colour_for_light_pages_alone_gives_one_for_dark_pages() {
    assert_eq!(Branding::default().theme(), None);
    let light = LightAccent::new(colour("#7a1030")).unwrap();
    let branding = Branding::default().edited(&Edit::Accent(Some(light)));
    let (one, dark) = branding.theme().unwrap();
    assert_eq!(one, light);
    assert!(DarkAccent::new(dark.colour()).is_ok());
    assert_eq!(branding.differences(&Branding::default()), ["accent"]);
    assert_eq!(branding.clone().edited(&Edit::Accent(None)), Branding::default());
}
