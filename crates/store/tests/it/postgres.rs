//! PostgreSQL: the contract, and what is its own: locks, lost connections, wake-ups.

use store::Location;

use crate::cluster::PostgresDatabase;
use crate::contract::contract_suite;
use crate::world::Database;

contract_suite!(crate::cluster::PostgresDatabase::new);

impl Database for PostgresDatabase {
    fn location(&self) -> Location {
        Location::parse(&self.url).unwrap()
    }
}
