//! A node that can be killed in the middle of its work.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use store::{Location, Store};
use tokio::runtime::{Builder, Runtime};

use super::model::Answer;
use super::real::{Answering, Arena};
use crate::world;

/// A handle with connections and threads of its own.
pub(crate) struct Node {
    store: Store,
    /// On PostgreSQL; a file's writer is a thread, which cannot be killed.
    process: Option<Process>,
}

/// What stands for a process: all that the node does, it does on this runtime, over connections
/// that bear this name.
struct Process {
    runtime: Runtime,
    name: String,
}

impl Node {
    /// Opens the database at `url`, or the arena's file.
    pub(crate) async fn start(arena: &Arena, url: Option<&str>) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let Some(url) = url else { return Self { store: arena.node().await, process: None } };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("kayle-node-{}-{number}", std::process::id());
        let and = if url.contains('?') { '&' } else { '?' };
        let location = Location::parse(&format!("{url}{and}application_name={name}")).unwrap();
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let seed = arena.next_seed();
        let open = async move { world::open(location, seed).await.unwrap().store };
        let store = runtime.spawn(open).await.unwrap();
        Self { store, process: Some(Process { runtime, name }) }
    }

    /// Does something through the node.
    pub(crate) async fn run<T: Send + 'static, Work>(&self, work: impl FnOnce(Store) -> Work) -> T
    where
        Work: Future<Output = T> + Send + 'static,
    {
        let work = work(self.store.clone());
        match &self.process {
            Some(process) => process.runtime.spawn(work).await.unwrap(),
            None => work.await,
        }
    }

    /// Lets the node work for a moment, and kills it: what it does stops where it is, and nothing
    /// is taken back or told to the server. Gives the answer if it came before.
    pub(crate) async fn die(
        mut self,
        work: impl FnOnce(&Store) -> Answering,
        moment: u16,
        server: Option<&tokio_postgres::Client>,
    ) -> Option<Answer> {
        let work = work(&self.store);
        let (Some(process), Some(server)) = (self.process.take(), server) else {
            let answer = given_up(work, moment % 4).await;
            self.store.close().await.unwrap();
            return answer;
        };
        let work = process.runtime.spawn(work);
        let (began, moment) = (Instant::now(), Duration::from_micros(moment.into()));
        while !work.is_finished() && began.elapsed() < moment {
            tokio::task::yield_now().await;
        }
        let answer = if work.is_finished() { Some(work.await.unwrap()) } else { None };
        process.runtime.shutdown_background();
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = $1";
        while !server.query(end, &[&process.name]).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        answer
    }

    pub(crate) async fn close(self) {
        self.run(|store| async move { store.close().await.unwrap() }).await;
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            process.runtime.shutdown_background();
        }
    }
}

/// Polls so often, then drops the future. What was begun is finished by the writer.
async fn given_up(mut work: Answering, polls: u16) -> Option<Answer> {
    for _ in 0..polls {
        let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(work.as_mut().poll(cx)));
        if let std::task::Poll::Ready(answer) = polled.await {
            return Some(answer);
        }
        tokio::task::yield_now().await;
    }
    None
}
