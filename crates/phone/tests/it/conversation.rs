use std::collections::VecDeque;

use phone::{
    Action, BACKOFF, Confirmation, Conversation, Device, DeviceKey, Event, Outcome, Progress,
    ShareChoice,
};
use proptest::prelude::*;
use protocol::codes::SocketCode;
use protocol::{
    Ack, ChunkRetry, ClientMessage, DataKind, HandoffContext, Phase, RetryReason, ServerMessage,
    Verdict, VerdictOutcome,
};

use crate::scripted_server::{ScriptedServer, error};
use crate::{document, key, link, selfies};

/// Where a connection breaks: after how many messages of the phone, and whether
/// the last of them still reached the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) after: usize,
    pub(crate) delivered: bool,
}

pub(crate) struct Run {
    pub(crate) server: ScriptedServer,
    pub(crate) outcome: Outcome,
    pub(crate) progress: Vec<Progress>,
    waits: Vec<std::time::Duration>,
    asked: usize,
    /// What the holder was asked to confirm.
    pub(crate) pages: Vec<HandoffContext>,
}

fn conversation() -> Conversation {
    let device = Device::Id("device-1".into());
    Conversation::new(&link(), device, "1.0".into(), document(), selfies())
}

pub(crate) fn server() -> ScriptedServer {
    ScriptedServer::new(link().session_id())
}

/// Drives a conversation to its end, cutting the connection where told.
fn run(server: ScriptedServer, cuts: &[Cut], choices: &[ShareChoice]) -> Run {
    run_as(conversation(), server, cuts, choices, &None)
}

/// As [`run`], with a key to prove and an answer for the page.
pub(crate) fn run_as(
    mut conversation: Conversation,
    mut server: ScriptedServer,
    cuts: &[Cut],
    choices: &[ShareChoice],
    answer: &Option<Confirmation>,
) -> Run {
    let mut pages = Vec::new();
    let mut events = VecDeque::from([Event::Connected]);
    let mut cuts = cuts.iter().copied();
    let mut cut = cuts.next();
    let mut sent_on_socket = 0;
    let (mut progress, mut waits, mut asked) = (Vec::new(), Vec::new(), 0);
    for _ in 0..10_000 {
        let event = events.pop_front().expect("the conversation is stuck");
        for action in conversation.handle(event) {
            match action {
                Action::Send(message) => {
                    sent_on_socket += 1;
                    let breaks = cut.filter(|cut| sent_on_socket > cut.after);
                    if breaks.is_none_or(|cut| cut.delivered) {
                        let answers = server.receive(message);
                        if breaks.is_none() {
                            events.extend(answers.into_iter().map(Event::Message));
                        }
                    }
                    if breaks.is_some() {
                        server.disconnect();
                        events = VecDeque::from([Event::Disconnected]);
                        cut = cuts.next();
                    }
                }
                Action::Sign { challenge } => {
                    assert_eq!(challenge, b"AACHALLE");
                    events.push_back(Event::Signed(Some(vec![9; 64].into())));
                }
                Action::ProveDevice { statement } => {
                    events.push_back(Event::DeviceProof(key().sign(statement.as_bytes())));
                }
                Action::Confirm(page) => {
                    pages.push(page);
                    events.push_back(Event::Confirmed(answer.clone()));
                }
                Action::AskShare(request) => {
                    assert_eq!(request, server.request());
                    let choice = choices[asked.min(choices.len() - 1)].clone();
                    asked += 1;
                    events.push_back(Event::Answer(choice));
                }
                Action::Reconnect { after } => {
                    waits.push(after);
                    sent_on_socket = 0;
                    server.disconnect();
                    events = VecDeque::from([Event::Connected]);
                }
                Action::ReadChip | Action::Relay { .. } => panic!("there is no chip"),
                Action::Progress(step) => progress.push(step),
                Action::Finish(outcome) => {
                    assert!(conversation.is_finished());
                    assert!(conversation.handle(Event::Connected).is_empty());
                    return Run { server, outcome, progress, waits, asked, pages };
                }
            }
        }
    }
    panic!("the conversation does not end");
}

fn phases(run: &Run) -> Vec<&str> {
    run.server
        .received
        .iter()
        .filter_map(|message| match message {
            ClientMessage::Phase { phase, .. } => Some(phase.as_str()),
            _ => None,
        })
        .collect()
}

fn uploads(run: &Run) -> Vec<(DataKind, u32, u32, u32)> {
    run.server
        .received
        .iter()
        .filter_map(|message| match message {
            ClientMessage::Data(data) => {
                Some((data.kind, data.index, data.chunk_index, data.chunk_total))
            }
            _ => None,
        })
        .collect()
}

fn all_keys() -> Outcome {
    Outcome::Shared { keys: vec!["family_name".into(), "kayle_document_id".into()] }
}

#[test]
fn the_whole_conversation_in_order() {
    let run = run(server(), &[], &[ShareChoice::All]);
    assert_eq!(run.outcome, all_keys());
    assert_eq!(phases(&run), Phase::ALL.map(Phase::as_str));
    use DataKind::{ActiveAuth, Dg1, Dg2, Dg14, Dg15, Selfie, Sod};
    assert_eq!(
        uploads(&run),
        [
            (Dg1, 0, 0, 1),
            (Dg2, 0, 0, 3),
            (Dg2, 0, 1, 3),
            (Dg2, 0, 2, 3),
            (Sod, 0, 0, 1),
            (Dg14, 0, 0, 1),
            (Dg15, 0, 0, 1),
            (ActiveAuth, 0, 0, 1),
            (Selfie, 0, 0, 1),
            (Selfie, 1, 0, 2),
            (Selfie, 1, 1, 2),
            (Selfie, 2, 0, 1),
        ]
    );
    let kind = |kind| run.server.artifact(kind, 0);
    assert_eq!(kind(Dg2), document().dg2.as_slice());
    assert_eq!(kind(ActiveAuth), [b"AACHALLE".as_slice(), &[9; 64]].concat());
    for (index, selfie) in (0..).zip(selfies()) {
        assert_eq!(run.server.artifact(Selfie, index), selfie.as_slice());
    }
    assert_eq!(run.progress.last(), Some(&Progress::SelectionSent));
    assert!(run.waits.is_empty());
}

#[test]
fn a_choice_is_sent_as_made() {
    for (choice, keys) in [
        (ShareChoice::Required, vec!["kayle_document_id"]),
        (ShareChoice::All, vec!["family_name", "kayle_document_id"]),
        (ShareChoice::Keys(vec!["kayle_document_id".into()]), vec!["kayle_document_id"]),
    ] {
        let run = run(server(), &[], &[choice]);
        assert_eq!(run.server.shared.unwrap(), keys);
    }
}

#[test]
fn a_refused_selection_is_asked_again() {
    let wrong = ShareChoice::Keys(vec!["family_name".into()]);
    let corrected = run(server(), &[], &[wrong.clone(), ShareChoice::All]);
    assert_eq!((corrected.outcome, corrected.asked), (all_keys(), 2));
    let stubborn = run(server(), &[], &[wrong]);
    assert_eq!(
        stubborn.outcome,
        Outcome::Refused { code: "SHARE_SELECTION_MISSING_REQUIRED".into(), message: "no".into() }
    );
    assert_eq!(stubborn.asked, Conversation::MAX_REPAIRS + 1);
}

#[test]
fn what_the_server_lost_is_sent_again() {
    // Messages 5 and 6 are DG1 and DG2's first chunk, 14 and 15 their repair; 19 is
    // the second selfie's first.
    let mut server = server();
    server.forget = vec![5, 6, 19];
    let run = run(server, &[], &[ShareChoice::All]);
    assert_eq!(run.outcome, all_keys());
    let uploads = uploads(&run);
    let times = |wanted| uploads.iter().filter(|chunk| **chunk == wanted).count();
    assert_eq!(times((DataKind::Dg1, 0, 0, 1)), 2);
    assert_eq!(times((DataKind::Dg2, 0, 0, 3)), 2);
    assert_eq!(times((DataKind::Dg2, 0, 1, 3)), 1);
    assert_eq!(times((DataKind::Selfie, 1, 0, 2)), 2);
    assert_eq!(times((DataKind::Selfie, 1, 1, 2)), 1);
    assert_eq!(phases(&run).len(), 7 + 2);
}

#[test]
fn a_server_that_never_has_enough_is_given_up() {
    let missing = || ServerMessage::Error {
        code: "NFC_REQUIRED_DATA_MISSING".into(),
        message: r#"{"missing_artifacts":["dg1"],"missing_chunks":[]}"#.into(),
    };
    let mut server = server();
    server.instead = (13..200).step_by(2).map(|at| (at, vec![missing()])).collect();
    let run = run(server, &[], &[ShareChoice::All]);
    assert!(
        matches!(run.outcome, Outcome::Refused { code, .. } if code == "NFC_REQUIRED_DATA_MISSING")
    );
}

#[test]
fn a_chunk_is_retried_from_where_the_server_says() {
    let retry =
        ChunkRetry { kind: 1, index: 0, chunk_index: 0, reason: RetryReason::ChunkTotalMismatch };
    let refusal = |message| ServerMessage::Error { code: "DATA_CHUNK_RETRY".into(), message };
    let mut once = server();
    once.instead.insert(8, vec![refusal(retry.to_message())]);
    let run_once = run(once, &[], &[ShareChoice::All]);
    assert_eq!(run_once.outcome, all_keys());
    let dg2: Vec<_> = uploads(&run_once)
        .into_iter()
        .filter(|chunk| chunk.0 == DataKind::Dg2)
        .map(|chunk| chunk.2)
        .collect();
    assert_eq!(dg2, [0, 1, 2, 0, 1, 2]);

    for unusable in [
        ChunkRetry { chunk_index: 3, ..retry.clone() }.to_message(),
        ChunkRetry { kind: 2, ..retry.clone() }.to_message(),
        "again, please".into(),
    ] {
        let mut server = server();
        server.instead.insert(8, vec![refusal(unusable)]);
        let run = run(server, &[], &[ShareChoice::All]);
        assert!(matches!(run.outcome, Outcome::Refused { code, .. } if code == "DATA_CHUNK_RETRY"));
    }
}

#[test]
fn a_rejection_ends_it() {
    let mut server = server();
    server.instead.insert(
        13,
        vec![ServerMessage::Verdict(Verdict {
            outcome: VerdictOutcome::Rejected,
            reason_code: "passport_authenticity_failed".into(),
            reason_message: "not genuine".into(),
            retry_allowed: true,
            remaining_attempts: 2,
        })],
    );
    let run = run(server, &[], &[ShareChoice::All]);
    assert_eq!(
        run.outcome,
        Outcome::Rejected {
            code: "passport_authenticity_failed".into(),
            message: "not genuine".into(),
            retry_allowed: true,
            remaining_attempts: 2,
        }
    );
    assert_eq!(phases(&run).last(), Some(&"nfc_complete"));
}

#[test]
fn refusals_end_it_wherever_they_come() {
    for code in [
        SocketCode::SessionCancelled,
        SocketCode::SessionExpired,
        SocketCode::AttemptConnectionActive,
        SocketCode::HandoffDeviceMismatch,
        SocketCode::TransferTooLarge,
        SocketCode::PhaseOutOfOrder,
    ] {
        for at in [0, 1, 6, 13, 17, 18] {
            let mut server = server();
            server.instead.insert(at, vec![error(code)]);
            let run = run(server, &[], &[ShareChoice::All]);
            assert_eq!(
                run.outcome,
                Outcome::Refused { code: code.as_str().into(), message: "no".into() },
                "{code} at {at}"
            );
            assert_eq!(run.server.received.len(), at + 1, "nothing follows");
        }
    }
}

#[test]
fn acceptance_before_the_face_check_is_not_believed() {
    let mut server = server();
    let request = server.request();
    // Without a chip to sign, `nfc_complete` is message 12.
    server.instead.insert(
        12,
        vec![
            ServerMessage::Verdict(Verdict::accepted()),
            ServerMessage::ShareRequest(request),
            Ack::PhaseOk.into(),
        ],
    );
    let mut conversation = conversation();
    let mut actions = VecDeque::from(conversation.handle(Event::Connected));
    let reached = Action::Progress(Progress::PhaseReached(Phase::NfcComplete));
    while let Some(action) = actions.pop_front() {
        match action {
            Action::Send(message) => {
                for answer in server.receive(message) {
                    actions.extend(conversation.handle(Event::Message(answer)));
                }
            }
            Action::Sign { .. } => actions.extend(conversation.handle(Event::Signed(None))),
            action if action == reached => {
                assert!(server.instead.is_empty(), "the premature acceptance was sent");
                return;
            }
            action => assert!(matches!(
                action,
                Action::Progress(
                    Progress::HelloAccepted { .. }
                        | Progress::PhaseReached(_)
                        | Progress::Uploaded { .. }
                )
            )),
        }
    }
    panic!("the acknowledgement after the premature acceptance is not reached");
}

#[test]
fn a_request_for_another_session_is_not_shown() {
    let mut server = server();
    let mut request = server.request();
    request.session_id = format!("vs_{}", "x".repeat(64));
    server.instead.insert(
        19,
        vec![ServerMessage::Verdict(Verdict::accepted()), ServerMessage::ShareRequest(request)],
    );
    let run = run(server, &[], &[ShareChoice::All]);
    assert!(matches!(run.outcome, Outcome::Refused { code, .. } if code == "INVALID_SESSION_ID"));
    assert_eq!(run.asked, 0);
}

#[test]
fn a_failing_server_is_tried_again_and_then_believed() {
    let mut once = server();
    once.instead.insert(13, vec![error(SocketCode::InternalError)]);
    let run_once = run(once, &[], &[ShareChoice::All]);
    assert_eq!(run_once.outcome, all_keys());
    assert_eq!(run_once.waits, [BACKOFF[0]]);

    let mut always = server();
    always.instead = (0..10).map(|at| (at, vec![error(SocketCode::InternalError)])).collect();
    let run_always = run(always, &[], &[ShareChoice::All]);
    assert_eq!(run_always.waits, BACKOFF);
    assert!(
        matches!(run_always.outcome, Outcome::Refused { code, .. } if code == "INTERNAL_ERROR")
    );
}

#[test]
fn a_dead_network_is_given_up_after_the_backoff() {
    let cut = Cut { after: 0, delivered: false };
    let run = run(server(), &[cut; 6], &[ShareChoice::All]);
    assert_eq!(run.outcome, Outcome::LostConnection);
    assert_eq!(run.waits, BACKOFF);
}

#[test]
fn a_server_that_drops_every_socket_after_hello_is_given_up() {
    let cut = Cut { after: 1, delivered: false };
    let run = run(server(), &[cut; 100], &[ShareChoice::All]);
    assert_eq!(run.outcome, Outcome::LostConnection);
    assert_eq!(run.waits.len(), Conversation::MAX_RECONNECTS);
}

#[test]
fn after_a_loss_everything_is_uploaded_again_from_nfc_reading() {
    // Lost while the face is judged.
    let cut = Cut { after: 19, delivered: true };
    let run = run(server(), &[cut], &[ShareChoice::All]);
    assert_eq!(run.outcome, all_keys());
    let again = &phases(&run)[7..];
    assert_eq!(again, ["nfc_reading", "nfc_complete", "selfie_capturing", "selfie_complete"]);
    assert_eq!(uploads(&run).len(), 24);
    assert!(run.progress.contains(&Progress::HelloAccepted { resumed: true }));
}

#[test]
fn a_holder_is_asked_once_about_the_same_request() {
    let cut = Cut { after: 20, delivered: false };
    let run = run(server(), &[cut], &[ShareChoice::All]);
    assert_eq!((run.outcome, run.asked), (all_keys(), 1));
}

#[test]
fn a_selection_whose_answer_was_lost_is_reported_as_in_doubt() {
    let cut = Cut { after: 20, delivered: true };
    let run = run(server(), &[cut], &[ShareChoice::Required]);
    assert!(run.server.shared.is_some());
    assert_eq!(run.outcome, Outcome::Unconfirmed { keys: vec!["kayle_document_id".into()] });
}

#[test]
fn late_and_foreign_events_change_nothing() {
    let mut conversation = conversation();
    assert!(conversation.handle(Event::Message(Ack::HelloOk.into())).is_empty());
    assert!(conversation.handle(Event::Answer(ShareChoice::All)).is_empty());
    assert_eq!(conversation.handle(Event::Connected).len(), 1);
    for event in [
        Event::Connected,
        Event::Answer(ShareChoice::All),
        Event::Signed(None),
        Event::Message(Ack::PhaseOk.into()),
        Event::Message(ServerMessage::Ack { message: "?".into() }),
        Event::Message(ServerMessage::Verdict(Verdict::accepted())),
        Event::Message(ServerMessage::ShareRequest(server().request())),
        Event::Message(ServerMessage::ShareReady {
            session_id: link().session_id().into(),
            keys: vec![],
        }),
    ] {
        assert!(conversation.handle(event).is_empty());
    }
    assert!(!conversation.is_finished());
}

proptest! {
    /// Up to five losses, each at any message, before or after it was delivered.
    #[test]
    fn every_loss_is_recovered(
        cuts in prop::collection::vec((0_usize..22, any::<bool>()), 0..5)
    ) {
        let cuts: Vec<_> = cuts
            .into_iter()
            .map(|(after, delivered)| Cut { after, delivered })
            .collect();
        let run = run(server(), &cuts, &[ShareChoice::All]);
        match &run.outcome {
            Outcome::Shared { .. } => prop_assert_eq!(&run.outcome, &all_keys()),
            // Only the one message that can commit leaves a doubt.
            Outcome::Unconfirmed { .. } => prop_assert!(run.server.shared.is_some()),
            other => prop_assert!(false, "{:?}", other),
        }
        prop_assert!(run.waits.len() <= cuts.len());
    }
}

#[test]
fn every_single_loss_is_recovered() {
    for after in 0..22 {
        for delivered in [false, true] {
            let run = run(server(), &[Cut { after, delivered }], &[ShareChoice::All]);
            let in_doubt = after == 20 && delivered;
            assert_eq!(
                matches!(run.outcome, Outcome::Shared { .. }),
                !in_doubt,
                "{after} {delivered} {:?}",
                run.outcome
            );
        }
    }
}
