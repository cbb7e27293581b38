//! The device key is proven at every hello, and no chip is read before the page is confirmed.

use phone::{
    Action, Confirmation, Conversation, Device, DeviceKey, Event, Outcome, Progress, ShareChoice,
    SoftwareDeviceKey,
};
use proptest::prelude::*;
use protocol::codes::SocketCode;
use protocol::{Ack, ClientMessage, Flow, HandoffContext, Phase, ServerMessage};

use crate::conversation::{Cut, Run, run_as, server};
use crate::scripted_server::{ORIGIN, ScriptedServer};
use crate::{document, key, link, selfies};

pub(crate) fn page() -> HandoffContext {
    HandoffContext {
        organization_name: "Example Bank".into(),
        browser: "Firefox".into(),
        os: "Windows".into(),
        place: "Utrecht".into(),
        network: "different".into(),
        choices: ["17", "42", "80"].map(String::from).to_vec(),
        fields: vec![],
        locale: "nl".into(),
    }
}

fn describing(page: HandoffContext) -> ScriptedServer {
    let mut server = server();
    server.page = Some((page, "42"));
    server
}

fn conversation() -> Conversation {
    let device = Device::Key { public_point: key().public_point(), origin: ORIGIN.into() };
    let link = link().with_flow(Flow::CrossDevice);
    Conversation::new(&link, device, "1.0".into(), document(), selfies())
}

fn run(server: ScriptedServer, cuts: &[Cut], answer: Confirmation) -> Run {
    run_as(conversation(), server, cuts, &[ShareChoice::All], &Some(answer))
}

fn choice(number: &str) -> Confirmation {
    Confirmation::Choice(number.into())
}

/// How often the phone said this.
fn said(run: &Run, what: impl Fn(&ClientMessage) -> bool) -> usize {
    run.server.received.iter().filter(|message| what(message)).count()
}

fn is_evidence(message: &ClientMessage) -> bool {
    matches!(message, ClientMessage::Data(_))
}

#[test]
fn a_hello_says_flow_key_and_that_it_confirms() {
    let run = run(describing(page()), &[], choice("42"));
    assert!(matches!(run.outcome, Outcome::Shared { .. }), "{:?}", run.outcome);
    assert_eq!((run.server.proofs, run.pages), (1, vec![page()]));
    let ClientMessage::Hello(hello) = &run.server.received[0] else { panic!("no hello") };
    assert_eq!((hello.flow.as_str(), hello.confirms), ("cross_device", true));
    assert_eq!(hello.device_key, key().public_point());
    let confirmed = run.progress.iter().position(|step| *step == Progress::Confirmed).unwrap();
    let reading = Progress::PhaseReached(Phase::MrzScanning);
    assert!(run.progress.iter().position(|step| *step == reading).unwrap() > confirmed);
}

#[test]
fn every_resume_has_a_proof_of_its_own_and_no_second_question() {
    let cuts = [Cut { after: 6, delivered: true }, Cut { after: 9, delivered: false }];
    let run = run(describing(page()), &cuts, choice("42"));
    assert!(matches!(run.outcome, Outcome::Shared { .. }), "{:?}", run.outcome);
    assert_eq!((run.server.proofs, run.pages.len()), (3, 1));
    let proofs: std::collections::BTreeSet<_> = run
        .server
        .received
        .iter()
        .filter_map(|message| match message {
            ClientMessage::DeviceProof { signature } => Some(signature.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(proofs.len(), 3, "each over a nonce of its own");
}

#[test]
fn a_page_without_numbers_is_confirmed_too() {
    let plain = HandoffContext { choices: vec![], ..page() };
    let run = run(describing(plain.clone()), &[], Confirmation::Mine);
    assert!(matches!(run.outcome, Outcome::Shared { .. }), "{:?}", run.outcome);
    assert_eq!(run.pages, [plain]);
    assert_eq!(said(&run, |message| matches!(message, ClientMessage::MatchChoice { .. })), 0);
}

#[test]
fn a_wrong_number_is_the_end_of_it() {
    let run = run(describing(page()), &[], choice("80"));
    assert!(
        matches!(&run.outcome, Outcome::Refused { code, .. } if code == "MATCH_CODE_WRONG"),
        "{:?}",
        run.outcome
    );
    assert_eq!(said(&run, is_evidence), 0);
}

#[test]
fn what_can_only_be_wrong_is_not_sent() {
    for answer in [Some(choice("99")), Some(Confirmation::Mine), None] {
        let server = describing(page());
        let run = run_as(conversation(), server, &[], &[ShareChoice::All], &answer);
        assert_eq!(run.outcome, Outcome::NotConfirmed);
        assert_eq!(said(&run, |message| matches!(message, ClientMessage::MatchChoice { .. })), 0);
        assert_eq!(said(&run, is_evidence), 0);
    }
}

#[test]
fn a_page_that_is_not_theirs_ends_the_session_even_over_a_bad_network() {
    let straight = run(describing(page()), &[], Confirmation::NotMe);
    assert_eq!(straight.outcome, Outcome::NotMe);
    assert_eq!(said(&straight, is_evidence), 0);
    // The message is the fourth: hello, proof, phase, it.
    for delivered in [false, true] {
        let run = run(describing(page()), &[Cut { after: 3, delivered }], Confirmation::NotMe);
        assert_eq!((run.outcome, run.pages.len()), (Outcome::NotMe, 1), "delivered: {delivered}");
        assert!(run.server.ended.is_some(), "the server knows");
    }
}

/// The conversation connects, is welcome, hears of a page and of its first phase; what it then does.
fn arrive(conversation: &mut Conversation, page: HandoffContext) -> Vec<Action> {
    let _ = conversation.handle(Event::Connected);
    let _ = conversation.handle(Event::Message(Ack::HelloOk.into()));
    let _ = conversation.handle(Event::Message(ServerMessage::HandoffContext(page)));
    conversation.handle(Event::Message(Ack::PhaseOk.into()))
}

#[test]
fn another_page_after_a_loss_is_a_new_question() {
    let stranger = HandoffContext { browser: "Chrome".into(), ..page() };
    let roamed = HandoffContext { network: "same".into(), ..page() };
    let translated = HandoffContext { locale: "fr".into(), ..page() };
    for (next, is_asked) in
        [(page(), false), (roamed, false), (translated, false), (stranger, true)]
    {
        let mut conversation = conversation();
        let _ = arrive(&mut conversation, page());
        let _ = conversation.handle(Event::Confirmed(Some(choice("42"))));
        let _ = conversation.handle(Event::Disconnected);
        let asked = arrive(&mut conversation, next.clone()).contains(&Action::Confirm(next));
        assert_eq!(asked, is_asked);
    }
}

#[test]
fn a_key_that_cannot_be_used_claims_nothing() {
    let mut conversation = conversation();
    let _ = conversation.handle(Event::Connected);
    let challenge = ServerMessage::DeviceChallenge { nonce: vec![1; 32] };
    let asked = conversation.handle(Event::Message(challenge.clone()));
    assert!(matches!(&asked[..], [Action::ProveDevice { statement }]
        if statement.starts_with("kayle device proof v1\nhttps://verify.example\nvs_s")));
    assert!(conversation.handle(Event::Message(challenge)).is_empty(), "once for each hello");
    let ended = conversation.handle(Event::DeviceProof(None));
    assert_eq!(ended, [Action::Finish(Outcome::DeviceUnproven)]);
}

#[test]
fn an_answer_given_while_the_network_is_away_counts() {
    let mut conversation = conversation();
    assert_eq!(arrive(&mut conversation, page()).last(), Some(&Action::Confirm(page())));
    let _ = conversation.handle(Event::Disconnected);
    assert!(conversation.handle(Event::Confirmed(Some(choice("42")))).is_empty());
    let again = arrive(&mut conversation, page());
    let sent = ClientMessage::MatchChoice { choice: "42".into() };
    assert_eq!(again.last(), Some(&Action::Send(sent)));
    assert!(conversation.handle(Event::Confirmed(Some(Confirmation::NotMe))).is_empty(), "late");
}

#[test]
fn a_number_that_is_asked_for_only_later_is_asked_for() {
    let mut conversation = conversation();
    let _ = conversation.handle(Event::Connected);
    let _ = conversation.handle(Event::Message(Ack::HelloOk.into()));
    // The page is described too late to be asked about before the next phase.
    let _ = conversation.handle(Event::Message(Ack::PhaseOk.into()));
    let _ = conversation.handle(Event::Message(ServerMessage::HandoffContext(page())));
    let required = ServerMessage::Error {
        code: SocketCode::MatchCodeRequired.as_str().into(),
        message: "no".into(),
    };
    let asked = conversation.handle(Event::Message(required.clone()));
    assert_eq!(asked, [Action::Confirm(page())]);
    let _ = conversation.handle(Event::Confirmed(Some(choice("42"))));
    let on = conversation.handle(Event::Message(Ack::MatchOk.into()));
    let phase =
        ClientMessage::Phase { phase: "mrz_scanning".into(), error: String::new(), progress: 0 };
    assert_eq!(on, [Action::Progress(Progress::Confirmed), Action::Send(phase)]);
    let refused = conversation.handle(Event::Message(required));
    assert!(matches!(&refused[..], [Action::Finish(Outcome::Refused { .. })]), "{refused:?}");
}

#[test]
fn the_same_bytes_are_the_same_device() {
    let other = SoftwareDeviceKey::from_bytes(&[8; 32]).unwrap();
    assert_eq!(key().public_point(), key().public_point());
    assert_ne!(key().public_point(), other.public_point());
    assert_eq!(key().public_point()[0], 4, "uncompressed");
    assert!(SoftwareDeviceKey::from_bytes(&[0; 32]).is_none());
    assert!(SoftwareDeviceKey::from_bytes(&[0xff; 32]).is_none());
    assert!(!format!("{:?}", key()).contains("0707"), "the debug output is the public half");
}

proptest! {
    /// Up to five losses, each at any message, before or after it was delivered: the holder is
    /// asked once, and the evidence follows the answer.
    #[test]
    fn every_loss_around_the_question_is_recovered(
        cuts in prop::collection::vec((0_usize..25, any::<bool>()), 0..5)
    ) {
        let cuts: Vec<_> =
            cuts.into_iter().map(|(after, delivered)| Cut { after, delivered }).collect();
        let run = run(describing(page()), &cuts, choice("42"));
        prop_assert!(
            matches!(run.outcome, Outcome::Shared { .. } | Outcome::Unconfirmed { .. }),
            "{:?}", run.outcome
        );
        prop_assert_eq!(run.pages.len(), 1);
        let first = run.server.received.iter().position(is_evidence).unwrap();
        let chosen = run.server.received.iter()
            .position(|message| matches!(message, ClientMessage::MatchChoice { .. })).unwrap();
        prop_assert!(chosen < first);
    }
}
