//! `kill -9` between verdict and delivery loses nothing (issue item 5), with a real process.

use crate::process::Scene;

/// The success reaches the relying party with the server killed while the endpoint behaves so.
async fn survives(answer_before: u16) {
    let mut scene = Scene::start("info").await;
    scene.sink.answer(answer_before);
    let session = scene.rp.session(&[("family_name", true)]).await;
    let handoff = scene.rp.handoff(&session.id).await;
    scene.phone(&handoff, &[]);
    scene.kill_and_restart();
    scene.sink.answer(200);
    loop {
        let delivery = scene.sink.next().await;
        let event = scene.sink.open(&delivery);
        assert_eq!(event["type"], "verification.attempt.succeeded");
        assert_eq!(event["metadata"]["verification_session_id"], session.id.as_str());
        assert_eq!(event["data"]["claims"]["family_name"], scene.passport.surname.as_str());
        // A try may have been made before the kill; one that was taken is what counts.
        if delivery.answered == 200 {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_endpoint_refuses() {
    survives(503).await;
}

/// 102 stands for an answer that never comes: the sink holds the request.
#[tokio::test(flavor = "multi_thread")]
async fn killed_while_a_delivery_is_on_its_way() {
    survives(102).await;
}
