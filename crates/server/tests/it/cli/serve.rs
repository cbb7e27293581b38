use std::io::Read;

use super::Kayle;

async fn status(url: &str, key: &str) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{url}/v1/sessions");
    client.get(url).bearer_auth(key).send().await.unwrap().status().as_u16()
}

#[test]
fn says_one_line_and_ends_well_on_a_signal() {
    for signal in ["-TERM", "-INT"] {
        let kayle = Kayle::new();
        let mut server = kayle.serve();
        assert!(server.url.starts_with("http://127.0.0.1:"));
        server.signal(signal);
        assert_eq!(server.process.wait().unwrap().code(), Some(0), "{signal}");
        let mut rest = String::new();
        server.stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
    }
}

#[tokio::test]
async fn what_is_done_beside_it_counts_at_once() {
    let (kayle, org) = Kayle::with_organization();
    let server = kayle.serve();
    let args = ["key", "create", "--org", &org, "--name", "x", "--scope", "sessions:read"];
    let (first, second) = (kayle.json(&args), kayle.json(&args));
    let text = |created: &serde_json::Value, member: &str| {
        created[member].as_str().unwrap().to_owned()
    };
    assert_eq!(status(&server.url, &text(&first, "key")).await, 200);
    kayle.json(&["key", "revoke", &text(&first, "id")]);
    assert_eq!(status(&server.url, &text(&first, "key")).await, 401);
    assert_eq!(status(&server.url, &text(&second, "key")).await, 200);
}

#[test]
fn two_commands_write_beside_it_at_once() {
    let kayle = Kayle::new();
    let _server = kayle.serve();
    let racing: Vec<_> = (0..4)
        .map(|number| kayle.command(&["org", "create", &format!("o{number}")]).spawn().unwrap())
        .collect();
    for mut racer in racing {
        assert!(racer.wait().unwrap().success());
    }
    assert_eq!(kayle.json(&["org", "list"])["organizations"].as_array().unwrap().len(), 4);
}

#[test]
fn a_taken_port_and_a_wrong_address_are_said() {
    let kayle = Kayle::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    kayle.run(&["serve", "--listen", &address]).assert_failed(1, "IO");
    kayle.run(&["serve", "--listen", "here"]).assert_failed(2, "SETTING");
    let path = ["serve", "--listen", "127.0.0.1:0", "--public-url", "https://example.com/path"];
    kayle.run(&path).assert_failed(2, "SETTING");
}
