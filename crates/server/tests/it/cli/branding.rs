use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use serde_json::json;

use super::Kayle;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cc`\0\0\0\x02\0\x01H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82";

#[test]
fn is_set_listed_and_cleared() {
    let (kayle, id) = Kayle::with_organization();
    std::fs::write(kayle.path("logo.png"), PNG).unwrap();
    let set = kayle.json(&[
        "org",
        "brand",
        &id,
        "--accent",
        "#7A1030",
        "--accent-dark",
        "#ff9fb5",
        "--logo",
        "logo.png",
        "--terms",
        "https://bank.example/terms",
        "--privacy",
        "https://bank.example/privacy",
        "--frame-ancestor",
        "https://bank.example",
        "--frame-ancestor",
        "https://app.bank.example",
    ]);
    assert_eq!(set["accent"], "#7a1030");
    assert_eq!(set["logo"]["media_type"], "image/png");
    let listed = kayle.json(&["org", "list"])["organizations"][0]["branding"].clone();
    assert_eq!(listed["terms_url"], "https://bank.example/terms");
    assert_eq!(
        listed["frame_ancestors"],
        json!(["https://app.bank.example", "https://bank.example"])
    );
    let human = kayle.run(&["org", "list"]).stdout;
    assert!(human.contains("accent=#7a1030") && human.contains("logo=image/png"), "{human}");

    let cleared = kayle.json(&[
        "org",
        "brand",
        &id,
        "--clear",
        "logo",
        "--clear",
        "frame_ancestors",
        "--clear",
        "accent",
        "--accent",
        "#0b57d0",
    ]);
    assert_eq!((&cleared["logo"], &cleared["frame_ancestors"]), (&json!(null), &json!([])));
    assert_eq!(
        (&cleared["accent"], &cleared["accent_dark"]),
        (&json!("#0b57d0"), &json!("#ff9fb5"))
    );
}

#[test]
fn what_cannot_be_shown_is_refused() {
    let (kayle, id) = Kayle::with_organization();
    let unreadable = kayle.run(&["org", "brand", &id, "--accent", "#ffcc00"]);
    unreadable.assert_failed(2, "BRANDING");
    assert!(unreadable.stderr.contains("1.38:1"), "{}", unreadable.stderr);
    assert!(unreadable.stderr.contains("take #886d00"), "{}", unreadable.stderr);
    std::fs::write(kayle.path("large.png"), [PNG, &[0; 8192]].concat()).unwrap();
    std::fs::write(kayle.path("logo.gif"), b"GIF89a").unwrap();
    let script = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    std::fs::write(kayle.path("logo.svg"), script).unwrap();
    for arguments in [
        &["--accent", "red"][..],
        &["--accent-dark", "#0b57d0"],
        &["--logo", "large.png"],
        &["--logo", "logo.gif"],
        &["--logo", "logo.svg"],
        &["--terms", "http://bank.example/"],
        &["--privacy", "javascript:alert(1)"],
        &["--frame-ancestor", "*"],
        &["--frame-ancestor", "https://bank.example/page"],
        &[],
    ] {
        let all = [&["org", "brand", &id][..], arguments].concat();
        kayle.run(&all).assert_failed(2, "BRANDING");
    }
    kayle.run(&["org", "brand", &id, "--logo", "absent"]).assert_failed(1, "IO");
    let other = "00000000-0000-4000-8000-000000000000";
    kayle.run(&["org", "brand", other, "--accent", "#0b57d0"]).assert_failed(1, "NOT_FOUND");
    assert_eq!(kayle.json(&["org", "list"])["organizations"][0]["branding"]["accent"], json!(null));
}

/// A web server on loopback that gives this answer to whoever asks; its address.
fn site(answer: impl Fn(&str, &mut TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).unwrap();
            answer(head.split(' ').nth(1).unwrap_or_default(), &mut stream);
        }
    });
    address
}

fn answering(status: &'static str, body: String) -> String {
    site(move |path, stream| {
        assert_eq!(path, "/.well-known/kayle-verification.txt");
        let length = body.len();
        // The client may hang up before it has all.
        let _ = write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
    })
}

#[test]
fn a_domain_is_verified_by_what_it_serves() {
    let (kayle, id) = Kayle::with_organization();
    let domain = || kayle.json(&["org", "list"])["organizations"][0]["branding"]["domain"].clone();
    let line = format!("kayle-organization={id}");
    let good = answering("200 OK", format!("# ours\r\n{line}\r\n"));

    let other = format!("kayle-organization={}", "00000000-0000-4000-8000-000000000000");
    let moved = site({
        let good = good.clone();
        move |path, stream| {
            let _ = write!(
                stream,
                "HTTP/1.1 302 Found\r\nlocation: http://{good}{path}\r\ncontent-length: 0\r\n\
                 connection: close\r\n\r\n"
            );
        }
    });
    let endless = site({
        let line = line.clone();
        move |_, stream| {
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{line}\n");
            while stream.write_all(&[b'x'; 4096]).is_ok() {}
        }
    });
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let slow = site(move |_, _| {
        let _ = wait.recv();
    });
    let long = answering("200 OK", format!("{line}\n{}", "x".repeat(4096)));
    for (address, seconds, why) in [
        (answering("200 OK", other), "60", "it names other organizations or none"),
        (answering("200 OK", format!("{line}x")), "60", "it names other organizations or none"),
        (answering("404 Not Found", line.clone()), "60", "404"),
        (moved, "60", "302"),
        (long, "60", "longer than 4096 bytes"),
        (endless, "60", "longer than 4096 bytes"),
        (slow, "1", "no answer in time"),
    ] {
        let ran = kayle.run(&["org", "verify-domain", &id, &address, "--timeout", seconds]);
        ran.assert_failed(1, "DOMAIN");
        assert!(ran.stderr.contains(why), "{why}: {}", ran.stderr);
        assert!(ran.stderr.contains(&line), "it says what is missing: {}", ran.stderr);
        assert_eq!(domain(), json!(null));
    }
    drop(release);

    let verified = kayle.json(&["org", "verify-domain", &id, &good]);
    assert_eq!(verified["domain"], good.as_str());
    assert_eq!(domain()["name"], good.as_str());
    let until = domain()["shown_until"].as_str().unwrap().to_owned();
    let time = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let shown = time(&until).duration_since(time(domain()["verified_at"].as_str().unwrap()));
    assert_eq!(shown.as_hours(), 90 * 24);
    let listed = kayle.run(&["org", "list"]);
    assert!(listed.stdout.contains(&format!("shown until {until}")), "{}", listed.stdout);
    kayle.run(&["org", "verify-domain", &id, "https://bank.example"]).assert_failed(2, "BRANDING");
    kayle.run(&["org", "verify-domain", &id, "10.0.0.1"]).assert_failed(2, "BRANDING");
}
