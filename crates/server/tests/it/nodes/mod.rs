//! Several nodes on one PostgreSQL database, as real processes (issue item 2; SECURITY rows 3, 5,
//! 20).

mod cluster;
mod failover;
mod races;
