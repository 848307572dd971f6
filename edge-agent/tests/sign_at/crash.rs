//! Kills at every step: of receipts, and of the setting up of a register.

use super::api::{Api, ROOT, UNIT_BODY, judged, receipt, register, standard, till, unit};
use super::shop::count;
use super::shop::outside::Process;

#[test]
fn a_killed_till_signs_each_receipt_once_and_keeps_registers_and_states() {
    const ROUNDS: u32 = 8;
    const SALES: u32 = 5;
    let folder = tempfile::tempdir().unwrap();
    let file = till(folder.path());
    let mut agent = Process::agent(&file);
    let api = Api::log_in(&agent.client);
    api.set_up();
    let token = api.token.clone();
    let body = standard("NORMAL", "STANDARD", "9.90");
    for round in 0..ROUNDS {
        let headers = vec![("Authorization", format!("Bearer {token}"))];
        let (client, sent) = (agent.client.clone(), body.clone());
        let seller = std::thread::spawn(move || {
            for sale in 0..SALES {
                let path = format!("{ROOT}{}", receipt(round * SALES + sale));
                if client.try_unsigned("PUT", &path, &sent, &headers).is_err() {
                    return;
                }
            }
        });
        // The kill meets any step of a receipt.
        let moment =
            std::time::Instant::now() + std::time::Duration::from_micros(u64::from(round) * 2_300);
        while std::time::Instant::now() < moment && !seller.is_finished() {
            std::hint::spin_loop();
        }
        agent.kill();
        seller.join().unwrap();
        agent = Process::agent(&file);
        let api = Api {
            client: agent.client.clone(),
            token: token.clone(),
        };
        assert_eq!(api.get(&register()).at("state"), "INITIALIZED");
        for sale in 0..SALES {
            let sold = api.put(&receipt(round * SALES + sale), &body);
            assert_eq!(sold.state.as_deref(), Some("registered"), "{}", sold.text);
        }
    }
    let checked = judged(&file, None);
    assert_eq!(count(&checked, "receipts"), u64::from(ROUNDS * SALES) + 1);
    assert_eq!(
        count(&checked, "counter_cents"),
        u64::from(ROUNDS * SALES) * 990
    );
    assert_eq!(count(&checked, "unsigned"), 0);
}

#[test]
fn a_till_that_is_killed_while_a_register_is_set_up_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = till(folder.path());
    let mut agent = Process::agent(&file);
    let api = Api::log_in(&agent.client);
    api.put(
        "/fon/auth",
        r#"{"fon_participant_id":"1","fon_user_id":"u","fon_user_pin":"p"}"#,
    );
    let token = api.token;
    let steps = [
        ("PUT", unit(), UNIT_BODY.to_owned()),
        ("PATCH", unit(), r#"{"state":"INITIALIZED"}"#.to_owned()),
        ("PUT", register(), "{}".to_owned()),
        ("PATCH", register(), r#"{"state":"REGISTERED"}"#.to_owned()),
        ("PATCH", register(), r#"{"state":"INITIALIZED"}"#.to_owned()),
        (
            "PATCH",
            register(),
            r#"{"state":"DECOMMISSIONED"}"#.to_owned(),
        ),
    ];
    for (place, (method, path, body)) in steps.into_iter().enumerate() {
        let headers = vec![("Authorization", format!("Bearer {token}"))];
        let path = format!("{ROOT}{path}");
        let caller = std::thread::spawn({
            let (client, headers) = (agent.client.clone(), headers.clone());
            let (path, body) = (path.clone(), body.clone());
            move || drop(client.try_unsigned(method, &path, &body, &headers))
        });
        let moment =
            std::time::Instant::now() + std::time::Duration::from_micros(900 * place as u64);
        while std::time::Instant::now() < moment && !caller.is_finished() {
            std::hint::spin_loop();
        }
        agent.kill();
        caller.join().unwrap();
        agent = Process::agent(&file);
        let again = agent.client.unsigned(method, &path, &body, &headers);
        assert_eq!(again.status, 200, "{method} {path}: {}", again.text);
    }
    let api = Api {
        client: agent.client.clone(),
        token,
    };
    assert_eq!(api.get(&register()).at("state"), "DECOMMISSIONED");
    let checked = judged(&file, Some(&api));
    assert_eq!(count(&checked, "receipts"), 2);
}
