//! The callers that may use the APIs, which a reload of the configuration replaces while calls are carried out.

use std::sync::OnceLock;

use crate::config::Client;

/// The callers of the configuration in force.
///
/// A call refers to its caller until it is answered, so the callers of earlier configurations are kept until the program ends; how many
/// are kept is limited.
#[derive(Debug)]
pub struct Clients {
    clients: Vec<Client>,
    next: OnceLock<Box<Self>>,
}

/// How often the callers can be replaced before the program must be started again.
pub const RELOADS_MAX: usize = 32;

impl Clients {
    /// The callers of the configuration at the start.
    #[must_use]
    pub const fn new(clients: Vec<Client>) -> Self {
        Self {
            clients,
            next: OnceLock::new(),
        }
    }

    /// The callers in force.
    #[must_use]
    pub fn current(&self) -> &[Client] {
        let mut last = self;
        while let Some(next) = last.next.get() {
            last = next;
        }
        &last.clients
    }

    /// The caller in force with this key.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<&Client> {
        self.current().iter().find(|client| client.key == key)
    }

    /// Replaces the callers. Returns false if they were replaced too often; then those in force stay.
    #[must_use]
    pub fn replace(&self, clients: Vec<Client>) -> bool {
        let mut last = self;
        for _ in 0..RELOADS_MAX {
            match last.next.get() {
                Some(next) => last = next,
                None => return last.next.set(Box::new(Self::new(clients))).is_ok(),
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::{Clients, RELOADS_MAX};
    use crate::config::{Client, Secret};

    fn client(key: &str) -> Client {
        Client {
            key: key.to_owned(),
            secret: Secret::new("s".to_owned()),
            second_secret: None,
            token_secret: None,
            user: String::new(),
            apis: Vec::new(),
            permissions: Vec::new(),
        }
    }

    #[test]
    fn a_call_keeps_its_caller_and_the_next_one_gets_the_new_callers() {
        let clients = Clients::new(vec![client("a")]);
        let earlier = &clients.current()[0];
        assert!(clients.replace(vec![client("b"), client("c")]));
        assert_eq!(earlier.key, "a");
        let keys: Vec<&str> = clients.current().iter().map(|it| it.key.as_str()).collect();
        assert_eq!(keys, ["b", "c"]);
        for _ in 1..RELOADS_MAX {
            assert!(clients.replace(vec![client("d")]));
        }
        assert!(!clients.replace(vec![client("e")]));
        assert_eq!(clients.current()[0].key, "d");
    }
}
