use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use protocol::{Flow, HandoffLink, LinkError, SecretText};
use url::Url;

fn expires_at() -> Timestamp {
    "2026-05-05T11:05:00.000Z".parse().unwrap()
}

fn session_id() -> String {
    format!("vs_{}", "a".repeat(64))
}

fn attempt_id() -> String {
    format!("va_{}", "b".repeat(64))
}

fn link() -> HandoffLink {
    let token = SecretText::from("c".repeat(64));
    HandoffLink::new(&session_id(), &attempt_id(), token, expires_at()).unwrap()
}

fn scheme_uri() -> String {
    format!(
        "kayle-id://%7B%22v%22%3A1%2C%22session_id%22%3A%22vs_{}%22%2C%22attempt_id%22%3A%22va_{}%22%2C%22mobile_write_token%22%3A%22{}%22%2C%22expires_at%22%3A%222026-05-05T11%3A05%3A00.000Z%22%7D",
        "a".repeat(64),
        "b".repeat(64),
        "c".repeat(64)
    )
}

#[test]
fn the_scheme_link_is_the_reference_byte_for_byte() {
    assert_eq!(link().to_scheme_uri().expose(), scheme_uri());
}

#[test]
fn optional_members_come_last() {
    let link = link()
        .with_cancel_token("d'(e)".into())
        .with_api(Url::parse("https://api.kayle.id").unwrap())
        .unwrap()
        .with_flow(Flow::CrossDevice);
    let expected = scheme_uri().replace(
        "000Z%22%7D",
        "000Z%22%2C%22cancel_token%22%3A%22d'(e)%22%2C%22api%22%3A%22https%3A%2F%2Fapi.kayle.id%2F%22%2C%22flow%22%3A%22cross_device%22%7D",
    );
    assert_eq!(link.to_scheme_uri().expose(), expected);
    assert_eq!(HandoffLink::parse(&expected), Ok(link));
}

#[test]
fn every_spelling_is_read() {
    let json = link().to_json();
    let json = json.expose();
    let encoded = scheme_uri().replace("kayle-id://", "");
    let page = format!("https://verify.kayle.id/{}", session_id());
    for text in [
        scheme_uri(),
        format!("  {}\n", scheme_uri()),
        format!("kayle://{encoded}"),
        format!("kayle-id:{encoded}"),
        format!("kayle:{encoded}"),
        format!("kayle:/{encoded}"),
        format!("kayle-id:///{encoded}"),
        format!("KAYLE-ID://{encoded}"),
        format!("kayle-id://{json}"),
        format!("kayle:{json}"),
        json.to_owned(),
        json.replace(".000Z", "Z"),
        json.replace(r#""v":1"#, r#""v":"later","new_member":[1]"#),
        json.replace(r#""v":1,"#, ""),
        json.replace(r#""v":1"#, r#""v":1,"flow":"teleported""#),
    ] {
        assert_eq!(HandoffLink::parse(&text), Ok(link()), "{text}");
    }
    // The API of an https link is where the link is.
    let at_host = || link().with_api(Url::parse("https://verify.kayle.id").unwrap()).unwrap();
    for text in [
        format!("{page}#handoff={encoded}"),
        format!("{page}/#handoff={encoded}"),
        format!("https://verify.kayle.id/open/{}#handoff={encoded}", session_id()),
        format!("https://verify.kayle.id/open/{}#handoff={json}", session_id()),
        format!("{page}?x=1#step=2&handoff={encoded}"),
        link().to_https(&Url::parse("https://verify.kayle.id:443/").unwrap()).expose().to_owned(),
    ] {
        assert_eq!(HandoffLink::parse(&text), Ok(at_host()), "{text}");
    }
    let local = link().to_https(&Url::parse("http://localhost:2999/app/").unwrap());
    let local = HandoffLink::parse(local.expose()).unwrap();
    assert_eq!(local.api().unwrap().as_str(), "http://localhost:2999/");
}

/// SECURITY row 9: the person and the system see the host of the address, and the phone would send
/// the chip's files to that of the payload.
#[test]
fn an_https_link_cannot_lead_to_another_server() {
    let address = Url::parse("https://verify.bank.example").unwrap();
    let at = |api: &str| {
        let link = link().with_api(Url::parse(api).unwrap()).unwrap();
        HandoffLink::parse(link.to_https(&address).expose())
    };
    for api in ["https://verify.bank.example/", "https://VERIFY.bank.example:443/base"] {
        assert_eq!(at(api).unwrap().api().unwrap().origin(), address.origin(), "{api}");
    }
    for api in [
        "https://evil.example/",
        "https://verify.bank.example:8443/",
        "https://verify.bank.example.evil.example/",
        "https://bank.example/",
        "http://localhost/",
    ] {
        assert_eq!(at(api), Err(LinkError::ApiMismatch), "{api}");
    }
    // Nor over a connection that anyone on the way reads.
    let plain = link().to_https(&Url::parse("http://verify.bank.example").unwrap());
    assert_eq!(HandoffLink::parse(plain.expose()), Err(LinkError::Invalid("api")));
}

#[test]
fn the_web_link_keeps_the_token_in_the_fragment() {
    let base = Url::parse("https://verify.example/app/?q=1#x").unwrap();
    let text = link().to_https(&base);
    let url = Url::parse(text.expose()).unwrap();
    assert_eq!(url.path(), format!("/app/open/{}", session_id()));
    assert_eq!(url.query(), None);
    assert!(url.fragment().unwrap().starts_with("handoff=%7B%22v%22%3A1"));
}

#[test]
fn unusable_links_are_told_apart() {
    let json = link().to_json();
    let json = json.expose();
    let without = |member: &str| {
        let mut value: serde_json::Value = serde_json::from_str(json).unwrap();
        value.as_object_mut().unwrap().remove(member);
        value.to_string()
    };
    let other_page = format!(
        "https://verify.kayle.id/vs_{}#handoff={}",
        "z".repeat(64),
        scheme_uri().replace("kayle-id://", "")
    );
    for (text, error) in [
        (String::new(), LinkError::Empty),
        (" \n".into(), LinkError::Empty),
        ("kayle-id://".into(), LinkError::Empty),
        ("x".repeat(HandoffLink::MAX_BYTES + 1), LinkError::TooLong),
        ("hello".into(), LinkError::UnknownForm),
        ("mailto:a@b".into(), LinkError::UnknownForm),
        ("https://verify.kayle.id/vs_x".into(), LinkError::NoPayload),
        ("https://verify.kayle.id/#other=1".into(), LinkError::NoPayload),
        ("kayle:%7B%22v%22".into(), LinkError::NotJson),
        ("kayle:%ff%fe".into(), LinkError::NotJson),
        ("kayle:[]".into(), LinkError::NotJson),
        ("{}".into(), LinkError::Missing("session_id")),
        (without("attempt_id"), LinkError::Missing("attempt_id")),
        (without("mobile_write_token"), LinkError::Missing("mobile_write_token")),
        (without("expires_at"), LinkError::Missing("expires_at")),
        (json.replace(&"c".repeat(64), " "), LinkError::Missing("mobile_write_token")),
        (json.replace("vs_a", "vs_"), LinkError::Invalid("session_id")),
        (json.replace("vs_a", "vs_/"), LinkError::Invalid("session_id")),
        (json.replace("va_", "xx_"), LinkError::Invalid("attempt_id")),
        (json.replace("2026-05-05T", "soon "), LinkError::Invalid("expires_at")),
        (json.replace(r#""v":1"#, r#""api":"http://evil.example""#), LinkError::Invalid("api")),
        (json.replace(r#""v":1"#, r#""api":"https://u:p@host""#), LinkError::Invalid("api")),
        (json.replace(r#""v":1"#, r#""api":"javascript:1""#), LinkError::Invalid("api")),
        (other_page, LinkError::SessionMismatch),
    ] {
        assert_eq!(HandoffLink::parse(&text), Err(error), "{text}");
    }
}

#[test]
fn the_two_flows_differ_in_nothing_else() {
    let base = Url::parse("https://verify.example").unwrap();
    let [same, cross] = Flow::ALL.map(|flow| link().with_flow(flow));
    assert_eq!(same.flow(), Some(Flow::SameDevice));
    assert_eq!(cross.flow(), Some(Flow::CrossDevice));
    let same = same.to_https(&base).expose().replace("same_device", "cross_device");
    assert_eq!(same, cross.to_https(&base).expose());
    assert_eq!(link().flow(), None);
}

#[test]
fn expiry_has_thirty_seconds_of_leeway() {
    let after = |seconds, nanos| expires_at() + SignedDuration::new(seconds, nanos);
    assert_eq!(link().check_fresh(after(-300, 0)), Ok(()));
    assert_eq!(link().check_fresh(after(30, 0)), Ok(()));
    assert_eq!(link().check_fresh(after(30, 1)), Err(LinkError::Expired));
}

#[test]
fn debug_output_shows_no_token() {
    let link = link().with_cancel_token("dddd".into());
    let shown = format!("{link:?} {:?}", link.to_scheme_uri());
    assert!(shown.contains("vs_a"));
    assert!(!shown.contains("cccc") && !shown.contains("dddd"));
}

proptest! {
    #[test]
    fn any_link_survives_every_spelling(
        session in "[A-Za-z0-9]{64}",
        attempt in "[a-z0-9]{1,64}",
        token in "[!-~]\\PC{0,80}",
        cancel in proptest::option::of("\\PC{1,60}"),
        milliseconds in 0_i64..4_102_444_800_000,
        flow in proptest::option::of(proptest::sample::select(Flow::ALL.to_vec())),
        host in "https://[a-z]{1,20}\\.example(:[1-9][0-9]{0,3})?",
        api in proptest::option::of("(/[a-z]{0,9})?"),
        other in "https://[a-z]{1,20}\\.test",
    ) {
        let expires_at = Timestamp::from_millisecond(milliseconds).unwrap();
        let mut link = HandoffLink::new(
            &format!("vs_{session}"), &format!("va_{attempt}"), token.into(), expires_at,
        ).unwrap();
        if let Some(cancel) = cancel {
            link = link.with_cancel_token(cancel.into());
        }
        if let Some(flow) = flow {
            link = link.with_flow(flow);
        }
        if let Some(api) = api {
            link = link.with_api(Url::parse(&format!("{host}{api}")).unwrap()).unwrap();
        }
        for text in [link.to_scheme_uri(), link.to_json()] {
            prop_assert_eq!(&HandoffLink::parse(text.expose()).unwrap(), &link);
        }
        let base = Url::parse(&host).unwrap();
        let elsewhere = HandoffLink::parse(link.to_https(&Url::parse(&other).unwrap()).expose());
        match link.api() {
            Some(_) => prop_assert_eq!(elsewhere, Err(LinkError::ApiMismatch)),
            None => link = link.with_api(base.clone()).unwrap(),
        }
        prop_assert_eq!(&HandoffLink::parse(link.to_https(&base).expose()).unwrap(), &link);
    }

    #[test]
    fn no_text_panics(text in "(kayle:|https://x/#handoff=|https://x/open/vs_#handoff=|)\\PC{0,80}") {
        let _ = HandoffLink::parse(&text);
    }

    /// A link that was cut, or one byte of which was changed, is refused or says
    /// something else; it never panics.
    #[test]
    fn a_damaged_link_is_not_the_link(at in 0_usize..600, byte in 0x21_u8..0x7f, cut: bool) {
        let whole = link().with_flow(Flow::SameDevice).to_https(&Url::parse("https://x").unwrap());
        let mut text = whole.expose().as_bytes().to_vec();
        prop_assume!(at < text.len() && text[at] != byte);
        if cut { text.truncate(at) } else { text[at] = byte }
        if let Ok(read) = HandoffLink::parse(std::str::from_utf8(&text).unwrap()) {
            prop_assert_eq!(read.session_id(), session_id());
            prop_assert!(!cut);
        }
    }
}
