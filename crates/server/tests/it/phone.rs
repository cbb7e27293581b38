//! The real phone client against the real server, with the network cut at every step.

use std::time::Duration;

use phone::{
    Confirmation, Connection, Holder, Outcome, Phone, PhoneDocument, Progress, ShareChoice,
};
use protocol::{HandoffContext, HandoffLink, SecretBytes, ShareRequest};
use testkit::{TestServer, WebhookSink, simulated_passport};

/// A holder whose network goes down right after one step of many.
struct Unlucky {
    steps: usize,
    cut_after: usize,
}

impl Holder for Unlucky {
    fn confirm(&mut self, _: &HandoffContext) -> Option<Confirmation> {
        Some(Confirmation::Mine)
    }

    fn choose(&mut self, _: &ShareRequest) -> ShareChoice {
        ShareChoice::All
    }

    fn progress(&mut self, _: Progress) -> Connection {
        self.steps += 1;
        if self.steps == self.cut_after { Connection::Drop } else { Connection::Keep }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_whose_network_is_cut_at_any_step_finishes_once() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let sink = WebhookSink::register(&rp).await;
    let passport = simulated_passport(&server).await;
    let files =
        [("DG1.bin", &passport.dg1), ("DG2.bin", &passport.dg2), ("EF_SOD.bin", &passport.sod)];
    let document =
        PhoneDocument::from_files(files.map(|(name, bytes)| (name, bytes.clone()))).unwrap();
    let selfie = || SecretBytes::from(b"selfie".to_vec());
    let mut completed = 0;
    for cut_after in 1.. {
        let session = rp.session(&[("family_name", true)]).await;
        let handoff = rp.handoff(&session.id).await;
        let link = HandoffLink::parse(&handoff.link(&server.url())).unwrap();
        let selfies = [selfie(), selfie(), selfie()];
        let mut phone =
            Phone::new(link, "phone".into(), "1.0".to_owned(), document.clone(), selfies);
        phone.timing.backoff = [Duration::ZERO; 5];
        let mut holder = Unlucky { steps: 0, cut_after };
        let outcome = phone.run_with(&server.url().parse().unwrap(), &mut holder).await.unwrap();

        // Cut right behind its selection, a phone cannot know whether the answer was on its way.
        assert!(
            matches!(outcome, Outcome::Shared { .. } | Outcome::Unconfirmed { .. }),
            "cut after step {cut_after}: {outcome:?}"
        );
        if matches!(outcome, Outcome::Shared { .. })
            || rp.status(&session.id).await["status"] == "completed"
        {
            let event = sink.open(&sink.next().await);
            assert_eq!(event["metadata"]["verification_session_id"], session.id.as_str());
            completed += 1;
            let successes = vec!["verification.attempt.succeeded"; completed];
            assert_eq!(rp.event_types().await, successes, "one success, one event");
        }
        if holder.steps < cut_after {
            assert!(cut_after > 10, "every step was cut once");
            return;
        }
    }
}
