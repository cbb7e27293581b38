//! Conversations with a chip at hand.

use std::collections::VecDeque;

use emrtd::crypto::Curve;
use emrtd::crypto::symmetric::Cipher;
use emrtd::lds::dg14::Dg14;
use emrtd::lds::security_info::{KeyAgreement, PaceMapping, PaceProtocol};
use emrtd::read::{Access, Downgrade, MappingProof};
use emrtd::tlv;
use phone::{
    Action, ChipReading, Confirmation, Conversation, Device, Event, Outcome, PhoneDocument,
    Progress, RelayRefusal, ShareChoice, Source,
};
use protocol::codes::SocketCode;
use protocol::{Ack, ClientMessage, HandoffContext, Phase, SecretBytes, ServerMessage};

use crate::scripted_server::{AUTHENTICATE, SELECT, SET_AT, ScriptedServer, error};
use crate::{document, link, selfies};

/// What the chip does when it is asked.
#[derive(Default)]
struct FakeChip {
    unreadable: bool,
    /// How often the tag is lost while relaying.
    losses: usize,
    /// How often the network is lost while the chip is asked.
    disconnects: usize,
    reads: usize,
    relayed: Vec<(Vec<Vec<u8>>, bool)>,
}

const BAC: Access = Access::Bac { downgrade: None };

/// A document whose DG14 has a key for chip authentication.
fn with_chip_key() -> PhoneDocument {
    let group = openssl::ec::EcGroup::from_curve_name(Curve::P256.nid()).unwrap();
    let key = openssl::ec::EcKey::generate(&group).unwrap();
    let spki = openssl::pkey::PKey::from_ec_key(key).unwrap().public_key_to_der().unwrap();
    // id-PK-ECDH
    let id = tlv::Oid::from_octets(&[0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x01, 0x02]);
    let info = tlv::sequence(&[&tlv::oid_element(&id), &spki]);
    PhoneDocument { dg14: Some(Dg14::write(&[info]).into()), ..document() }
}

fn server() -> ScriptedServer {
    let mut server = ScriptedServer::new(link().session_id());
    server.relays = true;
    server
}

struct Run {
    outcome: Outcome,
    server: ScriptedServer,
    chip: FakeChip,
    progress: Vec<Progress>,
}

fn run(
    source: impl Into<Source>,
    document: &PhoneDocument,
    access: Access,
    mut chip: FakeChip,
    mut server: ScriptedServer,
) -> Run {
    let mut conversation =
        Conversation::new(&link(), Device::Id("device-1".into()), "1.0".into(), source, selfies());
    let mut events = VecDeque::from([Event::Connected]);
    let mut progress = Vec::new();
    for _ in 0..10_000 {
        for action in conversation.handle(events.pop_front().expect("stuck")) {
            match action {
                Action::Send(message) => {
                    events.extend(server.receive(message).into_iter().map(Event::Message));
                }
                Action::ReadChip => {
                    chip.reads += 1;
                    let reading = ChipReading { document: document.clone(), access };
                    let reading = (!chip.unreadable).then(|| Box::new(reading));
                    if chip.disconnects > 0 {
                        chip.disconnects -= 1;
                        events.push_back(Event::Disconnected);
                    }
                    events.push_back(Event::ChipRead(reading));
                }
                Action::Relay { commands, protected } => {
                    let commands: Vec<_> =
                        commands.iter().map(|command| command.as_slice().to_vec()).collect();
                    let answers = commands
                        .iter()
                        .map(|command| SecretBytes::from([&command[..], &[0x90, 0]].concat()))
                        .collect();
                    chip.relayed.push((commands, protected));
                    let lost = chip.losses > 0;
                    chip.losses -= usize::from(lost);
                    events.push_back(Event::Relayed((!lost).then_some(answers)));
                }
                Action::Sign { .. } => events.push_back(Event::Signed(Some(vec![9; 64].into()))),
                Action::AskShare(_) => events.push_back(Event::Answer(ShareChoice::All)),
                Action::Reconnect { .. } => {
                    server.disconnect();
                    events.push_back(Event::Connected);
                }
                Action::Progress(step) => progress.push(step),
                Action::ProveDevice { .. } | Action::Confirm(_) => panic!("nothing asks for it"),
                Action::Finish(outcome) => return Run { outcome, server, chip, progress },
            }
        }
    }
    panic!("the conversation does not end");
}

fn with_chip(chip: FakeChip, server: ScriptedServer) -> Run {
    run(Source::Chip, &with_chip_key(), BAC, chip, server)
}

fn relayed(run: &Run) -> Vec<Vec<Vec<u8>>> {
    let messages = run.server.received.iter();
    messages
        .filter_map(|message| match message {
            ClientMessage::ChipAuth { answers } => {
                Some(answers.iter().map(|answer| answer.as_slice().to_vec()).collect())
            }
            _ => None,
        })
        .collect()
}

fn access_messages(run: &Run) -> Vec<[&str; 3]> {
    let messages = run.server.received.iter();
    messages
        .filter_map(|message| match message {
            ClientMessage::ChipAccess { access, downgrade, mapping } => {
                Some([access.as_str(), downgrade.as_str(), mapping.as_str()])
            }
            _ => None,
        })
        .collect()
}

#[test]
fn the_chip_is_read_once_then_signs_then_is_relayed_to() {
    let run = with_chip(FakeChip::default(), server());
    assert!(matches!(run.outcome, Outcome::Shared { .. }), "{:?}", run.outcome);
    assert_eq!(run.chip.reads, 1);
    assert_eq!(
        run.chip.relayed,
        [(vec![SET_AT.to_vec(), AUTHENTICATE.to_vec()], false), (vec![SELECT.to_vec()], true)],
        "as the server sent them"
    );
    let answer = |command: &[u8]| [command, &[0x90, 0]].concat();
    let agreed = vec![answer(&SET_AT), answer(&AUTHENTICATE)];
    assert_eq!(relayed(&run), [vec![], agreed, vec![answer(&SELECT)]]);
    assert_eq!(access_messages(&run), [["bac", "", ""]]);
    let kinds: Vec<_> = run
        .server
        .received
        .iter()
        .filter_map(|message| match message {
            ClientMessage::Data(data) => Some(data.kind.number()),
            ClientMessage::ChipAccess { .. } => Some(100),
            ClientMessage::ChipAuth { .. } => Some(101),
            ClientMessage::Phase { phase, .. } if *phase == "nfc_complete" => Some(102),
            _ => None,
        })
        .collect();
    // Every file, active authentication last; the access; the relay; nfc_complete.
    assert_eq!(kinds, [0, 1, 1, 1, 2, 4, 5, 6, 100, 101, 101, 101, 102, 3, 3, 3, 3]);
    assert!(run.progress.contains(&Progress::ChipAuthentication { protected: true }));
}

#[test]
fn nothing_new_is_said_to_a_server_that_does_not_offer_it() {
    let run = with_chip(FakeChip::default(), ScriptedServer::new(link().session_id()));
    assert!(matches!(run.outcome, Outcome::Shared { .. }), "{:?}", run.outcome);
    assert!(relayed(&run).is_empty() && access_messages(&run).is_empty());
}

#[test]
fn files_without_a_chip_are_not_relayed() {
    let files = with_chip_key();
    let run = run(files.clone(), &files, BAC, FakeChip::default(), server());
    assert!(matches!(run.outcome, Outcome::Shared { .. }), "{:?}", run.outcome);
    assert_eq!(run.chip.reads, 0);
    assert!(relayed(&run).is_empty() && access_messages(&run).is_empty());
}

#[test]
fn a_chip_without_a_key_is_not_relayed_to() {
    let without_key = PhoneDocument { dg14: Some(Dg14::write(&[]).into()), ..document() };
    for document in [without_key, PhoneDocument { dg14: None, ..document() }, document()] {
        let run = run(Source::Chip, &document, BAC, FakeChip::default(), server());
        assert!(matches!(run.outcome, Outcome::Shared { .. }), "{:?}", run.outcome);
        assert!(relayed(&run).is_empty());
        assert_eq!(access_messages(&run).len(), 1);
    }
}

#[test]
fn the_access_is_told_as_it_was_gained() {
    let pace = |mapping, chip_authentication| Access::Pace {
        protocol: PaceProtocol { agreement: KeyAgreement::Ecdh, mapping, cipher: Cipher::Aes128 },
        chip_authentication,
        downgrade: None,
    };
    let cam = PaceMapping::ChipAuthentication;
    let tlv_error = tlv::Reader::new(&[], tlv::Rules::Ber).read().unwrap_err();
    for (access, told) in [
        (pace(PaceMapping::Generic, MappingProof::NotRun), ["pace_gm", "", ""]),
        (pace(PaceMapping::Integrated, MappingProof::NotRun), ["pace_im", "", ""]),
        (pace(cam, MappingProof::Proven), ["pace_cam", "", "proven"]),
        (pace(cam, MappingProof::Unvouched), ["pace_cam", "", "unvouched"]),
        (pace(cam, MappingProof::Failed), ["pace_cam", "", "failed"]),
        (pace(cam, MappingProof::NoKey), ["pace_cam", "", "no_key"]),
        (
            Access::Pace {
                protocol: PaceProtocol {
                    agreement: KeyAgreement::Dh,
                    mapping: PaceMapping::Generic,
                    cipher: Cipher::TripleDes,
                },
                chip_authentication: MappingProof::NotRun,
                downgrade: Some(Downgrade::PaceHidden),
            },
            ["pace_gm", "pace_hidden", ""],
        ),
        (BAC, ["bac", "", ""]),
        (Access::Bac { downgrade: Some(Downgrade::PaceHidden) }, ["bac", "pace_hidden", ""]),
        (
            Access::Bac { downgrade: Some(Downgrade::CardAccessMalformed(tlv_error)) },
            ["bac", "card_access_malformed", ""],
        ),
    ] {
        let run = run(Source::Chip, &document(), access, FakeChip::default(), server());
        assert_eq!(access_messages(&run), [told]);
    }
}

#[test]
fn a_lost_tag_begins_again_a_few_times() {
    let run = with_chip(FakeChip { losses: 2, ..FakeChip::default() }, server());
    assert!(matches!(run.outcome, Outcome::Shared { .. }), "{:?}", run.outcome);
    assert_eq!(relayed(&run).iter().filter(|answers| answers.is_empty()).count(), 3);
    assert_eq!(run.chip.relayed.last().unwrap(), &(vec![SELECT.to_vec()], true));

    let run = with_chip(FakeChip { losses: 1_000, ..FakeChip::default() }, server());
    assert!(matches!(run.outcome, Outcome::Shared { .. }), "the server decides: {:?}", run.outcome);
    assert_eq!(relayed(&run).len(), Conversation::MAX_RELAYS);
}

/// What the server has sent when it may relay, in one round after another.
fn against(rounds: Vec<(Vec<Vec<u8>>, bool)>) -> Run {
    let mut server = server();
    let messages = rounds.into_iter().map(|(commands, protected)| {
        let commands = commands.into_iter().map(SecretBytes::from).collect();
        vec![ServerMessage::ChipAuth { commands, protected }]
    });
    server.instead_of_relaying = messages.collect();
    with_chip(FakeChip::default(), server)
}

#[test]
fn a_server_reaches_nothing_of_the_chip_but_chip_authentication() {
    let select = vec![0x00, 0xA4, 0x02, 0x0C, 0x02, 0x01, 0x01];
    let read_binary = vec![0x00, 0xB0, 0x81, 0x00, 0x00];
    let (set_at, authenticate) = (SET_AT.to_vec(), AUTHENTICATE.to_vec());
    let protected = SELECT.to_vec();
    use RelayRefusal::{Count, Malformed, NotChipAuthentication};
    for (commands, is_protected, refusal) in [
        (vec![select.clone()], false, NotChipAuthentication),
        (vec![read_binary.clone()], false, NotChipAuthentication),
        // Behind one that is taken: that one is not sent either.
        (vec![set_at.clone(), read_binary.clone()], false, NotChipAuthentication),
        // PACE, terminal authentication and INTERNAL AUTHENTICATE are other templates.
        (vec![vec![0x00, 0x22, 0xC1, 0xA4]], false, NotChipAuthentication),
        (vec![vec![0x00, 0x22, 0x81, 0xB6]], false, NotChipAuthentication),
        (vec![vec![0x00, 0x88, 0x00, 0x00]], false, NotChipAuthentication),
        // Chaining is the phone's own, and so is its session.
        (vec![vec![0x10, 0x86, 0x00, 0x00]], false, NotChipAuthentication),
        (vec![protected.clone()], false, NotChipAuthentication),
        (vec![set_at.clone(), authenticate.clone(), set_at.clone()], false, Count(3)),
        (vec![vec![0x00, 0x22]], false, Malformed),
        (vec![protected.clone()], true, RelayRefusal::Order),
        (vec![read_binary], true, NotChipAuthentication),
    ] {
        let run = against(vec![(commands.clone(), is_protected)]);
        assert_eq!(run.outcome, Outcome::CommandsRefused(refusal), "{commands:02X?}");
        assert!(run.chip.relayed.is_empty(), "{commands:02X?}");
        assert_eq!(relayed(&run), [Vec::<Vec<u8>>::new()], "nothing is answered");
    }
}

#[test]
fn a_run_has_one_key_agreement_and_one_protected_command() {
    let plain = || (vec![SET_AT.to_vec(), AUTHENTICATE.to_vec()], false);
    let protected = || (vec![SELECT.to_vec()], true);
    for (rounds, carried, refusal) in [
        (vec![plain(), plain()], 1, RelayRefusal::Order),
        (vec![plain(), protected(), protected()], 2, RelayRefusal::Order),
        (vec![plain(), protected(), plain()], 2, RelayRefusal::Order),
        (vec![plain(), (vec![SELECT.to_vec(); 2], true)], 1, RelayRefusal::Count(2)),
        (vec![plain(), (vec![READ_BINARY.to_vec()], true)], 1, RelayRefusal::NotChipAuthentication),
    ] {
        let run = against(rounds);
        assert_eq!(run.outcome, Outcome::CommandsRefused(refusal));
        assert_eq!(run.chip.relayed.len(), carried);
    }
}

/// Protected, as a session that the server shares with the chip would have it.
const READ_BINARY: [u8; 4] = [0x0C, 0xB0, 0x81, 0x00];

#[test]
fn an_unreadable_chip_ends_it_before_anything_is_sent() {
    let run = with_chip(FakeChip { unreadable: true, ..FakeChip::default() }, server());
    assert_eq!(run.outcome, Outcome::ChipUnread);
    assert!(!run.server.received.iter().any(|message| matches!(message, ClientMessage::Data(_))));
}

#[test]
fn what_was_read_while_the_network_was_lost_is_kept() {
    let run = with_chip(FakeChip { disconnects: 1, ..FakeChip::default() }, server());
    assert!(matches!(run.outcome, Outcome::Shared { .. }), "{:?}", run.outcome);
    assert_eq!(run.chip.reads, 1);
}

#[test]
fn a_new_socket_relays_anew() {
    // The answer to nfc_complete gets lost.
    let mut scripted = server();
    scripted.instead.insert(17, vec![error(SocketCode::InternalError)]);
    let run = with_chip(FakeChip::default(), scripted);
    assert!(matches!(run.outcome, Outcome::Shared { .. }), "{:?}", run.outcome);
    assert_eq!((run.chip.reads, access_messages(&run).len()), (1, 2));
    assert_eq!(relayed(&run).len(), 6);
    let complete = Progress::PhaseReached(Phase::NfcComplete);
    assert_eq!(run.progress.iter().filter(|step| **step == complete).count(), 1);
}

#[test]
fn commands_that_were_not_asked_for_are_ignored() {
    let mut conversation = Conversation::new(
        &link(),
        Device::Id("device-1".into()),
        "1.0".into(),
        Source::Chip,
        selfies(),
    );
    assert_eq!(conversation.handle(Event::Connected).len(), 1);
    let command =
        ServerMessage::ChipAuth { commands: vec![SELECT.to_vec().into()], protected: true };
    assert!(conversation.handle(Event::Message(command)).is_empty());
    assert!(conversation.handle(Event::Relayed(Some(vec![vec![0x90, 0].into()]))).is_empty());
    assert!(conversation.handle(Event::Relayed(None)).is_empty());
    assert!(conversation.handle(Event::ChipRead(None)).is_empty());
}

/// A conversation that reads its chip, with a server that describes a page, if `page` is there.
fn reading(page: Option<HandoffContext>) -> Conversation {
    let device = Device::Id("device-1".into());
    let mut conversation =
        Conversation::new(&link(), device, "1.0".into(), Source::Chip, selfies());
    let _ = conversation.handle(Event::Connected);
    let _ = conversation.handle(Event::Message(Ack::HelloOk.into()));
    if let Some(page) = page {
        let _ = conversation.handle(Event::Message(ServerMessage::HandoffContext(page)));
    }
    let mut actions = conversation.handle(Event::Message(Ack::PhaseOk.into()));
    if actions.iter().any(|action| matches!(action, Action::Confirm(_))) {
        actions = conversation.handle(Event::Confirmed(Some(Confirmation::Mine)));
    }
    for _ in 0..3 {
        assert!(matches!(actions.last(), Some(Action::Send(ClientMessage::Phase { .. }))));
        actions = conversation.handle(Event::Message(Ack::PhaseOk.into()));
    }
    assert_eq!(actions.last(), Some(&Action::ReadChip));
    conversation
}

#[test]
fn the_server_hears_in_steps_how_much_of_the_chip_is_read() {
    let page = HandoffContext { choices: vec![], ..crate::confirm::page() };
    let mut conversation = reading(Some(page));
    let mut told = Vec::new();
    for percent in [0, 5, 10, 19, 47, 30, 49, 90, 255, 100] {
        let actions = conversation.handle(Event::ChipProgress(percent));
        told.extend(actions.into_iter().map(|action| match action {
            Action::Send(ClientMessage::Phase { phase, progress, .. }) => (phase, progress),
            other => panic!("{other:?}"),
        }));
    }
    let expected = [10, 40, 90, 100].map(|step| ("nfc_reading".to_owned(), step));
    assert_eq!(told, expected);
    // Their acknowledgements come once the files are under way, and mean nothing then.
    let reading = ChipReading { document: document(), access: BAC };
    let first = conversation.handle(Event::ChipRead(Some(Box::new(reading))));
    assert!(matches!(first.last(), Some(Action::Send(ClientMessage::Data(_)))), "{first:?}");
    for _ in expected {
        assert!(conversation.handle(Event::Message(Ack::PhaseOk.into())).is_empty());
    }
    assert!(conversation.handle(Event::ChipProgress(100)).is_empty(), "late");
}

#[test]
fn a_server_that_describes_no_page_hears_nothing_of_the_reading() {
    let mut conversation = reading(None);
    assert!(conversation.handle(Event::ChipProgress(50)).is_empty());
}
