//! One winner, whichever nodes are asked, with other sessions busy on all of them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use testkit::{PhoneSocket, ack};
use tokio::sync::Barrier;

use super::cluster::{Cluster, Load};

const ROUNDS: usize = 3;

async fn fifty_mints(cluster: &Cluster) {
    let rp = cluster.rp(0);
    let session = rp.session(&[]).await;
    let start = Arc::new(Barrier::new(50));
    let mints: Vec<_> = (0..50)
        .map(|number| {
            let rp = cluster.rp(number % cluster.nodes.len());
            let (id, start) = (session.id.clone(), start.clone());
            tokio::spawn(async move {
                start.wait().await;
                rp.handoff(&id).await
            })
        })
        .collect();
    let mut answers = BTreeSet::new();
    for mint in mints {
        let answer = mint.await.unwrap();
        answers.insert((answer.attempt_id, answer.token, answer.expires_at));
    }
    assert_eq!(answers.len(), 1, "one attempt and one token");
    let (_, body) = rp.get(&format!("/v1/sessions/{}?include_attempts=true", session.id)).await;
    assert_eq!(body["data"]["attempts"].as_array().unwrap().len(), 1);
}

/// Twenty devices at once, spread over the nodes; each with one of the tokens.
async fn twenty_hellos(cluster: &Cluster, tokens: u32) {
    let rp = cluster.rp(0);
    let session = rp.session(&[]).await;
    let mut handoffs = Vec::new();
    for age in (0..tokens).rev() {
        let age = Duration::from_secs(u64::from(age) * 61);
        handoffs.push(cluster.minted_before(&session.id, age).await);
    }
    let distinct: BTreeSet<_> = handoffs.iter().map(|handoff| &handoff.token).collect();
    assert_eq!(distinct.len(), tokens as usize);

    let start = Arc::new(Barrier::new(20));
    let hellos: Vec<_> = (0..20)
        .map(|device| {
            let handoff = handoffs[device % handoffs.len()].clone();
            let address = cluster.address(device / 2 % cluster.nodes.len());
            let start = start.clone();
            tokio::spawn(async move {
                let mut socket = PhoneSocket::connect_to(&address, &handoff.session_id).await;
                start.wait().await;
                socket.say_hello(&handoff, &format!("device-{device}")).await;
                (socket.hear().await, socket)
            })
        })
        .collect();
    let (mut winners, mut losers, mut sockets) = (0, Vec::new(), Vec::new());
    for hello in hellos {
        let (heard, socket) = hello.await.unwrap();
        if heard == ack("hello_ok") {
            winners += 1;
        } else {
            losers.push(heard.error_code().to_owned());
        }
        sockets.push(socket);
    }
    assert_eq!(winners, 1, "exactly one hello_ok");
    assert_eq!(losers, vec!["HANDOFF_DEVICE_MISMATCH"; 19]);
    for node in 0..cluster.nodes.len() {
        let status = cluster.rp(node).status(&session.id).await;
        assert_eq!(
            (&status["status"], &status["same_device_only"]),
            (&"in_progress".into(), &true.into())
        );
    }
}

async fn race_on(nodes: usize) {
    let Some(cluster) = Cluster::start(nodes).await else { return };
    let load = Load::on(&cluster);
    for _ in 0..ROUNDS {
        fifty_mints(&cluster).await;
        twenty_hellos(&cluster, 1).await;
        twenty_hellos(&cluster, 4).await;
    }
    let others = load.stop().await;
    assert!(others > 0, "other sessions were served too");
    println!(
        "{nodes} nodes: {ROUNDS} times 50 mints with 1 attempt, 20 hellos on 1 and on 4 tokens \
         with 1 winner; {others} other sessions meanwhile"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn races_over_two_nodes_have_one_winner() {
    race_on(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn races_over_three_nodes_have_one_winner() {
    race_on(3).await;
}
