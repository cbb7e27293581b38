//! What keeps one client from taking what belongs to all: rates, and how much may be open.
//!
//! Every number is in `docs/LIMITS.md`, with what honest use needs beside it. Nothing here holds
//! an address or a session id for longer than something of theirs is open: rates are kept under
//! hashes whose key dies with the process.

mod meter;
mod occupancy;
mod policy;
pub(crate) mod requests;
pub(crate) mod shared;

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use self::meter::{Meter, MeterClock};
pub(crate) use self::occupancy::Held;
use self::occupancy::Occupancy;
use self::policy::{HELLO_FAILURES, HELLO_FAILURES_OF_ADDRESS};
pub(crate) use self::policy::{Policy, USER_CODE};
use crate::app::App;
use crate::client_address::{ClientAddress, Network, Proxies};
use crate::clock::Clock;
use domain::id::SessionId;

/// Connections of one address that is no trusted proxy.
const CONNECTIONS_PER_ADDRESS: u32 = 1024;

/// Sockets of one address: a carrier's network address translation puts hundreds of phones behind
/// one, and each needs one socket.
const SOCKETS_PER_ADDRESS: u32 = 512;

/// Of these, sockets that have not said hello yet. They have five seconds.
const STRANGERS_PER_ADDRESS: u32 = 128;

/// Sockets of one session from one address. An eighth of what the hub lets wait for a session: one
/// address alone can keep no phone elsewhere out.
const SOCKETS_PER_SESSION_AND_ADDRESS: u32 = 32;

/// Sockets before hello on this server, from wherever.
const STRANGERS: u32 = 8192;

/// Pages of one address that follow a session: streams, and answers that are held back.
const FOLLOWERS_PER_ADDRESS: u32 = 512;

/// Pages of one session from one address: a person has two or three tabs, and the streams of those
/// that were closed last a moment longer.
const FOLLOWERS_PER_SESSION_AND_ADDRESS: u32 = 16;

/// Pages of one session, from wherever. What is left at the hub is for phones.
const FOLLOWERS_PER_SESSION: u32 = 64;

/// Bytes that phones have sent to this server and that are not yet judged. What a phone sends of a
/// passport is 20 to 100 KiB.
const UPLOADS: u32 = 512 * 1024 * 1024;

/// Of these, bytes from one address: two phones that send as much as they may, or hundreds of honest
/// ones. One address alone can take no other's place.
const UPLOADS_OF_ADDRESS: u32 = 64 * 1024 * 1024;

/// How often rates that have long recovered are forgotten.
const SHED_INTERVAL: Duration = Duration::from_secs(60);

/// How far rate limits are stretched (`rate_limits`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateLimits {
    /// Nothing is counted per address, session or key: for load tests, and behind a proxy that
    /// limits by itself.
    Off,
    /// Every number of `docs/LIMITS.md` that is per address, session or key, this many times.
    Times(NonZeroU32),
}

impl Default for RateLimits {
    fn default() -> Self {
        Self::Times(NonZeroU32::MIN)
    }
}

/// The limits of one server, as they stand.
pub struct Limits {
    stretch: RateLimits,
    meters: Option<Vec<Meter>>,
    hasher: RandomState,
    connections: Occupancy<Network>,
    sockets: Occupancy<Network>,
    strangers: Occupancy<Network>,
    /// By hash: ids are long, and there may be many sockets.
    sockets_of_session: Occupancy<u64>,
    all_strangers: Occupancy<()>,
    followers: Occupancy<Network>,
    followers_of_session: Occupancy<u64>,
    uploads: Occupancy<()>,
    uploads_of_address: Occupancy<Network>,
    portions: shared::Portions,
    /// Whether the operator was told that a proxy seems to be in front.
    told_of_proxy: AtomicBool,
}

/// What was decided about one request, and what is left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decision {
    /// By which policy.
    pub(crate) policy: &'static Policy,
    /// The quota, stretched.
    pub(crate) quota: u32,
    /// How many more at once.
    pub(crate) remaining: u32,
    /// Until the whole quota is there again; for a refusal, until the next one may pass.
    pub(crate) reset: Duration,
    /// Whether it was refused.
    pub(crate) refused: bool,
}

/// A socket's places, held while it is open.
pub(crate) struct SocketPlaces {
    strangers: Option<(Held<()>, Held<Network>)>,
    _of_address: Held<Network>,
    _of_session: Held<u64>,
}

/// A page's places, held while it follows a session.
pub(crate) struct FollowerPlaces {
    _of_address: Held<Network>,
    _of_session_and_address: Held<u64>,
    _of_session: Held<u64>,
}

/// Room in memory for bytes that a phone has sent, held as long as they are.
pub(crate) struct UploadPlace {
    _of_all: Held<()>,
    _of_address: Held<Network>,
}

impl SocketPlaces {
    /// The phone has shown that it belongs to the session.
    pub(crate) fn greeted(&mut self) {
        self.strangers = None;
    }
}

impl Limits {
    pub(crate) fn new(stretch: RateLimits, clock: Arc<dyn Clock>) -> Self {
        let meters = match stretch {
            RateLimits::Off => None,
            RateLimits::Times(times) => {
                let clock = MeterClock::new(clock);
                Some(Policy::ALL.iter().map(|policy| Meter::new(policy, times, &clock)).collect())
            }
        };
        Self {
            stretch,
            meters,
            hasher: RandomState::new(),
            connections: Occupancy::default(),
            sockets: Occupancy::default(),
            strangers: Occupancy::default(),
            sockets_of_session: Occupancy::default(),
            all_strangers: Occupancy::default(),
            followers: Occupancy::default(),
            followers_of_session: Occupancy::default(),
            uploads: Occupancy::default(),
            uploads_of_address: Occupancy::default(),
            portions: shared::Portions::default(),
            told_of_proxy: AtomicBool::new(false),
        }
    }

    /// Takes one from what `key` has left under `policy`. `None` where nothing is limited.
    pub(crate) fn take(&self, policy: &'static Policy, key: impl Hash) -> Option<Decision> {
        let meter = self.meter(policy)?;
        Some(meter.take(self.hasher.hash_one(key)))
    }

    /// Gives back one that `key` took under `policy`: it turned out not to count.
    pub(crate) fn give_back(&self, policy: &'static Policy, key: impl Hash) {
        if let Some(meter) = self.meter(policy) {
            meter.give_back(self.hasher.hash_one(key));
        }
    }

    /// Whether `key` has anything left under `policy`; takes nothing.
    pub(crate) fn is_exhausted(&self, policy: &'static Policy, key: impl Hash) -> bool {
        self.meter(policy).is_some_and(|meter| meter.is_exhausted(self.hasher.hash_one(key)))
    }

    fn meter(&self, policy: &'static Policy) -> Option<&Meter> {
        self.meters.as_ref()?.iter().find(|meter| std::ptr::eq(meter.policy, policy))
    }

    /// A place for a connection: `None` if its address has too many. Trusted proxies speak for
    /// many addresses and are counted under none.
    pub(crate) fn connection(
        &self,
        proxies: &Proxies,
        peer: IpAddr,
    ) -> Option<Option<Held<Network>>> {
        let peer = peer.to_canonical();
        if proxies.trusts(peer) {
            return Some(None);
        }
        let network = ClientAddress::Known(peer).network();
        self.connections.enter(network, self.most(CONNECTIONS_PER_ADDRESS)).map(Some)
    }

    /// Places for a socket; `None` if its address has too many.
    pub(crate) fn socket(&self, session: &str, address: ClientAddress) -> Option<SocketPlaces> {
        let network = address.network();
        let session = self.hasher.hash_one((session, network));
        Some(SocketPlaces {
            strangers: Some((
                self.all_strangers.enter((), STRANGERS)?,
                self.strangers.enter(network, self.most(STRANGERS_PER_ADDRESS))?,
            )),
            _of_address: self.sockets.enter(network, self.most(SOCKETS_PER_ADDRESS))?,
            _of_session: self
                .sockets_of_session
                .enter(session, self.most(SOCKETS_PER_SESSION_AND_ADDRESS))?,
        })
    }

    /// Places for a page that follows a session; `None` if its address, or the session, has too many.
    pub(crate) fn follower(
        &self,
        session: &SessionId,
        address: ClientAddress,
    ) -> Option<FollowerPlaces> {
        let network = address.network();
        let of_both = self.hasher.hash_one((session, network));
        let of_session = self.hasher.hash_one(session);
        let open = &self.followers_of_session;
        Some(FollowerPlaces {
            _of_address: self.followers.enter(network, self.most(FOLLOWERS_PER_ADDRESS))?,
            _of_session_and_address: open
                .enter(of_both, self.most(FOLLOWERS_PER_SESSION_AND_ADDRESS))?,
            _of_session: open.enter(of_session, FOLLOWERS_PER_SESSION)?,
        })
    }

    /// Room for bytes that a phone has sent; `None` if its address, or all together, hold too many.
    pub(crate) fn upload(&self, address: ClientAddress, bytes: usize) -> Option<UploadPlace> {
        let bytes = u32::try_from(bytes).ok()?;
        let most = self.most(UPLOADS_OF_ADDRESS);
        Some(UploadPlace {
            _of_all: self.uploads.take((), bytes, UPLOADS)?,
            _of_address: self.uploads_of_address.take(address.network(), bytes, most)?,
        })
    }

    /// Notes a hello that was refused.
    pub(crate) fn hello_failed(&self, session: &SessionId, address: ClientAddress) {
        let network = address.network();
        self.take(&HELLO_FAILURES, (session, network));
        self.take(&HELLO_FAILURES_OF_ADDRESS, network);
    }

    /// Whether so many hellos were refused that the next one is looked at before it costs a write.
    pub(crate) fn hello_is_suspect(&self, session: &SessionId, address: ClientAddress) -> bool {
        let network = address.network();
        self.is_exhausted(&HELLO_FAILURES, (session, network))
            || self.is_exhausted(&HELLO_FAILURES_OF_ADDRESS, network)
    }

    /// Tells the operator, once, of a proxy that `trusted_proxies` does not name: behind it, all
    /// people are one client.
    fn tell_of_proxy(&self, proxies: &Proxies, peer: IpAddr) {
        let near = match peer {
            IpAddr::V4(peer) => peer.is_loopback() || peer.is_private(),
            IpAddr::V6(peer) => peer.is_loopback() || peer.is_unique_local(),
        };
        if near && proxies.trusted.is_empty() && !self.told_of_proxy.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "requests come through a proxy that `trusted_proxies` does not name: to the limits, \
                 all people behind it are one client"
            );
        }
    }

    fn most(&self, number: u32) -> u32 {
        match self.stretch {
            RateLimits::Off => u32::MAX,
            RateLimits::Times(times) => number.saturating_mul(times.get()),
        }
    }
}

/// Every rate as it is documented: its name, what it counts by, how many, in how many seconds.
pub fn rates() -> Vec<(&'static str, &'static str, u32, u32)> {
    let row = |policy: &&Policy| (policy.name, policy.per, policy.quota, policy.window);
    Policy::ALL.iter().map(row).collect()
}

/// Forgets what has recovered, until the server stops.
pub(crate) async fn shed(app: App) {
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = app.clock.sleep_until(app.now() + SHED_INTERVAL) => {}
        }
        for meter in app.limits.meters.iter().flatten() {
            meter.shed();
        }
        app.limits.portions.shed(app.now());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::clock::SystemClock;

    fn limits(stretch: RateLimits) -> Limits {
        Limits::new(stretch, Arc::new(SystemClock))
    }

    fn client(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(0xc633_0000 + number).into()
    }

    #[test]
    fn an_address_has_its_connections_and_a_proxy_those_of_everyone() {
        let limits = limits(RateLimits::default());
        let proxies = Proxies {
            trusted: vec!["10.0.0.1".parse::<IpAddr>().unwrap().into()],
            ..Proxies::default()
        };
        let connect = |peer: &str| limits.connection(&proxies, peer.parse().unwrap());
        let mut open: Vec<_> = (0..1024).map(|_| connect("198.51.100.1").unwrap()).collect();
        assert!(connect("198.51.100.1").is_none());
        assert!(connect("::ffff:198.51.100.1").is_none(), "the same address in other clothes");
        assert!(connect("198.51.100.2").is_some());
        open.pop();
        assert!(connect("198.51.100.1").is_some(), "a closed one makes room");
        let of_proxy: Vec<_> = (0..5000).map(|_| connect("10.0.0.1")).collect();
        assert!(of_proxy.iter().all(Option::is_some));
    }

    #[test]
    fn sockets_are_bounded_per_address_and_session_and_before_hello() {
        let limits = limits(RateLimits::default());
        let open = |session: &str, number: u32| {
            limits.socket(session, ClientAddress::Known(client(number)))
        };
        let of_session: Vec<_> = (0..32).map(|_| open("vs_a", 1).unwrap()).collect();
        assert!(open("vs_a", 1).is_none());
        assert!(open("vs_a", 2).is_some(), "another address has its own places");
        let mut strangers: Vec<_> =
            (32..128).map(|number| open(&format!("vs_{number}"), 1).unwrap()).collect();
        assert!(open("vs_b", 1).is_none(), "128 that have not said hello");
        for places in &mut strangers {
            places.greeted();
        }
        assert!(open("vs_b", 1).is_some(), "phones that have do not count among them");
        drop((of_session, strangers));

        let mut phones = Vec::new();
        for number in 0..512 {
            let mut places = open(&format!("vs_{number}"), 3).unwrap();
            places.greeted();
            phones.push(places);
        }
        assert!(open("vs_c", 3).is_none(), "512 in all");
        let everywhere: Vec<_> = (0..STRANGERS).filter_map(|at| open("vs_d", 1000 + at)).collect();
        assert_eq!(everywhere.len(), 8192);
        assert!(open("vs_e", 99).is_none(), "8192 strangers from wherever");
    }

    #[test]
    fn pages_that_follow_are_bounded_per_address_and_session() {
        let limits = limits(RateLimits::default());
        let session = |number: u8| {
            format!("vs_{}", char::from(b'a' + number).to_string().repeat(64)).parse().unwrap()
        };
        let follow = |number: u8, address: u32| {
            limits.follower(&session(number), ClientAddress::Known(client(address)))
        };
        let mut open: Vec<_> = (0..16).map(|_| follow(0, 1).unwrap()).collect();
        assert!(follow(0, 1).is_none(), "16 of a session and an address");
        assert!(follow(1, 1).is_some(), "another session has its own");
        for address in 2..5 {
            open.extend((0..16).map(|_| follow(0, address).unwrap()));
        }
        assert!(follow(0, 5).is_none(), "64 of a session from wherever");
        open.pop();
        assert!(follow(0, 5).is_some(), "a closed one makes room");
        drop(open);

        let elsewhere = |number: u32| {
            let id = format!("vs_{number:064}").parse().unwrap();
            limits.follower(&id, ClientAddress::Known(client(9)))
        };
        let _open: Vec<_> = (0..512).map(|number| elsewhere(number).unwrap()).collect();
        assert!(elsewhere(512).is_none(), "512 of an address");
    }

    #[test]
    fn uploads_are_bounded_per_address_and_in_all() {
        let limits = limits(RateLimits::default());
        let mebibytes = |number: u32, many: usize| {
            limits.upload(ClientAddress::Known(client(number)), many * 1024 * 1024)
        };
        let mut held = vec![mebibytes(0, 64).unwrap()];
        assert!(
            limits.upload(ClientAddress::Known(client(0)), 1).is_none(),
            "64 MiB of an address"
        );
        held.extend((1..8).map(|number| mebibytes(number, 64).unwrap()));
        assert!(limits.upload(ClientAddress::Known(client(8)), 1).is_none(), "512 MiB in all");
        held.pop();
        assert!(mebibytes(8, 64).is_some(), "what is dropped makes room");
        let unlimited = self::limits(RateLimits::Off);
        let all = unlimited.upload(ClientAddress::Known(client(0)), 512 * 1024 * 1024);
        assert!(all.is_some(), "the address is not counted");
        assert!(unlimited.upload(ClientAddress::Known(client(1)), 1).is_none(), "the memory is");
    }

    #[test]
    fn switched_off_counts_nobody() {
        let limits = limits(RateLimits::Off);
        let places: Vec<_> =
            (0..600).map(|_| limits.socket("vs_a", ClientAddress::Known(client(1)))).collect();
        assert!(places.iter().all(Option::is_some));
        assert!(limits.take(&policy::STATUS, "key").is_none());
    }
}
